package io.quire.bench;

import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.ReplicatedMapConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.replicatedmap.ReplicatedMap;
import com.hazelcast.transaction.TransactionContext;
import com.hazelcast.transaction.TransactionOptions;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A member of Hazelcast. It keeps everything in memory and syncs nothing to disk. The map of the
 * transactions has a copy on every member; reads are of a ReplicatedMap, whose entries are objects
 * in the reader's own heap.
 */
final class HazelcastPeer implements Subject {
  private static final String MAP = "published";
  private static final String BATCHES = "batch";

  /** So many keys are put again and again by each member, so that its memory does not run out. */
  private static final long BATCH_KEYS = 500_000;

  private static final String REPLICATED = "looked-up";
  private static final TransactionOptions TWO_PHASE =
      new TransactionOptions()
          .setTransactionType(TransactionOptions.TransactionType.TWO_PHASE)
          .setDurability(1);

  private final HazelcastInstance member;
  private final int members;
  private final int number;
  private final AtomicLong keys = new AtomicLong();

  private HazelcastPeer(HazelcastInstance member, int members, int number) {
    this.member = member;
    this.members = members;
    this.number = number;
  }

  static HazelcastPeer open(Worker.Setup setup) {
    Config config = new Config().setClusterName("bench");
    config.setProperty("hazelcast.logging.type", "slf4j");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config
        .getNetworkConfig()
        .setPort(setup.ports(setup.member()).getFirst())
        .setPortAutoIncrement(false);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    JoinConfig join = config.getNetworkConfig().getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    join.getTcpIpConfig().setEnabled(true);
    for (int i = 1; i <= setup.members(); i++) {
      join.getTcpIpConfig().addMember("127.0.0.1:" + setup.ports(i).getFirst());
    }
    config.getMapConfig(MAP).setBackupCount(setup.members() - 1);
    config.getMapConfig(BATCHES).setBackupCount(setup.members() - 1);
    config.addReplicatedMapConfig(
        new ReplicatedMapConfig(REPLICATED).setInMemoryFormat(InMemoryFormat.OBJECT));
    return new HazelcastPeer(
        Hazelcast.newHazelcastInstance(config), setup.members(), setup.member());
  }

  @Override
  public boolean leads() {
    return number == 1 && member.getCluster().getMembers().size() == members;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    byte[] value = new byte[job.bytes()];
    return switch (job.kind()) {
      case PUBLISH_LATENCY -> ClosedLoop.latency(job, _ -> put(value));
      case PUBLISH_RATE -> ClosedLoop.rate(job, Thread.ofVirtual().factory(), _ -> put(value));
      case CREATE_BATCH -> {
        double calls =
            ClosedLoop.rate(job, Thread.ofVirtual().factory(), _ -> putAll(job.objects(), value))
                .getOrDefault(job.row(), Double.NaN);
        yield Map.of(job.row(), calls * job.objects());
      }
      case DROP -> {
        member.getMap(BATCHES).clear();
        yield Map.of();
      }
      case LOOKUP -> {
        ReplicatedMap<Long, byte[]> map = member.getReplicatedMap(REPLICATED);
        for (long i = map.size(); i < job.objects(); i++) {
          map.put(i, value);
        }
        HazelcastBenchmark.of(map);
        yield Map.of(job.row(), Jmh.nanos(job, HazelcastBenchmark.class));
      }
      default -> throw new IllegalArgumentException("not for this peer: job=" + job);
    };
  }

  private void put(byte[] value) {
    TransactionContext transaction = member.newTransactionContext(TWO_PHASE);
    transaction.beginTransaction();
    try {
      transaction.<Long, byte[]>getMap(MAP).set(keys.incrementAndGet(), value);
    } catch (RuntimeException e) {
      transaction.rollbackTransaction();
      throw e;
    }
    transaction.commitTransaction();
  }

  private void putAll(int count, byte[] value) {
    Map<Long, byte[]> batch = HashMap.newHashMap(count);
    for (long left = count, key = keys.getAndAdd(count); left > 0; left--, key++) {
      batch.put(number * BATCH_KEYS + key % BATCH_KEYS, value);
    }
    member.<Long, byte[]>getMap(BATCHES).putAll(batch);
  }

  @Override
  public void close() {
    member.shutdown();
  }
}

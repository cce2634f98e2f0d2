package io.quire.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.infinispan.AdvancedCache;
import org.infinispan.configuration.cache.CacheMode;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.transaction.LockingMode;
import org.infinispan.transaction.TransactionMode;
import org.infinispan.transaction.lookup.EmbeddedTransactionManagerLookup;

/**
 * A member of Infinispan with a replicated transactional cache: each put is a transaction, prepared
 * and committed on all members before it returns. It keeps everything in memory.
 */
final class InfinispanPeer implements Subject {
  private static final String CACHE = "published";

  private final DefaultCacheManager manager;
  private final AdvancedCache<Long, byte[]> cache;
  private final int members;
  private final AtomicLong keys = new AtomicLong();

  private InfinispanPeer(
      DefaultCacheManager manager, AdvancedCache<Long, byte[]> cache, int members) {
    this.manager = manager;
    this.cache = cache;
    this.members = members;
  }

  static InfinispanPeer open(Worker.Setup setup) throws Exception {
    Path stack = setup.directory().resolve("jgroups.xml");
    Files.writeString(stack, stack(setup));
    GlobalConfigurationBuilder global = GlobalConfigurationBuilder.defaultClusteredBuilder();
    global
        .transport()
        .clusterName("bench")
        .nodeName("i" + setup.member())
        .addProperty("configurationFile", stack.toString());
    global.globalState().disable();
    global.metrics().gauges(false).histograms(false);
    ConfigurationBuilder cache = new ConfigurationBuilder();
    cache.clustering().cacheMode(CacheMode.REPL_SYNC);
    cache
        .transaction()
        .transactionMode(TransactionMode.TRANSACTIONAL)
        .lockingMode(LockingMode.PESSIMISTIC)
        .transactionManagerLookup(new EmbeddedTransactionManagerLookup());
    DefaultCacheManager manager = new DefaultCacheManager(global.build());
    manager.defineConfiguration(CACHE, cache.build());
    return new InfinispanPeer(
        manager, manager.<Long, byte[]>getCache(CACHE).getAdvancedCache(), setup.members());
  }

  /** TCP and a list of members, as is recommended where there is no multicast. */
  private static String stack(Worker.Setup setup) {
    String hosts =
        IntStream.rangeClosed(1, setup.members())
            .mapToObj(member -> "127.0.0.1[" + setup.ports(member).getFirst() + "]")
            .collect(Collectors.joining(","));
    return """
        <config xmlns="urn:org:jgroups">
          <TCP bind_addr="127.0.0.1" bind_port="%d" port_range="0" thread_naming_pattern="pl"
               sock_conn_timeout="300" linger="-1" tcp_nodelay="true"/>
          <RED/>
          <TCPPING initial_hosts="%s" port_range="0"/>
          <MERGE3 min_interval="10000" max_interval="30000"/>
          <FD_SOCK2 port_range="0" offset="1000"/>
          <FD_ALL3/>
          <VERIFY_SUSPECT2 timeout="1000"/>
          <pbcast.NAKACK2 use_mcast_xmit="false" xmit_interval="200"/>
          <UNICAST3 conn_close_timeout="5000" xmit_interval="200"/>
          <pbcast.STABLE desired_avg_gossip="5000" max_bytes="1M"/>
          <pbcast.GMS print_local_addr="false" join_timeout="2000"/>
          <UFC max_credits="4m" min_threshold="0.40"/>
          <MFC max_credits="4m" min_threshold="0.40"/>
          <FRAG4/>
        </config>
        """
        .formatted(setup.ports(setup.member()).getFirst(), hosts);
  }

  @Override
  public boolean leads() {
    return manager.isCoordinator() && manager.getMembers().size() == members;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    byte[] value = new byte[job.bytes()];
    return switch (job.kind()) {
      case PUBLISH_LATENCY -> ClosedLoop.latency(job, _ -> put(value));
      case PUBLISH_RATE -> ClosedLoop.rate(job, Thread.ofVirtual().factory(), _ -> put(value));
      default -> throw new IllegalArgumentException("not for this peer: job=" + job);
    };
  }

  private void put(byte[] value) throws Exception {
    var transactions = cache.getTransactionManager();
    transactions.begin();
    try {
      cache.put(keys.incrementAndGet(), value);
    } catch (RuntimeException e) {
      transactions.rollback();
      throw e;
    }
    transactions.commit();
  }

  @Override
  public void close() {
    manager.stop();
  }
}

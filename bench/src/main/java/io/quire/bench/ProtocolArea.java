package io.quire.bench;

import io.quire.bench.Question.Better;
import io.quire.bench.Question.Entrant;
import io.quire.bench.Question.Row;
import java.util.ArrayList;
import java.util.List;

/** Log, sessions, two-phase commit, cells, names. */
final class ProtocolArea implements Area {
  private static final String MAJORITY = "on disk (fsync) on a majority of three processes";
  static final String VISIBLE =
      MAJORITY + " before it is acknowledged; ours is besides visible on all three nodes";
  private static final int BYTES = 128;
  private static final int LARGE = 1 << 20;

  static final QuireCluster QUIRE = new QuireCluster("quire", 3);
  private static final Processes QUIRE_LOG =
      Processes.of("quire-log", Worker.System.QUIRE_LOG, 3, 1, "3 processes, defaults, TLS 1.3");
  private static final Processes QUIRE_LOG_ALONE =
      Processes.of("quire-log-alone", Worker.System.QUIRE_LOG, 1, 1, "1 process, defaults");
  static final Processes ZOOKEEPER =
      Processes.of(
          "zookeeper",
          Worker.System.ZOOKEEPER,
          3,
          3,
          "ZooKeeper 3.9.5, 3 servers, forceSync, globalOutstandingLimit=100000, no TLS,"
              + " client in the leader's process");
  private static final Processes RATIS_STOCK =
      Processes.of(
              "ratis-stock",
              Worker.System.RATIS,
              3,
              1,
              "Ratis 3.3.0, 3 servers, gRPC and client as they come, no TLS")
          .with("stock", "true");
  private static final Processes RATIS =
      Processes.of(
              "ratis",
              Worker.System.RATIS,
              3,
              1,
              "Ratis 3.3.0, 3 servers, Netty, force.sync.num=4096, segments of 128 MB,"
                  + " requests handed to the leader in its process, no TLS")
          .with("stock", "false");
  private static final Processes ROCKSDB =
      Processes.of(
          "rocksdb", Worker.System.ROCKSDB, 1, 1, "RocksDB 9.8.4, sync=true, pipelined writes");

  static final Processes HAZELCAST =
      Processes.of(
          "hazelcast",
          Worker.System.HAZELCAST,
          3,
          1,
          "Hazelcast 5.7.0, 3 members, in memory only, 2 synchronous backups, no TLS");
  private static final Processes INFINISPAN =
      Processes.of(
          "infinispan",
          Worker.System.INFINISPAN,
          3,
          1,
          "Infinispan 16.1.4, 3 members, in memory only, replicated synchronously, no TLS");
  static final EtcdCluster ETCD = new EtcdCluster("etcd");
  private static final int LOOKED_UP = 10_000;
  private static final int MANY = 100_000;

  @Override
  public String name() {
    return "protocol";
  }

  @Override
  public String title() {
    return "log, lock server, two-phase commit, globally visible memory, names";
  }

  @Override
  public List<Question> questions() {
    return List.of(
        lookup("lookup-id", "by id", "byId", "mapById"),
        lookup("lookup-name", "by name", "byName", "mapByName"),
        lookupBatch(),
        lookupTwoThreads(),
        lookupBusy(),
        publishLatency(),
        publishRate("publish-256", 256),
        publishRate("publish-4096", 4096),
        append3(),
        append3Large(),
        append1(),
        failover(),
        restart(),
        objectBytes(),
        fanout());
  }

  static Question lookup(String id, String what, String ours, String floor) {
    Job job = Job.of(Job.Kind.LOOKUP, id, 1, BYTES);
    Job network = Job.of(Job.Kind.READ_LATENCY, id, 1, BYTES);
    return new Question(
        id,
        "linearizable lookup " + what + " among 10,000 objects; mean time",
        List.of(
            new Row(
                id,
                "ns",
                Better.LOWER,
                "ConcurrentHashMap.get + one clock read + 10 ns",
                "none: a read from memory, linearizable; Hazelcast's may be stale")),
        List.of(
            new Entrant("ours", QUIRE, job.withVariant(ours), false),
            new Entrant("ConcurrentHashMap.get", QUIRE, job.withVariant(floor), false),
            new Entrant("one clock read", QUIRE, job.withVariant("clock"), true),
            new Entrant(
                "ConcurrentHashMap.get, then the clock",
                QUIRE,
                job.withVariant(floor + "ThenClock"),
                true),
            new Entrant(
                "hazelcast ReplicatedMap.get",
                HAZELCAST,
                job.withVariant("get").withObjects(LOOKED_UP),
                false),
            new Entrant("zookeeper sync+getData", ZOOKEEPER, network, false),
            new Entrant("etcd linearizable range", ETCD, network, false)));
  }

  private static Question lookupBatch() {
    String id = "lookup-batch";
    Job job = Job.of(Job.Kind.LOOKUP, id, 1, BYTES);
    return new Question(
        id,
        "the same by id, 64 in a call under one check; time of one",
        List.of(new Row(id, "ns", Better.LOWER, "2 times ConcurrentHashMap.get", "as lookup-id")),
        List.of(
            new Entrant("ours", QUIRE, job.withVariant("batchById"), false),
            new Entrant("ConcurrentHashMap.get", QUIRE, job.withVariant("mapById"), false)));
  }

  private static Question lookupTwoThreads() {
    String id = "lookup-2t";
    Job job = Job.of(Job.Kind.LOOKUP_RATE, id, 2, BYTES).withVariant("byId");
    Job one = Job.of(Job.Kind.LOOKUP_RATE, id, 1, BYTES).withVariant("byId");
    return new Question(
        id,
        "the same by id on two threads; lookups a second",
        List.of(new Row(id, "1/s", Better.HIGHER, "1.7 times one thread", "as lookup-id")),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("ours on one thread", QUIRE, one, false),
            new Entrant("ConcurrentHashMap.get", QUIRE, job.withVariant("mapById"), false)));
  }

  private static Question lookupBusy() {
    String id = "lookup-busy";
    Job job = Job.of(Job.Kind.LOOKUP_BUSY, id, 1, BYTES).withVariant("byId");
    return new Question(
        id,
        "the same by id while 1,000 objects a second are published; lookups a second",
        List.of(
            new Row(
                id,
                "1/s",
                Better.HIGHER,
                "0.9 times the idle rate, nothing stale",
                "as lookup-id")),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("ours idle", QUIRE, job.withKind(Job.Kind.LOOKUP_RATE), false),
            // What the publishing nodes leave of the processors, they do not leave to this either.
            new Entrant("ConcurrentHashMap.get busy", QUIRE, job.withVariant("mapById"), true),
            new Entrant(
                "ConcurrentHashMap.get idle",
                QUIRE,
                job.withVariant("mapById").withKind(Job.Kind.LOOKUP_RATE),
                true)));
  }

  private static Question publishLatency() {
    String id = "publish-p50";
    Job job = Job.of(Job.Kind.PUBLISH_LATENCY, id, 1, BYTES);
    Job entry = job.withKind(Job.Kind.APPEND_LATENCY);
    return new Question(
        id,
        "create an object of 128 bytes, one caller; median time",
        List.of(new Row(id, "us", Better.LOWER, "at most ZooKeeper's create", VISIBLE)),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("zookeeper create", ZOOKEEPER, job, false),
            new Entrant("etcd put", ETCD, job, false),
            new Entrant("hazelcast TWO_PHASE (memory)", HAZELCAST, job, false),
            new Entrant("infinispan transaction (memory)", INFINISPAN, job, false),
            new Entrant("our cells alone", QUIRE, job.withKind(Job.Kind.CELL_LATENCY), true),
            new Entrant("our log alone", QUIRE_LOG, entry, true),
            new Entrant("plain ratis, one entry", RATIS, entry, true)));
  }

  private static Question publishRate(String id, int callers) {
    Job job = Job.of(Job.Kind.PUBLISH_RATE, id, callers, BYTES);
    return new Question(
        id,
        "create objects of 128 bytes, %,d callers; calls a second".formatted(callers),
        List.of(
            new Row(
                id,
                "1/s",
                Better.HIGHER,
                "10 times ZooKeeper's asynchronous create and etcd's put",
                VISIBLE),
            new Row(id + "-p99", "ms", Better.LOWER, "at most theirs", VISIBLE)),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("zookeeper create", ZOOKEEPER, job, false),
            new Entrant("etcd put", ETCD, job, false),
            new Entrant("hazelcast TWO_PHASE (memory)", HAZELCAST, job, false),
            new Entrant("infinispan transaction (memory)", INFINISPAN, job, false),
            new Entrant("our cells alone", QUIRE, job.withKind(Job.Kind.CELL_RATE), true)));
  }

  private static Question append3() {
    String id = "append-3n";
    Job job = Job.of(Job.Kind.APPEND_RATE, id, 4096, BYTES);
    return new Question(
        id,
        "append entries of 128 bytes, 4,096 outstanding, 3 nodes; entries a second",
        List.of(
            new Row(
                id,
                "1/s",
                Better.HIGHER,
                "200 times the stock Ratis client, 50 times plain Ratis",
                MAJORITY)),
        List.of(
            new Entrant("ours", QUIRE_LOG, job, false),
            new Entrant("ratis stock client", RATIS_STOCK, job, false),
            new Entrant("ratis", RATIS, job, false)));
  }

  private static Question append3Large() {
    String id = "append-3n-1m";
    Job job = Job.of(Job.Kind.APPEND_BYTES, id, 16, LARGE);
    return new Question(
        id,
        "append entries of 1 MiB, 16 outstanding, 3 nodes; megabytes a second",
        List.of(new Row(id, "MB/s", Better.HIGHER, "0.8 times plain Ratis", MAJORITY)),
        List.of(
            new Entrant("ours", QUIRE_LOG, job, false), new Entrant("ratis", RATIS, job, false)));
  }

  private static Question append1() {
    String id = "append-1n";
    Job job = Job.of(Job.Kind.APPEND_RATE, id, 256, BYTES);
    return new Question(
        id,
        "append entries of 128 bytes, 256 outstanding, one node; entries a second",
        List.of(
            new Row(
                id,
                "1/s",
                Better.HIGHER,
                "10 times RocksDB's synced put",
                "on disk (fsync) of one process")),
        List.of(
            new Entrant("ours", QUIRE_LOG_ALONE, job, false),
            new Entrant("rocksdb put", ROCKSDB, job, false)));
  }

  private static Question failover() {
    String id = "failover";
    Job job = Job.of(Job.Kind.FAILOVER, id, 1, BYTES);
    return new Question(
        id,
        "kill -9 of the leader, and of a coordinator: longest time without a publish elsewhere",
        List.of(new Row(id, "ms", Better.LOWER, "at most the lease (3,000) + 500", VISIBLE)),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("zookeeper", ZOOKEEPER, job, false)));
  }

  private static Question restart() {
    String id = "restart";
    Job job = Job.of(Job.Kind.RESTART, id, 1, 64);
    return new Question(
        id,
        "kill -9 of three nodes with 100,000 objects, and start: seconds to a lookup on each",
        List.of(new Row(id, "s", Better.LOWER, "at most 5 s more than with no objects", VISIBLE)),
        List.of(
            new Entrant("ours", new QuireCluster("quire-full", 3), job.withObjects(MANY), false),
            new Entrant("ours with no objects", new QuireCluster("quire-empty", 3), job, false)));
  }

  private static Question objectBytes() {
    String id = "object-bytes";
    return new Question(
        id,
        "heap of each of 500,000 objects, with names of 32 and values of 64 bytes, after a restart",
        List.of(new Row(id, "bytes", Better.LOWER, "at most 400", "as publish-p50")),
        List.of(
            new Entrant(
                "ours",
                new QuireCluster("quire-many", 3),
                Job.of(Job.Kind.OBJECT_BYTES, id, 1, 64).withObjects(5 * MANY),
                false)));
  }

  private static Question fanout() {
    String id = "fanout";
    String none = "none: a model, in virtual time";
    List<Row> rows = new ArrayList<>();
    rows.add(
        new Row(
            id,
            "times",
            Better.LOWER,
            "the busiest node's work for 100 nodes over that for 10: far below 10",
            none));
    for (int nodes : Fanout.NODES) {
      rows.add(new Row(id + "-" + nodes, "us", Better.LOWER, "time of a round of 256", none));
      rows.add(
          new Row(id + "-" + nodes + "-cpu", "us", Better.LOWER, "work of the busiest node", none));
    }
    Job job = Job.of(Job.Kind.FANOUT, id, 256, BYTES);
    return new Question(
        id,
        "a round of 256 publishes with 3, 10, 30 and 100 nodes, in a model of the network",
        rows,
        List.of(
            new Entrant("ours", new Fanout(), job.withVariant("star"), false),
            new Entrant("a tree of fours (design)", new Fanout(), job.withVariant("tree"), false)));
  }
}

package io.quire.bench;

import io.quire.bench.Question.Better;
import io.quire.bench.Question.Entrant;
import io.quire.bench.Question.Row;
import java.util.List;

/** Log, sessions, two-phase commit, cells, names. */
final class ProtocolArea implements Area {
  private static final String MAJORITY = "on disk (fsync) on a majority of three processes";
  private static final String VISIBLE =
      MAJORITY + " before it is acknowledged; ours is besides visible on all three nodes";
  private static final int BYTES = 128;
  private static final int LARGE = 1 << 20;

  private static final QuireCluster QUIRE = new QuireCluster("quire", 3);
  private static final Processes QUIRE_LOG =
      Processes.of("quire-log", Worker.System.QUIRE_LOG, 3, 1, "3 processes, defaults, TLS 1.3");
  private static final Processes QUIRE_LOG_ALONE =
      Processes.of("quire-log-alone", Worker.System.QUIRE_LOG, 1, 1, "1 process, defaults");
  private static final Processes ZOOKEEPER =
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
        publishLatency(),
        publishRate("publish-256", 256),
        publishRate("publish-4096", 4096),
        append3(),
        append3Large(),
        append1());
  }

  private static Question publishLatency() {
    String id = "publish-p50";
    Job job = Job.of(Job.Kind.PUBLISH_LATENCY, id, 1, BYTES);
    return new Question(
        id,
        "create an object of 128 bytes, one caller; median time",
        List.of(new Row(id, "us", Better.LOWER, "at most ZooKeeper's create", VISIBLE)),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("zookeeper create", ZOOKEEPER, job, false),
            new Entrant(
                "our cells alone", QUIRE, Job.of(Job.Kind.CELL_LATENCY, id, 1, BYTES), true)));
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
            new Entrant(
                "our cells alone", QUIRE, Job.of(Job.Kind.CELL_RATE, id, callers, BYTES), true)));
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
}

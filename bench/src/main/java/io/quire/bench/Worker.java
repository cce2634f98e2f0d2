package io.quire.bench;

import io.quire.harness.Logs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * The process of one subject. It writes {@value #READY} and the address of its jobs when it can
 * work, and runs until it is ended.
 */
public final class Worker {
  static final String READY = "ready jobs=";

  /** What a process can run. */
  enum System {
    QUIRE_LOG,
    ZOOKEEPER,
    RATIS,
    ROCKSDB,
    ETCD,
    HAZELCAST,
    INFINISPAN,
    QUIRE_AGER,
    LRU_PAGER,
    BLOBDB,
    EHCACHE,
    MV_STORE,
    SOFT_INDEX,
    IGNITE,
    DUCKDB,
    DUCKDB_TPCH,
    MAPPED,
    HDFS_CLIENT,
    REPLAYS,
    SOCKET
  }

  private Worker() {}

  /** What a subject is told. */
  record Setup(Properties properties) {
    int member() {
      return Integer.parseInt(text("member"));
    }

    int members() {
      return Integer.parseInt(text("members"));
    }

    Path directory() {
      return Path.of(text("directory"));
    }

    /** The ports of a member, counted from 1. */
    List<Integer> ports(int of) {
      List<Integer> all = Stream.of(text("ports").split(",")).map(Integer::parseInt).toList();
      int each = all.size() / members();
      return all.subList((of - 1) * each, of * each);
    }

    String text(String key) {
      String found = properties.getProperty(key);
      if (found == null) {
        throw new IllegalArgumentException("not set: key=" + key);
      }
      return found;
    }
  }

  /** Arguments: what to run, and the file that describes it. */
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    try (var in = Files.newBufferedReader(Path.of(arguments[1]))) {
      properties.load(in);
    }
    Setup setup = new Setup(properties);
    Logs.toFile(setup.directory().resolve("subject.log"));
    Subject subject =
        switch (System.valueOf(arguments[0])) {
          case QUIRE_LOG -> QuireLog.open(setup);
          case ZOOKEEPER -> ZooKeeperPeer.open(setup);
          case RATIS -> RatisPeer.open(setup);
          case ROCKSDB -> RocksDbPeer.open(setup);
          case ETCD -> EtcdPeer.open(setup);
          case HAZELCAST -> HazelcastPeer.open(setup);
          case INFINISPAN -> InfinispanPeer.open(setup);
          case QUIRE_AGER -> QuireAger.open(setup);
          case LRU_PAGER -> LruPager.open(setup);
          case BLOBDB -> BlobDbPeer.open(setup);
          case EHCACHE -> DataJob.of(EhcachePeer.open(setup));
          case MV_STORE -> DataJob.of(MvStorePeer.open(setup));
          case SOFT_INDEX -> DataJob.of(SoftIndexPeer.open(setup));
          case IGNITE -> DataJob.of(IgnitePeer.open(setup));
          case DUCKDB -> DataJob.of(DuckDbPeer.open(setup));
          case DUCKDB_TPCH -> TpchDuckDb.open(setup);
          case MAPPED -> DataJob.of(MappedPeer.open(setup));
          case HDFS_CLIENT -> HdfsClientPeer.open(setup);
          case REPLAYS -> new TraceSubject();
          case SOCKET -> SocketLoop.open(setup);
        };
    java.lang.System.out.println(READY + JobServer.serve(subject));
    Thread.currentThread().join();
  }
}

package io.quire.bench;

import io.quire.bench.Question.Entrant;
import java.util.List;
import java.util.stream.Stream;

/*
 * Each has 768 MiB in all, held by a cgroup: heap, what is off the heap, the code of the JVM, and the page
 * cache that it fills. How it divides them is what suits it best: who has a cache of his own outside of
 * the heap gets little heap, who works through the page cache leaves room for it.
 */
/** Who does the job of the row {@code job}, and with what. */
final class JobEntrants {
  private static final long MEMORY_BYTES = 768L << 20;
  private static final long BUDGET_BYTES = 448L << 20;
  private static final String SMALL_HEAP = "128m";

  /**
   * What Ignite's documentation wants of Java 17 and later, besides what every JVM here has. It is
   * not in the class of that peer, which this process cannot load.
   */
  private static final List<String> IGNITE_OPTIONS =
      List.of(
          "--add-opens=java.base/jdk.internal.access=ALL-UNNAMED",
          "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
          "--add-opens=java.base/sun.util.calendar=ALL-UNNAMED",
          "--add-opens=java.management/com.sun.jmx.mbeanserver=ALL-UNNAMED",
          "--add-opens=jdk.internal.jvmstat/sun.jvmstat.monitor=ALL-UNNAMED",
          "--add-opens=java.base/sun.reflect.generics.reflectiveObjects=ALL-UNNAMED",
          "--add-opens=java.base/java.io=ALL-UNNAMED",
          "--add-opens=java.base/java.net=ALL-UNNAMED",
          "--add-opens=java.base/java.util=ALL-UNNAMED",
          "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
          "--add-opens=java.base/java.util.concurrent.locks=ALL-UNNAMED",
          "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
          "--add-opens=java.base/java.lang.invoke=ALL-UNNAMED",
          "--add-opens=java.base/java.math=ALL-UNNAMED",
          "--add-opens=java.base/java.time=ALL-UNNAMED",
          "--add-opens=java.base/sun.security.ssl=ALL-UNNAMED",
          "--add-opens=java.base/sun.security.x509=ALL-UNNAMED",
          "--add-opens=java.sql/java.sql=ALL-UNNAMED",
          "-DIGNITE_QUIET=true",
          "-DIGNITE_NO_ASCII=true",
          "-DIGNITE_UPDATE_NOTIFIER=false",
          "-DIGNITE_PERFORMANCE_SUGGESTIONS_DISABLED=true");

  static final Processes BLOBDB_BUFFERED =
      limited(
              "blobdb-buffered",
              Worker.System.BLOBDB,
              SMALL_HEAP,
              "RocksDB 9.8.4, blob files of 256 MiB, no WAL, bytes_per_sync=1 MiB")
          .with("direct", "false");

  private static final Processes QUIRE =
      limited(
              "quire-ager-job",
              Worker.System.QUIRE_AGER,
              SMALL_HEAP,
              "defaults, budget 448 MiB, flash")
          .with("budgetBytes", String.valueOf(BUDGET_BYTES));
  private static final Processes BLOBDB_DIRECT =
      limited(
              "blobdb-direct-job",
              Worker.System.BLOBDB,
              SMALL_HEAP,
              "RocksDB 9.8.4, blob files of 256 MiB, no WAL, direct I/O")
          .with("direct", "true");
  private static final Processes EHCACHE =
      limited(
          "ehcache",
          Worker.System.EHCACHE,
          "160m",
          "Ehcache 3.12.0, 16 entries on heap, 256 MB off heap, disk");
  private static final Processes MV_STORE =
      limited(
          "mvstore",
          Worker.System.MV_STORE,
          "448m",
          "H2 MVStore 2.4.240, cacheSize=192, autoCommitBufferSize=16 MB");
  private static final Processes SOFT_INDEX =
      limited(
          "infinispan-sifs",
          Worker.System.SOFT_INDEX,
          "192m",
          "Infinispan 16.1.4, local, 192 MB off heap, soft-index file store, no passivation");
  private static final Processes IGNITE =
      limited(
          "ignite",
          Worker.System.IGNITE,
          "192m",
          "Ignite 2.18.0, persistent region of 192 MB, pages of 16 KiB, WAL off");
  private static final Processes DUCKDB =
      limited(
          "duckdb",
          Worker.System.DUCKDB,
          SMALL_HEAP,
          "DuckDB 2.0.0, memory_limit=320MB, threads=2, rows of 4 KiB, uncompressed");
  private static final Processes MAPPED =
      limited("mmap", Worker.System.MAPPED, SMALL_HEAP, "one mapped file, left to the kernel");

  private JobEntrants() {}

  private static Processes limited(
      String name, Worker.System system, String heap, String settings) {
    List<String> options =
        List.of("-Xms" + heap, "-Xmx" + heap, "-XX:MaxDirectMemorySize=512m", "-XX:+UseSerialGC");
    return Processes.of(name, system, 1, 1, settings + ", 768 MiB in all")
        .withOptions(
            system == Worker.System.IGNITE
                ? Stream.concat(options.stream(), IGNITE_OPTIONS.stream()).toList()
                : options)
        .withMemory(MEMORY_BYTES);
  }

  /** Ours first. */
  static List<Entrant> all(Job job) {
    return List.of(
        new Entrant("ours", QUIRE, job, false),
        new Entrant("rocksdb blobs, direct", BLOBDB_DIRECT, job, false),
        new Entrant("rocksdb blobs, buffered", BLOBDB_BUFFERED, job, false),
        new Entrant("ehcache off-heap + disk", EHCACHE, job, false),
        new Entrant("h2 mvstore", MV_STORE, job, false),
        new Entrant("infinispan soft-index", SOFT_INDEX, job, false),
        new Entrant("ignite persistence", IGNITE, job, false),
        new Entrant("duckdb", DUCKDB, job, false),
        new Entrant("mmap", MAPPED, job, false));
  }
}

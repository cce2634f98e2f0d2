package io.quire.bench;

import io.quire.bench.Job.Kind;
import io.quire.bench.Question.Better;
import io.quire.bench.Question.Entrant;
import io.quire.bench.Question.Row;
import java.util.List;

/** Extents in memory, and beyond it on flash and HDFS. */
final class AgerArea implements Area {
  private static final String MEMORY = "none: in memory";
  private static final String SPILL =
      "none: what is paged out need not survive the process, for us and for all peers";
  private static final String HDFS_SPILL = SPILL + "; one copy, not synced";
  private static final String GIGABYTES = "GB/s";

  private static final int PAGE = 4 << 10;
  private static final int SMALL = 64 << 10;
  private static final int EXTENT = 1 << 20;
  private static final int PINNED = 1024;

  private static final List<String> JVM =
      List.of("-Xms512m", "-Xmx512m", "-XX:MaxDirectMemorySize=2g", "-XX:+UseSerialGC");
  private static final Processes QUIRE =
      ours("quire-ager", "defaults, flash in the same directory");
  private static final Processes LRU =
      Processes.of(
              "lru-pager",
              Worker.System.LRU_PAGER,
              1,
              1,
              "LRU, direct reads of 4 MiB at most, 2 threads, an eighth of memory ahead, CRC32C")
          .withOptions(JVM);
  private static final Fio FIO = new Fio();
  private static final HdfsCluster HDFS = new HdfsCluster(JVM);
  private static final Processes BLOBDB =
      Processes.of(
              "blobdb-direct",
              Worker.System.BLOBDB,
              1,
              1,
              "RocksDB 9.8.4, blob files of 256 MiB, no WAL, direct I/O, read by 2 threads")
          .withOptions(JVM)
          .with("direct", "true");

  private static Processes ours(String name, String settings) {
    return Processes.of(name, Worker.System.QUIRE_AGER, 1, 1, settings).withOptions(JVM);
  }

  @Override
  public String name() {
    return "ager";
  }

  @Override
  public String title() {
    return "extents in memory and beyond it, on flash and HDFS";
  }

  @Override
  public List<Question> questions() {
    return List.of(
        pin(),
        pinOnTwo("pin-2t", "different extents", "own", "Own", "1.8 times one thread"),
        pinOnTwo("pin-same-2t", "the same extent", "same", "Same", "0.8 times one thread"),
        scanResident(),
        pageIn(),
        pageOut(),
        blobs("blobdb-out", Kind.PAGE_OUT, "load of four times memory", "4 times BlobDB"),
        blobs("blobdb-in", Kind.PAGE_IN, "ordered scan of what is on flash", "2 times BlobDB"),
        hdfsSmall(),
        hdfs("hdfs-out", Kind.PAGE_OUT, "load of four times memory", "put"),
        hdfs("hdfs-in", Kind.PAGE_IN, "ordered scan of what is in HDFS", "get"),
        loop(),
        job(),
        allocate(),
        hits("loop-opt", "LOOP", "one scan that has all extents eight times", "0.99"),
        hits("scan-opt", "SCAN", "eight scans of all extents, declared one by one", "0.99"),
        hits("zigzag-opt", "ZIGZAG", "one scan, four times up and down", "0.99"),
        hits("scans4-opt", "SCANS4", "four scans at a time, of different speed", "0.95"));
  }

  private static Question pin() {
    String id = "pin";
    Job job = Job.of(Kind.PIN, id, 1, PAGE).withObjects(PINNED).withFewest(PINNED);
    return new Question(
        id,
        "pin of a resident extent and its end, one thread; mean time, and bytes of heap",
        List.of(
            new Row(id, "ns", Better.LOWER, "at most 50 ns", MEMORY),
            new Row(id + "-bytes", "bytes", Better.LOWER, "none", MEMORY)),
        List.of(
            new Entrant("ours", QUIRE, job.withVariant("own"), false),
            new Entrant("two atomic additions", QUIRE, job.withVariant("countOwn"), false),
            new Entrant("netty retain+release", QUIRE, job.withVariant("buffersOwn"), false)));
  }

  private static Question pinOnTwo(
      String id, String what, String variant, String floor, String goal) {
    Job one = Job.of(Kind.PIN_RATE, id, 1, PAGE).withObjects(PINNED).withFewest(PINNED);
    Job two = one.withOutstanding(2);
    return new Question(
        id,
        "the same on two threads, " + what + "; pins a second",
        List.of(new Row(id, "1/s", Better.HIGHER, goal, MEMORY)),
        List.of(
            new Entrant("ours", QUIRE, two.withVariant(variant), false),
            new Entrant("ours on one thread", QUIRE, one.withVariant(variant), false),
            new Entrant("two atomic additions", QUIRE, two.withVariant("count" + floor), false),
            new Entrant("netty retain+release", QUIRE, two.withVariant("buffers" + floor), false)));
  }

  private static Question scanResident() {
    String id = "scan-resident";
    Job job = Job.of(Kind.SCAN_RESIDENT, id, 1, EXTENT).withObjects(256).withFewest(64);
    return new Question(
        id,
        "scan of resident extents of 1 MiB that adds up all bytes as longs",
        List.of(new Row(id, GIGABYTES, Better.HIGHER, "0.98 times the plain loop", MEMORY)),
        List.of(
            new Entrant("ours", QUIRE, job.withVariant("scan"), false),
            new Entrant("a loop over one segment", QUIRE, job.withVariant("plain"), false)));
  }

  private static Job paging(Kind kind, String id) {
    return Job.of(kind, id, 1, EXTENT).withObjects(2048).withFewest(256);
  }

  private static Question pageIn() {
    String id = "pagein-flash";
    Job job = paging(Kind.PAGE_IN, id);
    return new Question(
        id,
        "ordered scan of extents of 1 MiB that are all on flash, checksums verified",
        List.of(new Row(id, GIGABYTES, Better.HIGHER, "0.9 times fio", SPILL)),
        List.of(new Entrant("ours", QUIRE, job, false), new Entrant("fio read", FIO, job, false)));
  }

  private static Question pageOut() {
    String id = "pageout-flash";
    Job job = paging(Kind.PAGE_OUT, id);
    return new Question(
        id,
        "load of four times memory in extents of 1 MiB: bytes that go to flash meanwhile",
        List.of(new Row(id, GIGABYTES, Better.HIGHER, "0.9 times fio", SPILL)),
        List.of(new Entrant("ours", QUIRE, job, false), new Entrant("fio write", FIO, job, false)));
  }

  private static Question blobs(String id, Kind kind, String what, String goal) {
    Job job = paging(kind, id);
    return new Question(
        id,
        what + ", extents of 1 MiB, beside RocksDB's BlobDB",
        List.of(new Row(id, GIGABYTES, Better.HIGHER, goal, SPILL)),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("blobdb direct", BLOBDB, job, false),
            new Entrant("blobdb buffered, 768 MiB", JobEntrants.BLOBDB_BUFFERED, job, false)));
  }

  private static Question hdfsSmall() {
    String id = "hdfs-small";
    Job job = Job.of(Kind.PAGE_OUT_COUNT, id, 1, SMALL).withObjects(4096).withFewest(512);
    return new Question(
        id,
        "load of four times memory, extents of 64 KiB to HDFS; extents a second",
        List.of(
            new Row(id, "1/s", Better.HIGHER, "20 times a file for each, as it comes", HDFS_SPILL)),
        List.of(
            new Entrant("ours", HDFS, job, false),
            new Entrant("a file for each", HDFS, client(job, "stock", 1), false),
            new Entrant("a file for each, 8 threads", HDFS, client(job, "stock", 8), false),
            new Entrant("a file for each, tuned", HDFS, client(job, "tuned", 1), false)));
  }

  private static Question hdfs(String id, Kind kind, String what, String stock) {
    Job job = Job.of(kind, id, 1, EXTENT).withObjects(1024).withFewest(128);
    return new Question(
        id,
        what + ", extents of 1 MiB to HDFS",
        List.of(
            new Row(
                id,
                GIGABYTES,
                Better.HIGHER,
                "0.95 times the best of the client's, and better than " + stock,
                HDFS_SPILL)),
        List.of(
            new Entrant("ours", HDFS, job, false),
            new Entrant("one stream as " + stock, HDFS, client(job, "stock", 1), false),
            new Entrant("one stream, tuned", HDFS, client(job, "tuned", 1), false),
            new Entrant("two streams, tuned", HDFS, client(job, "tuned", 2), false),
            new Entrant("four streams, tuned", HDFS, client(job, "tuned", 4), false)));
  }

  private static Job client(Job job, String settings, int streams) {
    return job.withVariant(HdfsCluster.CLIENT + " " + settings).withOutstanding(streams);
  }

  private static Question job() {
    String id = "job";
    Job job = Job.of(Kind.LOAD_AND_SCAN, id, 1, EXTENT).withObjects(3072).withFewest(512);
    return new Question(
        id,
        "load four times memory, read all three times, one checksum; seconds in all",
        List.of(new Row(id, "s", Better.LOWER, "less than each of the others", SPILL)),
        JobEntrants.all(job));
  }

  private static Question loop() {
    String id = "loop-gbs";
    Job job = Job.of(Kind.LOOP, id, 1, EXTENT).withObjects(1024).withFewest(128);
    return new Question(
        id,
        "declared loop over twice memory in extents of 1 MiB on flash: bytes delivered",
        List.of(new Row(id, GIGABYTES, Better.HIGHER, "1.8 times LRU over the same I/O", SPILL)),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("a pager with LRU", LRU, job, false)));
  }

  private static Question allocate() {
    String id = "alloc-p99";
    Job job = Job.of(Kind.ALLOCATE, id, 1, EXTENT).withObjects(1024).withFewest(128);
    return new Question(
        id,
        "allocate 1 MiB in full memory, at half the pace that flash takes; 99th percentile",
        List.of(
            new Row(id, "us", Better.LOWER, "at most one write of 1 MiB, its median time", SPILL)),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("one write", LRU, job.withKind(Kind.STORE_WRITE), false)));
  }

  private static Question hits(String id, String variant, String what, String goal) {
    Job job =
        Job.of(Kind.HITS, id, 1, SMALL).withObjects(2048).withFewest(512).withVariant(variant);
    return new Question(
        id,
        what + ", twice memory: bytes hit, as a part of Belady's bound",
        List.of(new Row(id, "of the bound", Better.HIGHER, goal, MEMORY)),
        List.of(
            new Entrant("ours", QUIRE, job, false),
            new Entrant("LRU (model)", QUIRE, job.withKind(Kind.HITS_LRU), false)));
  }
}

package io.quire.bench;

import io.quire.bench.Timed.Achieved;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteOptions;

/*
 * Values go to blob files of 256 MiB at the flush of a memtable of 64 MiB, four of which there may be;
 * nothing is compressed, there is no log, and two background jobs. Values are passed in buffers outside
 * of the heap. It reads with two threads, checking its own checksums. Direct I/O, or through the page
 * cache with a sync each megabyte.
 */
/** RocksDB with its values in blob files. */
final class BlobDbPeer implements Subject, DataJob.Doer {
  /** Two threads read, each into a buffer of its own. */
  private static final ThreadLocal<MemorySegment> INTO =
      ThreadLocal.withInitial(() -> MemorySegment.NULL);

  private final Path directory;
  private final Noise noise = new Noise();
  private final Options options;
  private final WriteOptions unlogged = new WriteOptions().setDisableWAL(true);
  private final ReadOptions reading = new ReadOptions().setFillCache(false);
  private @Nullable RocksDB db;
  private int filled;

  private BlobDbPeer(Path directory, boolean direct) {
    this.directory = directory;
    options =
        new Options()
            .setCreateIfMissing(true)
            .setEnableBlobFiles(true)
            .setMinBlobSize(0)
            .setBlobFileSize(256 << 20)
            .setBlobCompressionType(CompressionType.NO_COMPRESSION)
            .setCompressionType(CompressionType.NO_COMPRESSION)
            .setWriteBufferSize(64 << 20)
            .setMaxWriteBufferNumber(4)
            .setMaxBackgroundJobs(2)
            .setBytesPerSync(1 << 20)
            .setUseDirectReads(direct)
            .setUseDirectIoForFlushAndCompaction(direct);
  }

  static BlobDbPeer open(Worker.Setup setup) {
    RocksDB.loadLibrary();
    return new BlobDbPeer(
        setup.directory().resolve("db"), Boolean.parseBoolean(setup.text("direct")));
  }

  @Override
  public boolean leads() {
    return true;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    return switch (job.kind()) {
      case PAGE_OUT -> Map.of(job.row(), Timed.rate(job, () -> pageOut(job)));
      case PAGE_IN -> {
        if (filled != job.objects()) {
          pageOut(job);
        }
        yield Map.of(job.row(), Timed.rate(job, () -> pageIn(job)));
      }
      case LOAD_AND_SCAN -> Map.of(job.row(), DataJob.seconds(job, noise, this));
      default -> throw new IllegalArgumentException("not for this peer: job=" + job);
    };
  }

  private Achieved pageOut(Job job) throws Exception {
    clear();
    long begun = System.nanoTime();
    load(job.objects(), job.bytes(), noise);
    return Achieved.since(begun, job.totalBytes());
  }

  private Achieved pageIn(Job job) throws Exception {
    long begun = System.nanoTime();
    ValueStore.scan(job.objects(), number -> Noise.number(get(number, job.bytes())));
    return Achieved.since(begun, job.totalBytes());
  }

  @Override
  public long loadAndScan(int count, int bytes, Noise from) throws Exception {
    load(count, bytes, from);
    return ValueStore.scans(count, number -> Noise.sum(get(number, bytes)));
  }

  private void load(int count, int bytes, Noise from) throws RocksDBException {
    MemorySegment value = Arena.ofAuto().allocate(bytes, 8);
    RocksDB opened = opened();
    for (int i = 0; i < count; i++) {
      from.fill(value, i);
      opened.put(unlogged, key(i), value.asByteBuffer());
    }
    try (FlushOptions wait = new FlushOptions().setWaitForFlush(true)) {
      opened.flush(wait);
    }
    filled = count;
  }

  private MemorySegment get(int number, int bytes) throws RocksDBException {
    MemorySegment into = INTO.get();
    if (into.byteSize() != bytes) {
      into = Arena.ofAuto().allocate(bytes, 8);
      INTO.set(into);
    }
    int found = opened().get(reading, key(number), into.asByteBuffer());
    if (found != bytes) {
      throw new IllegalStateException(
          "value not found: extent=%d bytes=%d".formatted(number, found));
    }
    return into;
  }

  private static ByteBuffer key(int number) {
    return ByteBuffer.allocateDirect(Integer.BYTES).putInt(number).flip();
  }

  private RocksDB opened() {
    RocksDB found = db;
    if (found == null) {
      throw new IllegalStateException("not open: directory=" + directory);
    }
    return found;
  }

  @Override
  public void clear() throws Exception {
    close();
    db = RocksDB.open(options, Tree.empty(directory).toString());
    filled = 0;
  }

  @Override
  public void close() {
    RocksDB found = db;
    db = null;
    if (found != null) {
      found.close();
    }
  }
}

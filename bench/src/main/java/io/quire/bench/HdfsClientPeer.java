package io.quire.bench;

import io.quire.bench.Timed.Achieved;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/*
 * "As it comes" is the client with its defaults, through buffers of 4 KiB, as "hdfs dfs -put" and
 * "-get" copy, but from and to memory, so that no local disk slows it. "Tuned" has packets of 1 MiB, no
 * first wait of 400 ms when a file is closed, and reads and writes 1 MiB at a time.
 */
/** Hadoop's client alone: streams of large files, or a file for each extent. */
final class HdfsClientPeer implements Subject {
  private static final int PIECE_BYTES = 1 << 20;
  private static final int STOCK_PIECE_BYTES = 4 << 10;

  private final URI uri;
  private final Noise noise = new Noise();
  private final AtomicLong files = new AtomicLong();
  private String written = "";

  private HdfsClientPeer(URI uri) {
    this.uri = uri;
  }

  static HdfsClientPeer open(Worker.Setup setup) {
    return new HdfsClientPeer(URI.create(setup.text("store")));
  }

  @Override
  public boolean leads() {
    return true;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    boolean tuned = job.variant().endsWith("tuned");
    try (FileSystem hdfs = FileSystem.newInstance(uri, configuration(tuned))) {
      return switch (job.kind()) {
        case PAGE_OUT_COUNT -> Map.of(job.row(), 1e9 * Timed.rate(job, () -> small(hdfs, job)));
        case PAGE_OUT -> Map.of(job.row(), Timed.rate(job, () -> write(hdfs, job, tuned)));
        case PAGE_IN -> {
          String wanted = job.totalBytes() + "/" + job.outstanding();
          if (!written.equals(wanted)) {
            write(hdfs, job, true);
            written = wanted;
          }
          yield Map.of(job.row(), Timed.rate(job, () -> read(hdfs, job, tuned)));
        }
        default -> throw new IllegalArgumentException("not for this peer: job=" + job);
      };
    }
  }

  private static Configuration configuration(boolean tuned) {
    Configuration hadoop = new Configuration();
    hadoop.set("dfs.replication", "1");
    if (tuned) {
      hadoop.set("dfs.client-write-packet-size", String.valueOf(PIECE_BYTES));
      hadoop.set("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", "1");
    }
    return hadoop;
  }

  private Path path(String kind, long number) {
    return new Path(new Path(uri), "client/" + kind + "-" + number);
  }

  /** One file for each of so many threads. */
  private Achieved small(FileSystem hdfs, Job job) throws Exception {
    long begun = System.nanoTime();
    together(
        job.outstanding(),
        _ -> {
          byte[] extent = new byte[job.bytes()];
          long number = files.incrementAndGet();
          noise.fill(MemorySegment.ofArray(extent), number);
          try (OutputStream out = hdfs.create(path("small", number))) {
            out.write(extent);
          }
        });
    return Achieved.since(begun, job.outstanding());
  }

  private Achieved write(FileSystem hdfs, Job job, boolean tuned) throws Exception {
    int each = job.objects() / job.outstanding();
    byte[][] pieces = new byte[job.outstanding()][];
    for (int i = 0; i < pieces.length; i++) {
      pieces[i] = new byte[PIECE_BYTES];
      noise.fill(MemorySegment.ofArray(pieces[i]), i);
    }
    long begun = System.nanoTime();
    together(
        job.outstanding(),
        stream -> {
          try (OutputStream out = hdfs.create(path("large", stream), true)) {
            for (int i = 0; i < each; i++) {
              extent(out, pieces[stream], tuned ? PIECE_BYTES : STOCK_PIECE_BYTES);
            }
          }
        });
    return Achieved.since(begun, (double) each * job.outstanding() * PIECE_BYTES);
  }

  private static void extent(OutputStream out, byte[] piece, int atATime) throws IOException {
    for (int at = 0; at < piece.length; at += atATime) {
      out.write(piece, at, atATime);
    }
  }

  private Achieved read(FileSystem hdfs, Job job, boolean tuned) throws Exception {
    long begun = System.nanoTime();
    AtomicLong bytes = new AtomicLong();
    together(
        job.outstanding(),
        stream -> {
          byte[] piece = new byte[tuned ? PIECE_BYTES : STOCK_PIECE_BYTES];
          try (FSDataInputStream in = hdfs.open(path("large", stream))) {
            bytes.addAndGet(all(in, piece));
          }
        });
    long wanted = (long) job.objects() / job.outstanding() * job.outstanding() * PIECE_BYTES;
    if (bytes.get() != wanted) {
      throw new IllegalStateException(
          "not all was read: found=%d wanted=%d".formatted(bytes.get(), wanted));
    }
    return Achieved.since(begun, wanted);
  }

  private static long all(InputStream in, byte[] piece) throws IOException {
    long bytes = 0;
    for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
      bytes += read;
    }
    return bytes;
  }

  private interface Stream {
    void run(int number) throws Exception;
  }

  private static void together(int streams, Stream work) throws Exception {
    List<Callable<Boolean>> all = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      int number = i;
      all.add(
          () -> {
            work.run(number);
            return true;
          });
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(streams)) {
      for (Future<Boolean> each : threads.invokeAll(all)) {
        each.get();
      }
    }
  }

  @Override
  public void close() {}
}

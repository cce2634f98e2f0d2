package io.quire.bench;

import io.quire.base.Checksum;
import io.quire.bench.Timed.Achieved;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/*
 * What a pager would be that does the same reads and evicts what was used longest ago: extents of one
 * size in a file that was written before, direct reads of 4 MiB at most by two threads, an eighth of
 * the memory (64 MiB at most) ahead, each checked by its CRC32C. Bookkeeping is a hash table and costs
 * nothing beside a read. One thread uses it.
 */
/** A pager with LRU, and single writes of the same disk: what ours is measured against. */
final class LruPager implements Subject {
  private static final int ALIGNMENT = 4096;
  private static final int PIECE_BYTES = 4 << 20;
  private static final int READERS = 2;
  private static final long AHEAD_MAX = 64 << 20;

  /** A place in memory and what is in it, or will be. */
  private record Frame(MemorySegment bytes, CompletableFuture<Void> read) {}

  private final Path path;
  private final Noise noise = new Noise();
  private final ExecutorService readers =
      Executors.newFixedThreadPool(READERS, Thread.ofPlatform().daemon().factory());
  private final LinkedHashMap<Integer, Frame> frames = new LinkedHashMap<>(16, 0.75f, true);
  private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
  private final List<Integer> checksums = new ArrayList<>();
  private @Nullable FileChannel file;
  private int bytes;

  private LruPager(Path path) {
    this.path = path;
  }

  static LruPager open(Worker.Setup setup) {
    return new LruPager(setup.directory().resolve("pages"));
  }

  @Override
  public boolean leads() {
    return true;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    prepare(job);
    return switch (job.kind()) {
      case LOOP -> Map.of(job.row(), Timed.rate(job, this::loop));
      case STORE_WRITE -> Map.of(job.row(), writeMicros(job));
      default -> throw new IllegalArgumentException("not for this peer: job=" + job);
    };
  }

  /** Writes the file twice, so that no block of the disk is new, and takes half of it as memory. */
  private void prepare(Job job) throws IOException {
    if (checksums.size() == job.objects() && bytes == job.bytes()) {
      return;
    }
    close();
    frames.clear();
    free.clear();
    checksums.clear();
    bytes = job.bytes();
    FileChannel opened =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            direct());
    file = opened;
    MemorySegment memory = HugePages.allocate(Arena.ofAuto(), job.totalBytes() / 2);
    for (long at = 0; at + bytes <= memory.byteSize(); at += bytes) {
      free.add(memory.asSlice(at, bytes));
    }
    MemorySegment extent = scratch(bytes);
    for (int time = 0; time < 2; time++) {
      for (int i = 0; i < job.objects(); i++) {
        noise.fill(extent, i);
        if (time == 0) {
          checksums.add(Checksum.of(extent.asByteBuffer()));
        }
        write(opened, extent, (long) i * bytes);
      }
    }
  }

  /** Past the page cache; the compiler warns of whoever names the option itself. */
  private static OpenOption direct() {
    try {
      return Stream.of(Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants())
          .filter(option -> option.toString().equals("DIRECT"))
          .map(OpenOption.class::cast)
          .findFirst()
          .orElseThrow();
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("no direct I/O in this runtime", e);
    }
  }

  private static void write(FileChannel to, MemorySegment extent, long position)
      throws IOException {
    ByteBuffer left = extent.asByteBuffer();
    while (left.hasRemaining()) {
      to.write(left, position + left.position());
    }
  }

  private static MemorySegment scratch(int bytes) {
    return Arena.ofAuto().allocate(bytes, ALIGNMENT);
  }

  private double writeMicros(Job job) throws IOException {
    FileChannel opened = opened();
    MemorySegment extent = scratch(bytes);
    Samples samples = new Samples();
    long begun = System.nanoTime();
    long warm = begun + job.warmUpMillis() * 1_000_000;
    long end = warm + job.millis() * 1_000_000;
    for (int i = 0; System.nanoTime() - end < 0; i++) {
      int number = i % job.objects();
      noise.fill(extent, number);
      long before = System.nanoTime();
      write(opened, extent, (long) number * bytes);
      if (before - warm >= 0) {
        samples.add(System.nanoTime() - before);
      }
    }
    return samples.micros(0.5);
  }

  private Achieved loop() {
    long begun = System.nanoTime();
    for (int i = 0; i < checksums.size(); i++) {
      long number = Noise.number(get(i));
      if (number != i) {
        throw new IllegalStateException("another extent: found=%d wanted=%d".formatted(number, i));
      }
    }
    return Achieved.since(begun, (double) checksums.size() * bytes);
  }

  private MemorySegment get(int number) {
    long ahead = Math.min(AHEAD_MAX, (long) checksums.size() / 2 * bytes / 8);
    Frame wanted = start(number);
    for (int i = 1; (long) i * bytes <= ahead; i++) {
      start((number + i) % checksums.size());
    }
    wanted.read().join();
    return wanted.bytes();
  }

  /** Begins to read it unless it is there; what was used longest ago goes for it. */
  private Frame start(int number) {
    Frame found = frames.get(number);
    if (found != null) {
      return found;
    }
    MemorySegment place = free.poll();
    if (place == null) {
      Frame victim = Objects.requireNonNull(frames.pollFirstEntry(), "a frame").getValue();
      victim.read().join();
      place = victim.bytes();
    }
    MemorySegment into = place;
    Frame frame = new Frame(into, CompletableFuture.runAsync(() -> read(number, into), readers));
    frames.put(number, frame);
    return frame;
  }

  private void read(int number, MemorySegment into) {
    try {
      for (long at = 0; at < bytes; ) {
        ByteBuffer piece = into.asSlice(at, Math.min(PIECE_BYTES, bytes - at)).asByteBuffer();
        int read = opened().read(piece, (long) number * bytes + at);
        if (read < ALIGNMENT) {
          throw new IOException("short read: offset=%d bytes=%d".formatted(at, read));
        }
        at += read - read % ALIGNMENT;
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot read: extent=" + number, e);
    }
    if (Checksum.of(into.asByteBuffer()) != checksums.get(number)) {
      throw new IllegalStateException("wrong bytes: extent=" + number);
    }
  }

  private FileChannel opened() {
    FileChannel found = file;
    if (found == null) {
      throw new IllegalStateException("no file: path=" + path);
    }
    return found;
  }

  @Override
  public void close() throws IOException {
    FileChannel found = file;
    if (found != null) {
      found.close();
    }
  }
}

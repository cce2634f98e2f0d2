package io.quire.ager;

import io.quire.base.Checksum;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A place extents are paged to: a shelf for spilled copies, one for durable copies, and how the
 * store is doing. A store that fails is left alone for a while, longer each time.
 */
final class Store implements AutoCloseable {
  static final String DURABLE = "durable/";

  private static final long RETRY_MIN_NANOS = 100_000_000L;
  private static final long RETRY_MAX_NANOS = 10_000_000_000L;

  /** Why writes failed last, when to try again, and how long the wait was. */
  private record Failing(String reason, long untilNanos, long waitNanos) {}

  private final StoreConfig config;
  private final Room room;
  private final Shelf spill;
  private final Shelf durable;
  private final boolean readBack;
  private final Runnable release;
  private final AtomicLong bytesOut = new AtomicLong();
  private final AtomicLong bytesIn = new AtomicLong();
  private final AtomicLong extents = new AtomicLong();
  private final AtomicLong errors = new AtomicLong();
  private volatile @Nullable Failing failing;

  /**
   * Takes ownership of the shelves.
   *
   * @param release what is left to do after they are closed
   */
  Store(
      StoreConfig config,
      Room room,
      Shelf spill,
      Shelf durable,
      boolean readBack,
      Runnable release) {
    this.config = config;
    this.room = room;
    this.spill = spill;
    this.durable = durable;
    this.readBack = readBack;
    this.release = release;
  }

  String uri() {
    return config.uri().toString();
  }

  boolean isDurable() {
    return config.durable();
  }

  /** Why the store is not to be tried now, if so. */
  Optional<String> refusal() {
    Failing now = failing;
    return now == null || now.untilNanos - System.nanoTime() <= 0
        ? Optional.empty()
        : Optional.of(now.reason);
  }

  /** Writes a copy that need not survive the process. Called by the cleaner only. */
  Copy spill(Body body) throws IOException {
    Copy copy = translated(() -> spill.write(body));
    boolean verified = false;
    try {
      sync(spill);
      readBack(copy);
      verified = true;
    } finally {
      if (!verified) {
        spill.free(copy);
      }
    }
    wrote(copy);
    return copy;
  }

  /** Writes a copy that is durable after the next sync. Called by the persister only. */
  Copy append(Body body) throws IOException {
    return translated(() -> durable.write(body));
  }

  void syncDurable() throws IOException {
    sync(durable);
  }

  void finishDurable() throws IOException {
    translated(
        () -> {
          durable.finish();
          return durable;
        });
  }

  private static void sync(Shelf shelf) throws IOException {
    translated(
        () -> {
          shelf.sync();
          return shelf;
        });
  }

  private interface Io<T> {
    T run() throws IOException;
  }

  /** File systems from elsewhere throw all kinds of things for a failed operation. */
  private static <T> T translated(Io<T> io) throws IOException {
    try {
      return io.run();
    } catch (RuntimeException e) {
      throw new IOException("store misbehaves: " + e, e);
    }
  }

  /** Reads the copy again into memory of its own, if that is asked for. */
  void readBack(Copy copy) throws IOException {
    if (!readBack) {
      return;
    }
    try (var arena = Arena.ofShared()) {
      read(copy, arena.allocate(StoreHeader.padded(copy.bytes()), StoreHeader.BYTES));
    }
  }

  /** Reads the body and padding of a copy and verifies it. */
  void read(Copy copy, MemorySegment run) throws IOException {
    Shelf shelf = copy.file().startsWith(DURABLE) ? durable : spill;
    try {
      translated(
          () -> {
            shelf.read(copy, run);
            return run;
          });
      int found = Checksum.of(run.asSlice(0, copy.bytes()).asByteBuffer());
      if (found != copy.crc()) {
        throw new CorruptCopy(
            "body does not verify: crcWanted=%08x crcFound=%08x".formatted(copy.crc(), found));
      }
    } catch (IOException e) {
      errors.incrementAndGet();
      throw e;
    }
    bytesIn.addAndGet(copy.bytes());
  }

  void wrote(Copy copy) {
    bytesOut.addAndGet(copy.bytes());
    extents.incrementAndGet();
    failing = null;
  }

  void failed(IOException why) {
    if (why instanceof StoreFull) {
      return;
    }
    errors.incrementAndGet();
    Failing before = failing;
    long wait = before == null ? RETRY_MIN_NANOS : Math.min(RETRY_MAX_NANOS, 2 * before.waitNanos);
    failing = new Failing(why.toString(), System.nanoTime() + wait, wait);
  }

  void freeSpilled(Copy copy) {
    extents.decrementAndGet();
    spill.free(copy);
  }

  void freeDurable(Copy copy) {
    extents.decrementAndGet();
    durable.free(copy);
  }

  /** Gives up a copy that was appended but is not to be used. */
  void discard(Copy copy) {
    durable.free(copy);
  }

  void tidySpilled() {
    spill.tidy();
  }

  void tidyDurable() {
    durable.tidy();
  }

  AgerStats.StoreStats stats() {
    Failing now = failing;
    return new AgerStats.StoreStats(
        config.uri(),
        config.capacityBytes(),
        room.usedBytes(),
        bytesOut.get(),
        bytesIn.get(),
        extents.get(),
        errors.get(),
        Optional.ofNullable(now).map(Failing::reason));
  }

  @Override
  public void close() {
    durable.close();
    spill.close();
    release.run();
  }
}

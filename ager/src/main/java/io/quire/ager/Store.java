package io.quire.ager;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A place extents are paged to: a shelf for spilled copies, one for durable copies, and how the
 * store is doing. A store that fails is left alone for a while, longer each time.
 */
final class Store implements AutoCloseable {
  static final String DURABLE = "durable/";

  private final StoreConfig config;
  private final Room room;
  private final SpillShelf spill;
  private final ContainerShelf durable;
  private final boolean readBack;
  private final Runnable tick;
  private final Runnable release;
  private final AtomicLong bytesOut = new AtomicLong();
  private final AtomicLong bytesIn = new AtomicLong();
  private final AtomicLong extents = new AtomicLong();
  private final AtomicLong writeErrors = new AtomicLong();
  private final AtomicLong readErrors = new AtomicLong();
  private final AtomicLong corrupt = new AtomicLong();
  private final AtomicLong movedIn = new AtomicLong();
  private final AtomicLong movedOut = new AtomicLong();
  private final Health health = new Health();
  private volatile boolean full;

  /** Whoever writes to the shelf of spilled copies, or tidies it, holds one meanwhile. */
  private final Semaphore pens;

  private final Semaphore tidying = new Semaphore(1);

  /**
   * Takes ownership of the shelves.
   *
   * @param tick what is to be done from time to time, by a thread that spills
   * @param release what is left to do after they are closed
   */
  Store(
      StoreConfig config,
      Room room,
      SpillShelf spill,
      ContainerShelf durable,
      boolean readBack,
      Runnable tick,
      Runnable release) {
    this.config = config;
    this.room = room;
    this.spill = spill;
    pens = new Semaphore(spill.writers());
    this.durable = durable;
    this.readBack = readBack;
    this.tick = tick;
    this.release = release;
  }

  String uri() {
    return config.uri().toString();
  }

  /** Whether a read asks other machines, and takes long to begin. */
  boolean isRemote() {
    return !config.flash();
  }

  boolean isDurable() {
    return config.durable();
  }

  /** Why the store is not to be tried now, if so. */
  Optional<String> refusal() {
    return health.refusal();
  }

  /**
   * Writes what lies nowhere of a batch, as copies that need not survive the process: small bodies
   * together, several I/Os in flight. Whatever is left then was not written; the batch says why,
   * and the store is left alone for a while if it is its fault. Threads take turns.
   */
  void spill(SpillBatch batch) {
    try {
      pens.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      batch.failed(new InterruptedIOException("write to store: store=" + uri()));
      return;
    }
    try {
      spillNow(batch);
    } finally {
      pens.release();
    }
  }

  private void spillNow(SpillBatch batch) {
    List<Integer> left = batch.left();
    try {
      spill.write(batch);
    } catch (RuntimeException e) {
      batch.failed(new IOException("store misbehaves: " + e, e));
    }
    if (readBack) {
      readBack(batch, left);
    }
    for (int index : left) {
      if (batch.lies(index)) {
        bytesOut.addAndGet(batch.body(index).bytes());
        extents.incrementAndGet();
      }
    }
    IOException failure = batch.failure();
    full = !batch.done() && failure instanceof StoreFull;
    if (batch.done()) {
      health.works();
    } else if (failure != null) {
      failed(failure);
    }
  }

  /** Copies that do not read back as they were written do not count. */
  private void readBack(SpillBatch batch, List<Integer> written) {
    for (int index : written) {
      if (batch.lies(index)) {
        Body body = batch.body(index);
        try (var arena = Arena.ofShared()) {
          MemorySegment run = arena.allocate(body.run().byteSize(), StoreHeader.BYTES);
          Body wanted = new Body(body.extent(), run, body.bytes(), body.crc());
          SpillRead read = new SpillRead(wanted, batch.place(index));
          spill.read(List.of(read));
          IOException failure = read.failure();
          if (failure != null) {
            spill.free(batch.place(index));
            batch.takeBack(index);
            batch.failed(failure);
          }
        }
      }
    }
  }

  /**
   * Reads and verifies spilled copies; neighbours are read together, several I/Os in flight. Each
   * read tells whether it failed. Any thread.
   */
  void read(List<SpillRead> reads) {
    try {
      spill.read(reads);
    } catch (RuntimeException e) {
      IOException failure = new IOException("store misbehaves: " + e, e);
      reads.forEach(read -> read.failed(failure));
    }
    for (SpillRead read : reads) {
      IOException failure = read.failure();
      if (failure == null) {
        bytesIn.addAndGet(read.wanted().bytes());
      } else {
        readFailed(failure);
      }
    }
  }

  private void readFailed(IOException why) {
    (why instanceof CorruptCopy ? corrupt : readErrors).incrementAndGet();
  }

  /**
   * Reads a spilled copy again, piece by piece, and verifies it. Any thread.
   *
   * @throws CorruptCopy if it is not what was written
   * @throws IOException if the store cannot tell
   */
  void verify(long place, Body wanted) throws IOException {
    try {
      translated(
          () -> {
            spill.verify(place, wanted);
            return wanted;
          });
    } catch (IOException e) {
      readFailed(e);
      throw e;
    }
  }

  /** The spilled copy is not needed any more. Does no I/O. Any thread. */
  void free(long place) {
    extents.decrementAndGet();
    spill.free(place);
  }

  /**
   * As {@link #free}, of a place where something did not verify or could not be read: it is used
   * again only after something else was written there and read again. Does no I/O. Any thread.
   */
  void quarantine(long place) {
    extents.decrementAndGet();
    spill.quarantine(place);
  }

  /** Whether a place that is given up can be written at once. */
  boolean freesAtOnce() {
    return spill.freesAtOnce();
  }

  /** As {@link SpillShelf#toEmpty}. */
  OptionalLong toEmpty(boolean sparse) {
    return spill.toEmpty(sparse);
  }

  /** As {@link SpillShelf#isIn}. */
  boolean isIn(long place, long file) {
    return spill.isIn(place, file);
  }

  /** What can still be written, as far as is known. */
  long freeBytes() {
    return spill.freeBytes() + (spill.mayGrow() ? room.freeBytes() : 0);
  }

  /** What it can hold in all, as far as is known. */
  long roomBytes() {
    return room.usedBytes() + (spill.mayGrow() ? room.freeBytes() : 0);
  }

  void movedIn(long bytes) {
    movedIn.addAndGet(bytes);
  }

  void movedOut(long bytes) {
    movedOut.addAndGet(bytes);
  }

  /**
   * Whether the store works and would hardly refuse so many bytes more, bodies and headers: then an
   * extent that was paged in from a store behind this one is worth being written here, and its copy
   * there given up. It is a guess: what is free may lie apart. Any thread.
   */
  boolean takes(long bytes) {
    return health.refusal().isEmpty() && freeBytes() >= bytes;
  }

  /** A name for a spilled copy, for messages. */
  Copy describe(long place, Body body) {
    return spill.describe(place, body);
  }

  /** Writes a copy that is durable after the next sync. Called by the persister only. */
  Copy append(Body body, Origin origin) throws IOException {
    return translated(() -> durable.write(body, origin)).copy();
  }

  /** The shelf of durable copies. */
  ContainerShelf durable() {
    return durable;
  }

  void syncDurable() throws IOException {
    translated(
        () -> {
          durable.sync();
          return durable;
        });
  }

  void finishDurable() throws IOException {
    translated(
        () -> {
          durable.finish();
          return durable;
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
      MemorySegment run = arena.allocate(StoreHeader.padded(copy.bytes()), StoreHeader.BYTES);
      read(copy, run);
    }
  }

  /** Reads the body and padding of a durable copy and verifies it. */
  void read(Copy copy, MemorySegment run) throws IOException {
    try {
      translated(
          () -> {
            durable.read(copy, new Body(copy.extent(), run, copy.bytes(), copy.crc()));
            return run;
          });
    } catch (IOException e) {
      readFailed(e);
      throw e;
    }
    bytesIn.addAndGet(copy.bytes());
  }

  /** Throws unless the header of a durable copy lies where it should. */
  void check(Copy copy) throws IOException {
    translated(
        () -> {
          durable.check(copy);
          return copy;
        });
  }

  /** As {@link #verify(long, Body)}, of a durable copy. */
  void verify(Copy copy, Body wanted) throws IOException {
    try {
      translated(
          () -> {
            durable.verify(copy, wanted);
            return copy;
          });
    } catch (IOException e) {
      readFailed(e);
      throw e;
    }
  }

  void wrote(Copy copy) {
    bytesOut.addAndGet(copy.bytes());
    extents.incrementAndGet();
    health.works();
  }

  void failed(IOException why) {
    if (why instanceof StoreFull) {
      return;
    }
    (why instanceof CorruptCopy ? corrupt : writeErrors).incrementAndGet();
    health.failed(why);
  }

  void freeDurable(Copy copy) {
    extents.decrementAndGet();
    durable.free(copy);
  }

  /** Gives up a copy that was appended but is not to be used. */
  void discard(Copy copy) {
    durable.free(copy);
  }

  /** By one thread at a time: whoever else comes has nothing to do, and does not wait. */
  void tidySpilled() {
    if (!tidying.tryAcquire()) {
      return;
    }
    try {
      if (pens.tryAcquire()) {
        try {
          tick.run();
          spill.tidy();
        } finally {
          pens.release();
        }
      }
    } finally {
      tidying.release();
    }
  }

  void tidyDurable() {
    durable.tidy();
  }

  AgerStats.StoreStats stats() {
    Optional<String> failing = health.failing();
    if (failing.isEmpty() && !spill.ailing().isEmpty()) {
      failing = Optional.of(spill.ailing());
    }
    return new AgerStats.StoreStats(
        config.uri(),
        config.capacityBytes(),
        room.usedBytes(),
        freeBytes(),
        bytesOut.get(),
        bytesIn.get(),
        movedIn.get(),
        movedOut.get(),
        extents.get(),
        writeErrors.get(),
        readErrors.get(),
        corrupt.get(),
        spill.badBytes(),
        full,
        failing);
  }

  @Override
  public void close() {
    durable.close();
    spill.close();
    release.run();
  }
}

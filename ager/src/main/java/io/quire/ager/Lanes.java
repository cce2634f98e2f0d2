package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of a store that keep several I/Os in flight, and the buffers in which small bodies
 * travel together. File I/O would pin a virtual thread, so these are platform threads; they end
 * after half a minute without work. Any thread.
 *
 * <p>Reads and writes have lanes of their own, so no read ever waits for a write, however many are
 * queued and however slow they are; nor does a write wait for reads.
 *
 * <p>A task of a lane never waits for a buffer: writes are handed over with theirs, and each lane
 * of reads has one besides those of the pool. So what was handed to the lanes always goes on, and a
 * buffer of the pool comes back.
 */
final class Lanes implements AutoCloseable {
  /** A batch of page-ins with the headers before its bodies, if these are not tiny. */
  static final int BUFFER_BYTES = (2 << 20) + (128 << 10);

  private static final Logger log = LoggerFactory.getLogger(Lanes.class);
  private static final long IDLE_SECONDS = 30;
  private static final long END_SECONDS = 5;

  /** An I/O in a lane. */
  interface Io {
    void run() throws IOException;
  }

  /** A read in a lane, by way of the lane's own buffer of {@link #BUFFER_BYTES}. */
  interface Scatter {
    void run(MemorySegment own) throws IOException;
  }

  private final String name;
  private final ThreadPoolExecutor readers;
  private final ThreadPoolExecutor writers;
  private final Region buffers;
  private final AtomicInteger allocated = new AtomicInteger();
  private final BlockingQueue<MemorySegment> pool;
  private final ConcurrentLinkedQueue<MemorySegment> ofLanes = new ConcurrentLinkedQueue<>();

  /**
   * As many reads can be in flight as there are lanes, and as many writes. For each lane there may
   * be two buffers outside the heap, and one more.
   */
  Lanes(String name, int lanes) {
    this.name = name;
    readers = threads("ager-read-" + name, lanes);
    writers = threads("ager-write-" + name, lanes);
    buffers = Region.lazy((long) (2 * lanes + 1) * BUFFER_BYTES);
    pool = new ArrayBlockingQueue<>(lanes + 1);
    for (int i = 0; i <= lanes; i++) {
      pool.add(MemorySegment.NULL);
    }
  }

  private static ThreadPoolExecutor threads(String name, int lanes) {
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            lanes,
            lanes,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name(name + "-", 1).factory());
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }

  /** Waits for a buffer of the pool. */
  MemorySegment take() {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          MemorySegment buffer = pool.take();
          return buffer.byteSize() == 0 ? allocate() : buffer;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  void giveBack(MemorySegment buffer) {
    pool.add(buffer);
  }

  /**
   * Hands over a write. The queue is as long as callers make it: they wait for what they submit.
   *
   * @throws IOException if the store is closed
   */
  Future<?> write(Io io) throws IOException {
    return submit(writers, io);
  }

  /**
   * Hands over a read, as {@link #write} does.
   *
   * @throws IOException if the store is closed
   */
  Future<?> read(Io io) throws IOException {
    return submit(readers, io);
  }

  /**
   * The same for one that goes by way of the lane's own buffer.
   *
   * @throws IOException if the store is closed
   */
  Future<?> scatter(Scatter io) throws IOException {
    return read(
        () -> {
          MemorySegment free = ofLanes.poll();
          MemorySegment own = free == null ? allocate() : free;
          try {
            io.run(own);
          } finally {
            ofLanes.add(own);
          }
        });
  }

  private Future<?> submit(ThreadPoolExecutor threads, Io io) throws IOException {
    try {
      return threads.submit(
          () -> {
            io.run();
            return null;
          });
    } catch (RejectedExecutionException e) {
      throw new IOException("store is closed: store=" + name, e);
    }
  }

  /**
   * Waits for an I/O, whatever happens: while it runs, memory of extents is in use.
   *
   * @throws IOException that of the I/O
   */
  static void await(Future<?> running) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          running.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof IOException io) {
            throw io;
          }
          throw new IOException("store misbehaves: " + e.getCause(), e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private MemorySegment allocate() {
    long start = (long) allocated.getAndIncrement() * BUFFER_BYTES / PageRuns.PAGE_BYTES;
    return buffers.slice(start, BUFFER_BYTES);
  }

  /** Ends the threads. Buffers of an I/O that hangs are kept. */
  @Override
  public void close() {
    readers.shutdown();
    writers.shutdown();
    try {
      if (readers.awaitTermination(END_SECONDS, TimeUnit.SECONDS)
          && writers.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
        buffers.close();
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    log.warn("buffers kept, I/O does not end: store={}", name);
  }
}

package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.Draft;
import io.quire.base.Address;
import io.quire.base.WireReader.MalformedException;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Pulls extents from other nodes, slice by slice, straight into memory of the ager. The few
 * requests that may be under way are the flow control.
 */
final class ExtentPull {
  /** Requests under way for one reader. */
  static final int IN_FLIGHT_MAX = 4;

  private final Ager ager;
  private final Fabric fabric;
  private final DatasetsConfig config;
  private final Counters counters;

  /** What is to be pulled, and from which incarnation. */
  record Source(Address from, long incarnation, long xid, ExtentKey key, long bytes) {}

  ExtentPull(Ager ager, Fabric fabric, DatasetsConfig config, Counters counters) {
    this.ager = ager;
    this.fabric = fabric;
    this.config = config;
    this.counters = counters;
  }

  /**
   * The bytes, not yet verified, in a draft that the caller closes; null if the node does not have
   * the extent. Waits.
   *
   * @param permits shared by all pulls of one reader
   * @throws io.quire.fabric.FabricException if the node did not answer
   */
  @Nullable Draft pull(Source source, Semaphore permits, Deadline deadline) {
    Draft draft = ager.allocate(source.bytes, deadline.left());
    boolean whole = false;
    try {
      whole = fill(draft.segment(), source, permits, deadline);
      return whole ? draft : null;
    } finally {
      if (!whole) {
        draft.close();
      }
    }
  }

  private boolean fill(MemorySegment target, Source source, Semaphore permits, Deadline deadline) {
    Queue<CompletableFuture<Boolean>> asked = new ArrayDeque<>();
    try {
      boolean whole = true;
      for (long offset = 0; whole && offset < source.bytes; offset += config.sliceBytes()) {
        while (asked.size() >= IN_FLIGHT_MAX) {
          whole &= next(asked, deadline);
        }
        acquire(permits, source, deadline);
        asked.add(ask(target, source, offset, permits, deadline));
      }
      while (!asked.isEmpty()) {
        whole &= next(asked, deadline);
      }
      return whole;
    } finally {
      // An answer is written into the draft until its future is complete.
      asked.forEach(Await::end);
    }
  }

  /** The oldest answer; it leaves the queue only when it is complete. */
  private static boolean next(Queue<CompletableFuture<Boolean>> asked, Deadline deadline) {
    boolean here = Await.value("pulling", asked.element(), deadline);
    asked.remove();
    return here;
  }

  private static void acquire(Semaphore permits, Source source, Deadline deadline) {
    try {
      if (!permits.tryAcquire(deadline.left().toNanos(), TimeUnit.NANOSECONDS)) {
        throw new DatasetsException.DeadlinePassed("deadline passed: pulling " + source.key);
      }
    } catch (InterruptedException e) {
      throw Await.interrupted("pulling " + source.key);
    }
  }

  private CompletableFuture<Boolean> ask(
      MemorySegment target, Source source, long offset, Semaphore permits, Deadline deadline) {
    int length = (int) Math.min(config.sliceBytes(), source.bytes - offset);
    byte[] request =
        new ExtentServer.Slice(source.incarnation, source.xid, source.key, offset, length)
            .toBytes();
    MemorySegment into = target.asSlice(offset, length);
    CompletableFuture<Boolean> answer =
        fabric.requestInto(
            source.from,
            Service.EXTENT,
            request,
            deadline.left(),
            into.asByteBuffer(),
            bytes -> isThere(bytes, length));
    answer.whenComplete((_, _) -> permits.release());
    return answer;
  }

  private boolean isThere(ByteBuffer bytes, int wanted) {
    if (!bytes.hasRemaining()) {
      return false;
    }
    if (bytes.remaining() != wanted) {
      throw new MalformedException(
          "not the slice: bytesFound=" + bytes.remaining() + " bytesWanted=" + wanted);
    }
    counters.bytesPulled.add(wanted);
    return true;
  }
}

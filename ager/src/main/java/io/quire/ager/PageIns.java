package io.quire.ager;

import io.quire.ager.Frame.Spilled;
import io.quire.ager.Frame.Stored;
import io.quire.ager.Memory.Join;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pins, and reads what is not there. Memory for a page-in is found by the thread that wants it, the
 * reading is done by few threads that do nothing else; whoever pins the same extent meanwhile waits
 * for the same read. The queue is bounded: at the limit a pin waits, and reading ahead is left.
 */
final class PageIns {
  private static final Logger log = LoggerFactory.getLogger(PageIns.class);
  private static final int QUEUE_MAX = 1024;
  private static final long IDLE_MILLIS = 200;
  private static final int ATTEMPTS = 2;

  private final Memory memory;
  private final BlockingQueue<PageIn> queue = new ArrayBlockingQueue<>(QUEUE_MAX);

  PageIns(Memory memory) {
    this.memory = memory;
  }

  Pin pin(Extent extent, Deadline deadline) {
    Frame frame = extent.frame();
    while (true) {
      if (frame.tryPin()) {
        return new Pin(extent);
      }
      Join join = memory.join(frame);
      if (join != null) {
        boolean pinned = false;
        try {
          if (join.first()) {
            start(join.pageIn(), deadline);
          }
          await(join.pageIn(), extent, deadline);
          pinned = true;
          return new Pin(extent);
        } catch (AgerException e) {
          // Who started it may have had less time than this caller has.
          if (join.first() || !e.retryable() || deadline.passed()) {
            throw e;
          }
        } finally {
          if (!pinned) {
            frame.unpin();
          }
        }
      }
    }
  }

  private void start(PageIn pageIn, Deadline deadline) {
    boolean queued = false;
    RuntimeException why = new IllegalStateException("page-in not started");
    try {
      memory.makeRoom(pageIn, deadline);
      queued = queue.offer(pageIn, deadline.remainingNanos(), TimeUnit.NANOSECONDS);
      if (!queued) {
        why = new AgerException.StoreUnavailable("all", "too many page-ins wait: max=" + QUEUE_MAX);
        throw why;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      why = new AgerException.Interrupted("page-in: extent=" + pageIn.frame().id());
      throw why;
    } catch (RuntimeException e) {
      why = e;
      throw e;
    } finally {
      if (!queued) {
        memory.pageInFailed(pageIn, why);
      }
    }
  }

  private static void await(PageIn pageIn, Extent extent, Deadline deadline) {
    try {
      pageIn.done().get(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException why) {
        throw why;
      }
      throw new IllegalStateException("page-in failed: extent=" + extent.id(), e.getCause());
    } catch (TimeoutException e) {
      throw new AgerException.StoreUnavailable(
          storesOf(pageIn.frame()), "page-in did not end in time: extent=" + extent.id());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AgerException.Interrupted("page-in: extent=" + extent.id());
    }
  }

  /** Starts reading, if that takes nothing that is needed sooner; whether it did. */
  boolean ahead(Frame frame) {
    PageIn pageIn = memory.beginAhead(frame);
    if (pageIn == null) {
      return false;
    }
    boolean queued = queue.offer(pageIn);
    if (!queued) {
      memory.pageInFailed(
          pageIn,
          new AgerException.StoreUnavailable("all", "too many page-ins wait: max=" + QUEUE_MAX));
    }
    return queued;
  }

  /** One page-in, or a wait. */
  void step() throws InterruptedException {
    PageIn pageIn = queue.poll(IDLE_MILLIS, TimeUnit.MILLISECONDS);
    if (pageIn == null) {
      return;
    }
    RuntimeException why = new IllegalStateException("page-in broke off");
    boolean read = false;
    try {
      read(pageIn);
      read = true;
    } catch (AgerException e) {
      why = e;
    } finally {
      if (!read) {
        memory.pageInFailed(pageIn, why);
      }
    }
  }

  /** A copy to try, for reading and for messages. */
  private record Source(Store store, Copy copy, @Nullable Spilled spilled) {}

  private void read(PageIn pageIn) {
    Frame frame = pageIn.frame();
    Body wanted = memory.bodyOf(frame);
    List<Source> sources = sourcesOf(frame, wanted);
    List<String> reasons = new ArrayList<>();
    String unavailable = null;
    boolean spilledIsBad = false;
    for (Source source : sources) {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        try {
          read(source, wanted);
          memory.pagedIn(pageIn, spilledIsBad);
          return;
        } catch (CorruptCopy e) {
          log.warn("copy does not verify: copy={} reason={}", source.copy, e.getMessage());
          reasons.add(source.store.uri() + ": " + e.getMessage());
          spilledIsBad |= source.spilled != null;
        } catch (IOException e) {
          log.warn("copy cannot be read: copy={}", source.copy, e);
          reasons.add(source.store.uri() + ": " + e);
          unavailable = source.store.uri();
        }
      }
    }
    if (unavailable != null) {
      throw new AgerException.StoreUnavailable(
          unavailable, "extent=%d reasons=%s".formatted(frame.id(), reasons));
    }
    throw new AgerException.ExtentLost(
        Objects.requireNonNull(frame.extent), sources.stream().map(Source::copy).toList(), reasons);
  }

  private static void read(Source source, Body wanted) throws IOException {
    if (source.spilled == null) {
      source.store.read(source.copy, wanted.run());
      return;
    }
    SpillRead read = new SpillRead(wanted, source.spilled.place());
    source.store.read(List.of(read));
    if (read.failure() != null) {
      throw read.failure();
    }
  }

  /** The copies of a frame, in the order in which they are read: spilled ones are nearer. */
  private static List<Source> sourcesOf(Frame frame, Body wanted) {
    List<Source> sources = new ArrayList<>();
    Spilled spilled = frame.spilled;
    if (spilled != null) {
      Store store = spilled.store();
      sources.add(new Source(store, store.describe(spilled.place(), wanted), spilled));
    }
    Stored durable = frame.durable;
    if (durable != null) {
      sources.add(new Source(durable.store(), durable.copy(), null));
    }
    return sources;
  }

  private static String storesOf(Frame frame) {
    return Stream.of(
            Optional.ofNullable(frame.spilled).map(Spilled::store),
            Optional.ofNullable(frame.durable).map(Stored::store))
        .flatMap(Optional::stream)
        .map(Store::uri)
        .toList()
        .toString();
  }

  /** Fails what is still in the queue; the threads must have ended. */
  void close(RuntimeException why) {
    for (PageIn left = queue.poll(); left != null; left = queue.poll()) {
      memory.pageInFailed(left, why);
    }
  }
}

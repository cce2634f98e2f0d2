package io.quire.ager;

import io.quire.ager.Frame.Stored;
import io.quire.ager.Memory.Join;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pins, and reads what is not there. The reading is done by few threads that do nothing else,
 * neighbours in a store together; whoever pins the same extent meanwhile waits for the same read.
 * What somebody waits for is read before what is read ahead. Each extent in a queue has its memory
 * already, so memory bounds the queues.
 *
 * <p>Each store has a queue and threads of its own, so a store that is slow or hangs holds up
 * nobody who reads from another one.
 */
final class PageIns {
  private static final Logger log = LoggerFactory.getLogger(PageIns.class);
  private static final long IDLE_NANOS = 200_000_000L;
  private static final long BATCH_MIN_BYTES = 256 << 10;
  private static final long BATCH_MAX_BYTES = 2 << 20;

  /** Into so many batches is divided what is read ahead, so that several are under way. */
  private static final int BATCHES = 8;

  /** From a remote store so many times as much is read ahead, and in one go. */
  private static final int REMOTE = 4;

  private static final int ATTEMPTS = 2;

  private final Memory memory;
  private final List<Store> stores;
  private final long readAheadBytes;
  private final ReentrantLock lock = new ReentrantLock();

  /** What is to be read from one store. Guarded by the lock. */
  private final class Line {
    final boolean remote;
    final long batchBytes;
    final Condition added = lock.newCondition();
    final ArrayDeque<PageIn> urgent = new ArrayDeque<>();
    final ArrayDeque<PageIn> ahead = new ArrayDeque<>();

    Line(boolean remote, long readAheadBytes) {
      this.remote = remote;
      long bytes = (remote ? REMOTE : 1) * readAheadBytes / BATCHES;
      batchBytes = Math.clamp(bytes, BATCH_MIN_BYTES, BATCH_MAX_BYTES);
    }
  }

  private final List<Line> lines = new ArrayList<>();
  private volatile boolean waiting;

  /** So often has a thread found nothing to read. Written under the lock. */
  private volatile int idle;

  PageIns(Memory memory, List<Store> stores, long readAheadBytes) {
    this.memory = memory;
    this.stores = stores;
    this.readAheadBytes = readAheadBytes;
    stores.forEach(store -> lines.add(new Line(store.isRemote(), readAheadBytes)));
  }

  /** Whether somebody waits for a read that has not begun. */
  boolean anyWait() {
    return waiting;
  }

  /** Changes when stores could have read more than they were asked for. */
  int idle() {
    return idle;
  }

  /**
   * How far ahead of it all scans together may read, in bytes, if what comes next lies where this
   * one does. A guess if somebody moves it at this moment.
   */
  long aheadMaxBytes(Extent extent) {
    boolean spilled = extent.place != Place.NOWHERE;
    boolean remote =
        spilled ? lines.get(extent.placeStore).remote : !lines.isEmpty() && lines.getLast().remote;
    return (remote ? REMOTE : 1) * readAheadBytes;
  }

  // ---- pins

  /** Counts a pin on the extent, and reads it if need be; throws as {@link Ager#pin} does. */
  void hold(Extent extent, Deadline deadline) {
    while (!extent.tryPinUnseen()) {
      Join join = memory.join(extent, deadline);
      if (join != null) {
        boolean pinned = false;
        try {
          await(join, extent, deadline);
          pinned = true;
          return;
        } catch (AgerException e) {
          // Who started it may have had less time than this caller has.
          if (join instanceof Join.First || !e.retryable() || deadline.passed()) {
            throw e;
          }
        } finally {
          if (!pinned) {
            extent.unpin();
          }
        }
      }
    }
  }

  /**
   * As {@link #hold}, for a caller that does not wait. The pin is given back if nobody takes it.
   */
  CompletableFuture<Pin> pinAsync(Extent extent, Deadline deadline) {
    return pinAsync(new Asked(extent, deadline, memory.pinTrace().here()));
  }

  /** Of a caller that does not wait, and where it asked. */
  private record Asked(Extent extent, Deadline deadline, PinTrace.@Nullable Origin at) {
    Pin pin() {
      return new Pin(extent, at);
    }
  }

  private CompletableFuture<Pin> pinAsync(Asked asked) {
    if (asked.extent.tryPinUnseen()) {
      return CompletableFuture.completedFuture(asked.pin());
    }
    Join join = memory.join(asked.extent, asked.deadline);
    if (join == null) {
      return pinAsync(asked);
    }
    CompletableFuture<Pin> answer = new CompletableFuture<>();
    begun(join)
        .orTimeout(asked.deadline.remainingNanos(), TimeUnit.NANOSECONDS)
        .whenComplete((_, failure) -> arrived(join, asked, answer, failure));
    return answer;
  }

  private void arrived(
      Join join, Asked asked, CompletableFuture<Pin> answer, @Nullable Throwable failure) {
    Extent extent = asked.extent;
    if (failure == null) {
      Pin pin = asked.pin();
      if (!answer.complete(pin)) {
        pin.close();
      }
      return;
    }
    extent.unpin();
    boolean again =
        !(join instanceof Join.First)
            && failure instanceof AgerException e
            && e.retryable()
            && !asked.deadline.passed();
    if (again && !answer.isDone()) {
      pinAsync(asked)
          .whenComplete(
              (pin, why) -> {
                if (why != null) {
                  answer.completeExceptionally(why);
                } else if (!answer.complete(pin)) {
                  pin.close();
                }
              });
    } else {
      answer.completeExceptionally(
          failure instanceof TimeoutException ? why(join, extent) : failure);
    }
  }

  private AgerException why(Join join, Extent extent) {
    try {
      switch (join) {
        case Join.First first -> memory.withdraw(first.pageIn());
        case Join.Running running -> memory.withdraw(running.pageIn());
        case Join.Moving _ -> {}
      }
      return late(extent);
    } catch (AgerException e) {
      return e;
    }
  }

  /** What completes when the bytes are there; a copy, so that nobody else's timeout ends it. */
  private CompletableFuture<Void> begun(Join join) {
    return switch (join) {
      case Join.First first -> {
        start(first.pageIn());
        yield first.pageIn().done().copy();
      }
      case Join.Running running -> {
        hurry(running.pageIn());
        yield running.pageIn().done().copy();
      }
      case Join.Moving moving -> moving.moved().copy();
    };
  }

  private void await(Join join, Extent extent, Deadline deadline) {
    CompletableFuture<Void> done = begun(join);
    try {
      done.get(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException why
          ? why
          : new IllegalStateException("page-in failed: extent=" + extent.id(), e.getCause());
    } catch (TimeoutException e) {
      throw why(join, extent);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AgerException.Interrupted("page-in: extent=" + extent.id());
    }
  }

  private AgerException late(Extent extent) {
    return new AgerException.StoreUnavailable(
        sourcesOf(extent).stream().map(source -> source.store.uri()).toList().toString(),
        "page-in did not end in time: extent=" + extent.id());
  }

  // ---- the queue

  /** Starts reading, if that takes nothing that is needed sooner; null if it does. */
  @Nullable PageIn ahead(Extent extent, Deadline deadline) {
    PageIn pageIn = memory.beginAhead(extent, deadline);
    if (pageIn != null) {
      start(pageIn);
    }
    return pageIn;
  }

  /** The same, for a copy that is to be moved. */
  @Nullable PageIn toMove(Extent extent, Deadline deadline) {
    PageIn pageIn = memory.beginToMove(extent, deadline);
    if (pageIn != null) {
      start(pageIn);
    }
    return pageIn;
  }

  /** Nobody is interested in what was to be read ahead, if nobody has joined it. */
  void cancel(PageIn pageIn) {
    boolean queued;
    lock.lock();
    try {
      queued = lineOf(pageIn).ahead.remove(pageIn);
    } finally {
      lock.unlock();
    }
    if (queued) {
      memory.pageInFailed(pageIn, cancelled(pageIn));
    } else {
      memory.cancel(pageIn);
    }
  }

  private static AgerException cancelled(PageIn pageIn) {
    return new AgerException.StoreUnavailable(
        "all", "reading ahead was cancelled: extent=" + pageIn.extent().id());
  }

  /** Queues it as soon as it has its room. */
  private void start(PageIn pageIn) {
    var unused =
        pageIn
            .room
            .granted()
            .whenComplete(
                (placed, failure) -> {
                  if (failure != null) {
                    memory.pageInFailed(pageIn, failure);
                  } else if (placed) {
                    add(pageIn);
                  } else {
                    memory.pageInFailed(pageIn, cancelled(pageIn));
                  }
                });
  }

  /** Where it is read from first; that does not change before it has ended. */
  private Line lineOf(PageIn pageIn) {
    Extent extent = pageIn.extent();
    Stored durable = extent.durable();
    if (extent.place != Place.NOWHERE || durable == null) {
      return lines.get(extent.placeStore);
    }
    return lines.get(stores.indexOf(durable.store()));
  }

  private void add(PageIn pageIn) {
    lock.lock();
    try {
      pageIn.urgent |= pageIn.room.urgent();
      Line line = lineOf(pageIn);
      (pageIn.urgent ? line.urgent : line.ahead).add(pageIn);
      line.added.signal();
      noteWaiting();
    } finally {
      lock.unlock();
    }
  }

  private void noteWaiting() {
    waiting = lines.stream().anyMatch(line -> !line.urgent.isEmpty());
  }

  /** Somebody waits for it now. */
  private void hurry(PageIn pageIn) {
    lock.lock();
    try {
      if (!pageIn.urgent) {
        pageIn.urgent = true;
        Line line = lineOf(pageIn);
        if (line.ahead.remove(pageIn)) {
          line.urgent.add(pageIn);
          waiting = true;
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes what is next in a store's queue and what may be read together with it. */
  private List<PageIn> take(Line line, long waitNanos) throws InterruptedException {
    lock.lock();
    try {
      if (line.urgent.isEmpty() && line.ahead.isEmpty()) {
        idle++;
        line.added.awaitNanos(waitNanos);
      }
      List<PageIn> batch = new ArrayList<>();
      long bytes = 0;
      ArrayDeque<PageIn> from = line.urgent.isEmpty() ? line.ahead : line.urgent;
      while (!from.isEmpty()
          && (batch.isEmpty() || bytes + from.element().extent().bytes() <= line.batchBytes)) {
        bytes += from.element().extent().bytes();
        batch.add(from.remove());
      }
      noteWaiting();
      return batch;
    } finally {
      lock.unlock();
    }
  }

  // ---- reading

  /** One batch of what lies in a store, or a wait. */
  void step(int store) throws InterruptedException {
    List<PageIn> batch = take(lines.get(store), IDLE_NANOS);
    if (batch.isEmpty()) {
      return;
    }
    List<PageIn> left = new ArrayList<>(batch);
    try {
      readTogether(store, left);
      while (!left.isEmpty()) {
        PageIn pageIn = left.getFirst();
        try {
          read(pageIn);
        } catch (AgerException e) {
          memory.pageInFailed(pageIn, e);
        }
        left.removeFirst();
      }
    } finally {
      left.forEach(
          pageIn -> memory.pageInFailed(pageIn, new IllegalStateException("page-in broke off")));
    }
  }

  /** Reads the spilled copies of a batch in one go; what was not read stays in the list. */
  private void readTogether(int store, List<PageIn> batch) {
    List<PageIn> there = new ArrayList<>();
    List<SpillRead> reads = new ArrayList<>();
    for (PageIn pageIn : batch) {
      Extent extent = pageIn.extent();
      if (extent.place != Place.NOWHERE) {
        there.add(pageIn);
        reads.add(new SpillRead(extent.body(), extent.place));
      }
    }
    if (!reads.isEmpty()) {
      stores.get(store).read(reads);
      for (int i = 0; i < reads.size(); i++) {
        if (reads.get(i).failure() == null) {
          memory.pagedIn(there.get(i), PageIn.Spilled.GOOD);
          batch.remove(there.get(i));
        }
      }
    }
  }

  /** A copy to try, for reading and for messages. */
  private record Source(Store store, Copy copy, long place) {
    boolean spilled() {
      return place != Place.NOWHERE;
    }
  }

  private void read(PageIn pageIn) {
    Extent extent = pageIn.extent();
    List<Source> sources = sourcesOf(extent);
    List<String> reasons = new ArrayList<>();
    String unavailable = null;
    boolean spilledIsBad = false;
    boolean suspect = false;
    for (Source source : sources) {
      // Spilled copies have been tried once, together with others.
      for (int attempt = source.spilled() ? 1 : 0; attempt < ATTEMPTS; attempt++) {
        try {
          read(source, extent.body());
          if (suspect) {
            memory.suspect(extent);
          }
          memory.pagedIn(
              pageIn,
              source.spilled()
                  ? PageIn.Spilled.GOOD
                  : spilledIsBad ? PageIn.Spilled.BAD : PageIn.Spilled.UNKNOWN);
          return;
        } catch (CorruptCopy e) {
          log.warn("copy does not verify: copy={} reason={}", source.copy, e.getMessage());
          reasons.add(source.store.uri() + ": " + e.getMessage());
          spilledIsBad |= source.spilled();
        } catch (IOException e) {
          log.warn("copy cannot be read: copy={}", source.copy, e);
          reasons.add(source.store.uri() + ": " + e);
          unavailable = source.store.uri();
          suspect |= source.spilled();
        }
      }
    }
    if (spilledIsBad || suspect) {
      memory.suspect(extent);
    }
    if (unavailable != null) {
      throw new AgerException.StoreUnavailable(
          unavailable, "extent=%d reasons=%s".formatted(extent.id(), reasons));
    }
    throw new AgerException.ExtentLost(
        extent, sources.stream().map(Source::copy).toList(), reasons);
  }

  private static void read(Source source, Body wanted) throws IOException {
    if (!source.spilled()) {
      source.store.read(source.copy, wanted.run());
      return;
    }
    SpillRead read = new SpillRead(wanted, source.place);
    source.store.read(List.of(read));
    if (read.failure() != null) {
      throw Objects.requireNonNull(read.failure());
    }
  }

  /** The copies of an extent, in the order in which they are read: spilled ones are nearer. */
  private List<Source> sourcesOf(Extent extent) {
    return memory.locked(
        () -> {
          List<Source> sources = new ArrayList<>();
          if (extent.place != Place.NOWHERE) {
            Store store = stores.get(extent.placeStore);
            Copy named = store.describe(extent.place, extent.described());
            sources.add(new Source(store, named, extent.place));
          }
          Stored durable = extent.durable();
          if (durable != null) {
            sources.add(new Source(durable.store(), durable.copy(), Place.NOWHERE));
          }
          return sources;
        });
  }

  /** Fails what is still in the queue; the threads must have ended. */
  void close(RuntimeException why) {
    List<PageIn> left = new ArrayList<>();
    lock.lock();
    try {
      for (Line line : lines) {
        left.addAll(line.urgent);
        left.addAll(line.ahead);
        line.urgent.clear();
        line.ahead.clear();
      }
    } finally {
      lock.unlock();
    }
    left.forEach(pageIn -> memory.pageInFailed(pageIn, why));
  }
}

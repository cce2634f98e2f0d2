package io.quire.log;

import io.quire.base.Log.Entry;
import io.quire.base.Log.Recorded;
import io.quire.base.Log.Tail;
import io.quire.base.Log.TrimmedException;
import io.quire.base.Position;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The readers of this node's log. Each reads the files by itself, on virtual threads, and takes no
 * lock that an append takes: appends do not feel them, save for what disk and processor they share.
 *
 * <p>What may be read is what this node has applied and has on its own disk. A leader may apply
 * what a majority of others has on disk before it has it itself; its readers wait for that.
 */
final class Readers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Readers.class);
  private static final int BYTES_AT_ONCE = 1 << 20;
  private static final long FLUSH_MILLIS = 2;

  private final SegmentFiles files;
  private final LongSupplier applied;
  private final LongSupplier flushed;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Executor later =
      CompletableFuture.delayedExecutor(FLUSH_MILLIS, TimeUnit.MILLISECONDS, threads);
  private final Queue<Place> waiting = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  /**
   * Reads these files.
   *
   * @param applied index of the last Raft entry applied
   * @param flushed index of the last Raft entry on this node's disk
   */
  Readers(SegmentFiles files, LongSupplier applied, LongSupplier flushed) {
    this.files = files;
    this.applied = applied;
    this.flushed = flushed;
  }

  long oldest() {
    try {
      return Position.of(files.oldest(), 0);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list the log: cause=" + e, e);
    }
  }

  Tail read(long from, long to) {
    return new Place(from, to);
  }

  CompletableFuture<@Nullable Recorded> entryAt(long position) {
    if (Position.index(position) > applied.getAsLong()) {
      return CompletableFuture.completedFuture(null);
    }
    Tail one = read(position, position);
    return one.next(1)
        .handle(
            (found, e) -> {
              one.close();
              if (e != null) {
                throw e instanceof RuntimeException known
                    ? known
                    : new IllegalStateException("cannot read: cause=" + e, e);
              }
              return found.isEmpty() ? null : found.getFirst();
            });
  }

  /** More was applied. On the loop, after every frame: so it must cost nothing if nobody reads. */
  void advanced() {
    if (!waiting.isEmpty()) {
      for (Place place = waiting.poll(); place != null; place = waiting.poll()) {
        threads.execute(place::go);
      }
    }
  }

  /** Ends all readers. */
  @Override
  public void close() {
    closed = true;
    for (Place place = waiting.poll(); place != null; place = waiting.poll()) {
      place.close();
    }
    threads.shutdown();
  }

  /** One reader. */
  private final class Place implements Tail {
    private final long to;
    private final ArrayDeque<Recorded> ready = new ArrayDeque<>();
    private final EntryCursor cursor;
    private final ReentrantLock reading = new ReentrantLock();
    private volatile CompletableFuture<List<Recorded>> asked =
        CompletableFuture.completedFuture(List.of());
    private volatile int wanted;
    private volatile long resume;
    private volatile boolean done;

    Place(long from, long to) {
      if (from < 0) {
        throw new IllegalArgumentException("not a position: from=" + from);
      }
      this.to = to;
      resume = from;
      cursor = new EntryCursor(files, Position.index(from));
    }

    @Override
    public CompletableFuture<List<Recorded>> next(int recordsMax) {
      if (recordsMax < 1 || recordsMax > RECORDS_MAX) {
        throw new IllegalArgumentException(
            "out of range: records=" + recordsMax + " max=" + RECORDS_MAX);
      }
      CompletableFuture<List<Recorded>> answer = new CompletableFuture<>();
      if (!asked.isDone()) {
        throw new IllegalStateException("the call before has not completed");
      }
      wanted = recordsMax;
      asked = answer;
      if (closed || done) {
        answer.complete(List.of());
      } else {
        threads.execute(this::go);
      }
      return answer;
    }

    @Override
    public long resume() {
      return resume;
    }

    private void go() {
      CompletableFuture<List<Recorded>> answer = asked;
      if (answer.isDone()) {
        return;
      }
      List<Recorded> found;
      reading.lock();
      try {
        found = more();
        if (!found.isEmpty()) {
          resume = found.getLast().position() + 1;
        }
      } catch (IOException e) {
        answer.completeExceptionally(
            new UncheckedIOException("cannot read the log: cause=" + e, e));
        return;
      } catch (RuntimeException e) {
        answer.completeExceptionally(e);
        return;
      } finally {
        reading.unlock();
        releaseIfDone();
      }
      // Without the lock, for what hangs on the answer runs here and may ask for more.
      if (!found.isEmpty() || ended()) {
        answer.complete(found);
      } else {
        await();
      }
    }

    private boolean ended() {
      return done || closed || resume > to || cursor.index() > Position.index(to);
    }

    private void await() {
      long next = cursor.index();
      if (next <= applied.getAsLong()) {
        later.execute(this::go);
        return;
      }
      waiting.add(this);
      // It may have come before this reader was seen to wait.
      if ((next <= applied.getAsLong() || closed) && waiting.remove(this)) {
        threads.execute(this::go);
      }
    }

    private List<Recorded> more() throws IOException {
      cursor.refresh();
      long limit = Math.min(applied.getAsLong(), flushed.getAsLong());
      List<Recorded> found = new ArrayList<>();
      int bytes = 0;
      while (found.size() < wanted && bytes < BYTES_AT_ONCE && !done) {
        if (ready.isEmpty() && !decode(limit)) {
          break;
        }
        Recorded one = ready.poll();
        if (one != null) {
          found.add(one);
          bytes += one.entry().payload().length;
        }
      }
      return found;
    }

    /** Makes the records of the next Raft entry ready; false if there is none to be had now. */
    private boolean decode(long limit) throws IOException {
      if (cursor.index() > limit || cursor.index() > Position.index(to)) {
        return false;
      }
      EntryCursor.Taken taken;
      try {
        taken = cursor.take();
      } catch (TrimmedException e) {
        throw new TrimmedException(Math.max(resume, Position.of(cursor.index(), 0)), e.oldest());
      }
      Frame frame = taken.frame();
      if (frame != null) {
        for (int slot = 0; slot < frame.records().size(); slot++) {
          long position = Position.of(taken.index(), slot);
          if (position >= resume && position <= to) {
            Entry entry = frame.records().get(slot).entry();
            ready.add(new Recorded(position, taken.term(), entry));
          }
        }
      }
      return true;
    }

    @Override
    public void close() {
      done = true;
      waiting.remove(this);
      asked.complete(List.of());
      releaseIfDone();
    }

    /** Whoever reads now does it when it is done; nobody waits for that. */
    private void releaseIfDone() {
      if (done && reading.tryLock()) {
        try {
          cursor.close();
        } catch (IOException e) {
          LOG.warn("cannot close a reader's file: cause={}", e.toString());
        } finally {
          reading.unlock();
        }
      }
    }
  }
}

package io.quire.sim;

import io.quire.base.Log;
import io.quire.base.Log.Recorded;
import io.quire.base.Log.Tail;
import io.quire.base.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** The readers of one node's log. They take what is applied, at once, or when it is applied. */
final class SimTails {
  private final IntFunction<@Nullable Recorded> applied;
  private final List<Place> waiting = new ArrayList<>();
  private long oldest = Position.NONE;

  /** Reads entries by how many stand before them; null is behind the last one applied. */
  SimTails(IntFunction<@Nullable Recorded> applied) {
    this.applied = applied;
  }

  long oldest() {
    return oldest;
  }

  void trim(long before) {
    oldest = Math.max(oldest, before);
  }

  Tail read(long from, long to) {
    return new Place(from, to);
  }

  CompletableFuture<@Nullable Recorded> entryAt(long position) {
    if (position < oldest) {
      return CompletableFuture.failedFuture(new Log.TrimmedException(position, oldest));
    }
    for (int at = 0; ; at++) {
      Recorded found = applied.apply(at);
      if (found == null || found.position() >= position) {
        return CompletableFuture.completedFuture(
            found == null || found.position() > position ? null : found);
      }
    }
  }

  /** More was applied. */
  void advanced() {
    if (!waiting.isEmpty()) {
      List<Place> woken = List.copyOf(waiting);
      waiting.clear();
      woken.forEach(Place::go);
    }
  }

  private final class Place implements Tail {
    private final long to;
    private long resume;
    private int at;
    private int wanted;
    private boolean closed;
    private CompletableFuture<List<Recorded>> asked = CompletableFuture.completedFuture(List.of());

    Place(long from, long to) {
      this.to = to;
      resume = from;
    }

    @Override
    public CompletableFuture<List<Recorded>> next(int recordsMax) {
      if (!asked.isDone()) {
        throw new IllegalStateException("the call before has not completed");
      }
      wanted = recordsMax;
      asked = new CompletableFuture<>();
      CompletableFuture<List<Recorded>> answer = asked;
      go();
      return answer;
    }

    private void go() {
      if (resume < oldest && !closed) {
        asked.completeExceptionally(new Log.TrimmedException(resume, oldest));
        return;
      }
      List<Recorded> found = new ArrayList<>();
      boolean ended = closed || resume > to;
      while (!ended && found.size() < wanted) {
        Recorded one = applied.apply(at);
        if (one == null) {
          break;
        }
        ended = one.position() > to;
        if (ended) {
          break;
        }
        if (one.position() >= resume) {
          found.add(one);
        }
        at++;
      }
      if (!found.isEmpty()) {
        resume = found.getLast().position() + 1;
      }
      if (ended || !found.isEmpty()) {
        asked.complete(found);
      } else {
        waiting.add(this);
      }
    }

    @Override
    public long resume() {
      return resume;
    }

    @Override
    public void close() {
      closed = true;
      waiting.remove(this);
      asked.complete(List.of());
    }
  }
}

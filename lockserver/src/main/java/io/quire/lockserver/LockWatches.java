package io.quire.lockserver;

import io.quire.base.Loop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The watches of a node. None has a queue: each knows the last event that it has seen, and takes
 * the next one out of the ring that the fold keeps. Confined to the loop.
 */
final class LockWatches {
  /** From what is applied when the watch is opened. */
  static final long NOW = -1;

  private static final int ASKING_MAX = 10_000;

  private final LockTree tree;
  private final Loop loop;
  private final List<Cursor> asking = new ArrayList<>();
  private long looked;
  private boolean scheduled;

  /** How far a watch has come. */
  static final class Cursor {
    final String path;
    final String below;
    long seen;
    @Nullable CompletableFuture<LockEvent> asked;

    Cursor(String path, long seen) {
      this.path = path;
      this.below = LockPath.below(path);
      this.seen = seen;
    }

    boolean wants(LockEvent event) {
      return event.kind() == LockEvent.Kind.LEADER
          || event.path().equals(path)
          || event.path().startsWith(below);
    }
  }

  LockWatches(LockTree tree, Loop loop) {
    this.tree = tree;
    this.loop = loop;
  }

  LockWatch watch(String path, long after) {
    Cursor cursor = new Cursor(path, after);
    if (after == NOW) {
      loop.execute(() -> cursor.seen = tree.events().last());
    }
    return new LockWatch(this, loop, cursor);
  }

  /** Asks for the next event. */
  void ask(Cursor cursor, CompletableFuture<LockEvent> event) {
    cursor.asked = event;
    if (asking.size() >= ASKING_MAX) {
      event.completeExceptionally(
          new LockException.LimitReached(
              "watching: path=" + cursor.path + ": too many watches wait: max=" + ASKING_MAX));
    } else if (!give(cursor)) {
      asking.add(cursor);
    }
  }

  void stop(Cursor cursor) {
    asking.remove(cursor);
  }

  /** There may be new events. In the midst of applying, so those who wait are told after it. */
  void look() {
    if (asking.isEmpty() || scheduled || tree.events().last() == looked) {
      return;
    }
    scheduled = true;
    loop.execute(
        () -> {
          scheduled = false;
          looked = tree.events().last();
          asking.removeIf(this::give);
        });
  }

  private boolean give(Cursor cursor) {
    CompletableFuture<LockEvent> asked = cursor.asked;
    if (asked == null || asked.isDone()) {
      return true;
    }
    EventRing events = tree.events();
    if (cursor.seen < events.forgotten()) {
      cursor.seen = events.forgotten();
      asked.complete(new LockEvent(cursor.seen, 0, LockEvent.Kind.MISSED, cursor.path, 0, 0));
      return true;
    }
    LockEvent next = events.after(cursor.seen, cursor::wants);
    if (next == null) {
      cursor.seen = Math.max(cursor.seen, events.last());
      return false;
    }
    cursor.seen = next.id();
    asked.complete(next);
    return true;
  }
}

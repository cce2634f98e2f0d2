package io.quire.lockserver;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The newest events. Part of the fold: equal on all nodes, and saved. Confined to the loop. */
final class EventRing {
  private static final LockEvent.Kind[] KINDS = LockEvent.Kind.values();

  private final LockEvent[] ring;
  private long last;
  private int kept;

  EventRing(int max) {
    ring = new LockEvent[max];
  }

  LockEvent add(long position, LockEvent.Kind kind, String path, long session, long generation) {
    LockEvent event = new LockEvent(++last, position, kind, path, session, generation);
    kept = Math.min(ring.length, kept + 1);
    ring[slot(last)] = event;
    return event;
  }

  /** The id of the newest event, 0 before the first. */
  long last() {
    return last;
  }

  /** Events up to this id are not kept. */
  long forgotten() {
    return last - kept;
  }

  /** The first event after this id that the filter wants, if it is there. */
  @Nullable LockEvent after(long id, Predicate<LockEvent> wanted) {
    for (long next = Math.max(id, forgotten()) + 1; next <= last; next++) {
      LockEvent event = ring[slot(next)];
      if (wanted.test(event)) {
        return event;
      }
    }
    return null;
  }

  private int slot(long id) {
    return (int) (id % ring.length);
  }

  /** What there is now, to be written later. */
  Consumer<WireWriter> capture() {
    long newest = last;
    LockEvent[] now = new LockEvent[kept];
    for (int i = 0; i < kept; i++) {
      now[i] = ring[slot(forgotten() + 1 + i)];
    }
    return out -> {
      out.int64(newest).int32(now.length);
      for (LockEvent event : now) {
        out.int64(event.position())
            .int8(event.kind().ordinal())
            .string(event.path())
            .int64(event.session())
            .int64(event.generation());
      }
    };
  }

  void restore(WireReader in) {
    long newest = in.int64();
    int count = in.count(29);
    if (count > ring.length) {
      throw new WireReader.MalformedException(
          "too many events: found=" + count + " max=" + ring.length);
    }
    last = newest - count;
    kept = 0;
    for (int i = 0; i < count; i++) {
      long position = in.int64();
      int kind = in.int8();
      if (kind < 0 || kind >= KINDS.length) {
        throw new WireReader.MalformedException("not an event: kind=" + kind);
      }
      add(position, KINDS[kind], in.string(), in.int64(), in.int64());
    }
  }
}

package io.quire.ns;

import io.quire.base.Clock;
import io.quire.gvm.Change;
import io.quire.gvm.GvmException;
import io.quire.gvm.Key;
import io.quire.gvm.Watch;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The changes of some objects, each once, in the order of the log and without gaps. It holds
 * nothing but its place: a reader that takes its time costs no memory, and {@link #bookmark} is all
 * that must be kept to go on later, also on another node. Each node remembers the last 16,384
 * changes of all cells, of which an object that is created or renamed takes two or three.
 *
 * <p>One thread at a time; {@link #close} may be called by any.
 */
public final class NsWatch implements AutoCloseable {
  private final Watch watch;
  private final Predicate<NsObject> wanted;
  private final String what;
  private final Clock clock;
  private final Guard guard;
  private final AtomicInteger opened;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param wanted objects whose changes are told, as they were before or are after them
   * @param opened counts it until it is closed
   */
  NsWatch(
      Watch watch,
      Predicate<NsObject> wanted,
      String what,
      Clock clock,
      AtomicInteger opened,
      Guard guard) {
    this.watch = watch;
    this.wanted = wanted;
    this.what = what;
    this.clock = clock;
    this.guard = guard;
    this.opened = opened;
    opened.incrementAndGet();
  }

  /** Every change up to this position was told, or there was none. Any thread. */
  public long bookmark() {
    return watch.bookmark();
  }

  /**
   * The next change; empty if none came in time or the watch is closed.
   *
   * @throws NsException.Overtaken if this node no longer knows the changes that come next: what is
   *     watched must be looked at anew
   * @throws NsException.Forbidden if the principal may not read where the object was or is now;
   *     that change is passed over
   */
  public Optional<NsEvent> next(Duration deadline) throws InterruptedException {
    long end = clock.nanos() + deadline.toNanos();
    long left = deadline.toNanos();
    while (left > 0) {
      Change change = take(Duration.ofNanos(left));
      if (change == null) {
        return Optional.empty();
      }
      Optional<NsEvent> event = event(change);
      if (event.isPresent()) {
        return event;
      }
      left = end - clock.nanos();
    }
    return Optional.empty();
  }

  private @Nullable Change take(Duration deadline) throws InterruptedException {
    try {
      return watch.next(deadline);
    } catch (GvmException.TooOld e) {
      throw new NsException.Overtaken("watch fell behind: " + what + " " + e.getMessage());
    }
  }

  private Optional<NsEvent> event(Change change) {
    Optional<NsObject> before = object(change, change.before(), change.beforeVersion());
    Optional<NsObject> after = object(change, change.after(), change.position());
    if (before.filter(wanted).isEmpty() && after.filter(wanted).isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(event(change.position(), guard.readable(before), guard.readable(after)));
  }

  private static NsEvent event(long position, Optional<NsObject> before, Optional<NsObject> after) {
    if (after.isEmpty()) {
      return new NsEvent.Freed(before.orElseThrow(), position);
    }
    NsObject now = after.get();
    if (before.isEmpty()) {
      return new NsEvent.Created(now);
    }
    NsObject then = before.get();
    if (now.draining() && !then.draining()) {
      return new NsEvent.Deleted(then, now);
    }
    boolean renamed = !now.name().equals(then.name()) || !now.namespace().equals(then.namespace());
    return renamed ? new NsEvent.Renamed(then, now) : new NsEvent.Updated(then, now);
  }

  private static Optional<NsObject> object(Change change, byte @Nullable [] value, long version) {
    return value != null
            && new ObjectReader().read(Key.of(change.key()), value, version)
                instanceof ObjectCell cell
        ? cell.found()
        : Optional.empty();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      opened.decrementAndGet();
    }
    watch.close();
  }
}

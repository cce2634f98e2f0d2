package io.quire.ager;

import java.lang.StackWalker.StackFrame;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who holds extents in memory by pins and drafts, and where in the program they were taken. It may
 * be switched on and off at any time. When it is off a pin costs one read of a field more; when it
 * is on, some microseconds and half a kilobyte of heap, until it is closed.
 *
 * <p>Only what is taken while it is on is known, and at most {@link #HOLDERS_MAX} of them at a
 * time; of more is known only that there were some. Safe from any thread.
 */
public final class PinTrace {
  /** How much is traced. */
  public enum Mode {
    /** Nothing is known; a pin costs one read of a field more. */
    OFF,
    /** What is taken from now on is known, until it is closed. */
    ON,
    /** As ON, and {@link Ager#close} fails if something is still held. For tests. */
    STRICT
  }

  /** What holds an extent. */
  public enum Kind {
    /** A {@link Pin}, of a sealed extent. */
    PIN,
    /** A {@link Draft}, neither sealed nor closed. */
    DRAFT
  }

  /**
   * One pin or draft that was not closed.
   *
   * @param extent its {@link Extent#id}
   * @param bytes its size
   * @param thread that took it
   * @param held since it was taken
   * @param place the calls that took it, the innermost first, without those of the ager itself
   * @param leaked whether nobody has it any more who could close it, as far as the garbage
   *     collector has noticed. It goes on holding the extent, since a segment may still be in use
   */
  public record Holder(
      Kind kind,
      long extent,
      long bytes,
      String thread,
      Duration held,
      List<StackTraceElement> place,
      boolean leaked) {
    public Holder {
      place = List.copyOf(place);
    }

    /** In one line, with the innermost call. */
    @Override
    public String toString() {
      return "%s%s of extent=%d bytes=%d heldMillis=%d thread=%s at=%s"
          .formatted(
              leaked ? "leaked " : "",
              kind.name().toLowerCase(Locale.ROOT),
              extent,
              bytes,
              held.toMillis(),
              thread,
              place.isEmpty() ? "unknown" : place.getFirst());
    }
  }

  /** So many are known at a time. */
  public static final int HOLDERS_MAX = 16_384;

  private static final Logger log = LoggerFactory.getLogger(PinTrace.class);
  private static final int DEPTH = 12;
  private static final StackWalker WALKER = StackWalker.getInstance();

  /** Calls of these are not where something was taken. */
  private static final Set<String> OWN =
      Set.of(
          Ager.class.getName(),
          Draft.class.getName(),
          PageIns.class.getName(),
          Pin.class.getName(),
          PinTrace.class.getName(),
          Scan.class.getName());

  /** A place in the program, of a thread. */
  record Origin(String thread, List<StackFrame> frames) {}

  /**
   * One that is known. It does not keep its pin or draft from being collected, and is told when
   * that is.
   */
  final class Taken extends PhantomReference<Object> {
    private final long number = numbers.incrementAndGet();
    private final long takenNanos = System.nanoTime();
    private final Kind kind;
    private final long extent;
    private final long bytes;
    private final Origin origin;
    private volatile boolean leaked;

    private Taken(Object holder, Kind kind, Extent extent, Origin origin) {
      super(holder, collected);
      this.kind = kind;
      this.extent = extent.id();
      this.bytes = extent.bytes();
      this.origin = origin;
    }

    /** Its pin or draft was closed. */
    void closed() {
      if (open.remove(this)) {
        count.decrementAndGet();
      }
    }

    private Holder holder(long now) {
      return new Holder(
          kind,
          extent,
          bytes,
          origin.thread,
          Duration.ofNanos(now - takenNanos),
          origin.frames.stream().map(StackFrame::toStackTraceElement).toList(),
          leaked);
    }
  }

  private final Set<Taken> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger count = new AtomicInteger();
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong unknown = new AtomicLong();
  private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
  private volatile Mode mode;

  PinTrace(Mode mode) {
    this.mode = mode;
  }

  /** How much is traced now. */
  public Mode mode() {
    return mode;
  }

  /** Switches it; when it is switched off, all that was known is forgotten. */
  public void mode(Mode wanted) {
    mode = wanted;
    if (wanted == Mode.OFF) {
      open.forEach(Taken::closed);
    }
  }

  /** What is open and was taken at least so long ago, the oldest first. */
  public List<Holder> holders(Duration olderThan) {
    return holders(olderThan.toNanos(), HOLDERS_MAX);
  }

  /** So many of those that are open, the oldest first. */
  List<Holder> oldest(int most) {
    return holders(0, most);
  }

  private List<Holder> holders(long olderThanNanos, int most) {
    noteLeaks();
    long now = System.nanoTime();
    return open.stream()
        .filter(taken -> now - taken.takenNanos >= olderThanNanos)
        .sorted(Comparator.comparingLong(taken -> taken.number))
        .limit(most)
        .map(taken -> taken.holder(now))
        .toList();
  }

  /** What nobody has any more who could close it, the oldest first. */
  public List<Holder> leaked() {
    return holders(Duration.ZERO).stream().filter(Holder::leaked).toList();
  }

  /** How many were taken and are not known, because there were too many. */
  public long unknown() {
    return unknown.get();
  }

  /**
   * Throws if something that is known is still open.
   *
   * @throws AgerException.StillHeld naming the oldest
   */
  public void check() {
    List<Holder> holders = holders(Duration.ZERO);
    if (!holders.isEmpty()) {
      throw new AgerException.StillHeld(holders);
    }
  }

  /** Where the calling thread is now; null when that is not to be known. */
  @Nullable Origin here() {
    return mode == Mode.OFF ? null : origin();
  }

  private static Origin origin() {
    return new Origin(
        Thread.currentThread().getName(),
        WALKER.walk(
            frames ->
                frames
                    .dropWhile(frame -> OWN.contains(frame.getClassName()))
                    .limit(DEPTH)
                    .toList()));
  }

  /**
   * The holder was made.
   *
   * @param at where it was asked for, if that is not here
   */
  @Nullable Taken taken(Object holder, Kind kind, Extent extent, @Nullable Origin at) {
    return mode == Mode.OFF ? null : add(holder, kind, extent, at == null ? origin() : at);
  }

  private @Nullable Taken add(Object holder, Kind kind, Extent extent, Origin at) {
    noteLeaks();
    if (count.incrementAndGet() > HOLDERS_MAX) {
      count.decrementAndGet();
      unknown.incrementAndGet();
      return null;
    }
    Taken taken = new Taken(holder, kind, extent, at);
    open.add(taken);
    return taken;
  }

  private void noteLeaks() {
    while (collected.poll() instanceof Taken lost) {
      if (open.contains(lost)) {
        lost.leaked = true;
        log.warn("never closed: {}", lost.holder(System.nanoTime()));
      }
    }
  }
}

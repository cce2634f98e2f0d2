package io.quire.ns;

import io.quire.base.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Those references of this node of which it knows who holds them: that were taken with a label or
 * in a mode, and, while all are tracked, every one. To know it costs a walk up the stack and an
 * entry here; the others have nothing to do with it, they are a count in {@link RefTable}.
 *
 * <p>At {@value #MAX} entries no more are made: what is taken then is only counted. Any thread.
 */
final class Holdings {
  static final int MAX = 100_000;

  /** What is longer is cut. */
  static final int PLACE_CHARS_MAX = 300;

  private static final StackWalker STACK = StackWalker.getInstance();

  /** Through which callers come. */
  private static final Set<String> OURS =
      Set.of(
          Holdings.class.getName(),
          Namespaces.class.getName(),
          Opens.class.getName(),
          References.class.getName());

  private final Clock clock;
  private final ConcurrentSkipListMap<Key, Held> held = new ConcurrentSkipListMap<>();
  private final AtomicInteger count = new AtomicInteger();
  private final AtomicLong numbers = new AtomicLong();
  private volatile boolean tracking;

  /** Of an object, in the order in which they were taken. */
  private record Key(long xid, long number) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      int byObject = Long.compare(xid, other.xid);
      return byObject == 0 ? Long.compare(number, other.number) : byObject;
    }
  }

  /** Who holds one reference, until this is closed. */
  final class Held implements AutoCloseable {
    private final Key key;
    private final String label;
    private final String place;
    private final long since;
    private final Optional<OpenMode> wanted;
    private volatile @Nullable NsOpen open;

    private Held(Key key, String label, String place, long since, Optional<OpenMode> wanted) {
      this.key = key;
      this.label = label;
      this.place = place;
      this.since = since;
      this.wanted = wanted;
    }

    /** He does not wait any longer. */
    void opened(NsOpen as) {
      open = as;
    }

    Holder holder() {
      NsOpen opened = open;
      return opened == null
          ? new Holder(label, place, since, wanted, wanted.isPresent())
          : new Holder(label, place, since, opened.holding(), false);
    }

    @Override
    public void close() {
      if (held.remove(key) != null) {
        count.decrementAndGet();
      }
    }
  }

  Holdings(Clock clock) {
    this.clock = clock;
  }

  void track(boolean all) {
    tracking = all;
  }

  /** Whether every reference is to be known. */
  boolean tracking() {
    return tracking;
  }

  /** The same reference, known; it takes the place of the one that is given. */
  Optional<NsRef> known(Optional<NsRef> taken, String label) {
    return taken.isEmpty() ? taken : Optional.of(known(taken.get(), label, Optional.empty()));
  }

  /**
   * As above.
   *
   * @param wanted the mode for which it waits
   */
  NsRef known(NsRef taken, String label, Optional<OpenMode> wanted) {
    if (count.incrementAndGet() > MAX) {
      count.decrementAndGet();
      return taken;
    }
    Key key = new Key(taken.object().xid(), numbers.incrementAndGet());
    Held by = new Held(key, label, place(), clock.wallMillis(), wanted);
    held.put(key, by);
    return taken.heldBy(by);
  }

  /** Of an object, the oldest first. */
  Stream<Holder> of(long xid) {
    return held.subMap(new Key(xid, 0), false, new Key(xid, Long.MAX_VALUE), true).values().stream()
        .map(Held::holder);
  }

  /** Of one who gave no label. */
  static String threadLabel() {
    Thread thread = Thread.currentThread();
    String name = thread.getName().replaceAll("\\p{Cc}", "?");
    return name.isEmpty() ? "thread " + thread.threadId() : Checks.cut(name);
  }

  private static String place() {
    return STACK.walk(
        frames ->
            frames
                .filter(frame -> !OURS.contains(outer(frame.getClassName())))
                .findFirst()
                .map(Holdings::text)
                .orElse(""));
  }

  private static String text(StackWalker.StackFrame frame) {
    String place = frame.getClassName() + "." + frame.getMethodName() + ":" + frame.getLineNumber();
    return place.length() > PLACE_CHARS_MAX ? place.substring(0, PLACE_CHARS_MAX) : place;
  }

  private static String outer(String type) {
    int nested = type.indexOf('$');
    return nested < 0 ? type : type.substring(0, nested);
  }
}

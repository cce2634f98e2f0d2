package io.quire.sim;

import io.quire.base.Loop;
import io.quire.base.NodeId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A virtual clock and a queue of events, run by one thread. Everything that happens follows from
 * the seed: two worlds with the same seed and the same code have the same {@link #traceHash}.
 * Confined to the thread that made it.
 */
public final class World {
  /** Events after which a run is taken for one that never ends. */
  public static final long EVENTS_MAX = 5_000_000;

  /** Nodes in one world. */
  static final int NODES_MAX = 64;

  private final long seed;
  private final Thread thread = Thread.currentThread();
  private final EventQueue queue = new EventQueue();
  private final Map<String, Integer> forks = new HashMap<>();
  private final Map<NodeId, Integer> ordinals = new HashMap<>();
  private final List<Invariant> invariants = new ArrayList<>();
  private final Probes probes = new Probes();
  private @Nullable Consumer<String> trace;
  private @Nullable SimulationFailure failure;
  private @Nullable SimLoop running;
  private Point.@Nullable Visitor visitor;
  private long points;
  private long nanos;
  private long sequence;
  private long executed;
  private long hash;

  public World(long seed) {
    this.seed = seed;
    hash = mix(seed);
  }

  public long seed() {
    return seed;
  }

  /** Virtual nanoseconds since the world began. */
  public long nanos() {
    return nanos;
  }

  /** How many events have happened. */
  public long events() {
    return executed;
  }

  /** A hash of every event that happened, its time and its content. */
  public long traceHash() {
    return hash;
  }

  public Probes probes() {
    return probes;
  }

  /** A stream of chance for the component of this name; a second call gives a second stream. */
  public Dice dice(String component) {
    int fork = forks.merge(component, 1, Integer::sum);
    return new Dice(mix(seed ^ mix(hashOf(component) + fork)));
  }

  /** Lets the action happen after the delay unless cancelled before. The name is for the trace. */
  public Loop.Timer after(Duration delay, String name, Runnable action) {
    return schedule(
        delay.toNanos(),
        hashOf(name),
        () -> {
          note(() -> name);
          action.run();
        });
  }

  /** From now on, tells of every message, write and entry applied; nobody if null. */
  public void visit(Point.@Nullable Visitor visitor) {
    this.visitor = visitor;
  }

  /** How many points were passed since there is a visitor. */
  public long points() {
    return points;
  }

  /**
   * Passes a point.
   *
   * @throws Point.Crashed if this node was crashed there
   */
  Point.Fate pass(Point.Kind kind, SimNode at) {
    Point.Visitor told = visitor;
    if (told == null) {
      return Point.Fate.PASS;
    }
    boolean alive = at.alive();
    Point.Fate fate = told.pass(new Point(points++, kind, at.id()));
    if (alive && !at.alive()) {
      throw new Point.Crashed();
    }
    return fate;
  }

  /** From now on, tells of what happens, one line each. */
  public void traceTo(Consumer<String> lines) {
    trace = lines;
  }

  /** A line for the trace; the text is made only if somebody reads it. */
  public void note(Supplier<String> text) {
    Consumer<String> lines = trace;
    if (lines != null) {
      lines.accept(text(nanos) + " " + text.get());
    }
  }

  /**
   * Checks after every {@code period} events from now on; the check fails the run by throwing.
   *
   * @param period 1 for after each event
   */
  public void invariant(String name, int period, Runnable check) {
    invariants.add(new Invariant(name, period, check));
  }

  /** Runs for this long in virtual time. */
  public void runFor(Duration time) {
    boolean _ = runUntil(() -> false, time);
  }

  /**
   * Runs until the condition holds, looked at before each event.
   *
   * @return whether it came to hold within this virtual time
   * @throws SimulationFailure if something threw, an invariant broke, or there were more than
   *     {@link #EVENTS_MAX} events
   */
  public boolean runUntil(BooleanSupplier condition, Duration within) {
    confine();
    long deadline = nanos + within.toNanos();
    while (!condition.getAsBoolean()) {
      Event next = queue.peek();
      if (next == null || next.nanos > deadline) {
        nanos = deadline;
        return condition.getAsBoolean();
      }
      Event _ = queue.remove();
      if (!next.cancelled) {
        happen(next);
      }
    }
    return true;
  }

  /**
   * What to throw when something must not be. The run fails with the first one even if this
   * exception is swallowed on its way, as futures do.
   */
  public SimulationFailure failure(String message, @Nullable Throwable cause) {
    SimulationFailure first = failure;
    if (first == null) {
      first = new SimulationFailure(seed, nanos, message, cause);
      failure = first;
    }
    return first;
  }

  public SimulationFailure failure(String message) {
    return failure(message, null);
  }

  /** Seconds and nanoseconds, for people. */
  static String text(long nanos) {
    return String.format(
        Locale.ROOT, "%d.%09ds", nanos / 1_000_000_000, Math.floorMod(nanos, 1_000_000_000));
  }

  Event schedule(long delayNanos, long tag, Runnable action) {
    confine();
    Event event = new Event(nanos + Math.max(0, delayNanos), sequence++, tag, action);
    queue.add(event);
    return event;
  }

  /** Takes more of an event's content into the trace hash. */
  void fold(long value) {
    hash = Long.rotateLeft((hash ^ value) * 0x9E37_79B9_7F4A_7C15L, 29);
  }

  /** A small number for each node, the same over its incarnations. */
  int ordinal(NodeId node) {
    int ordinal = ordinals.computeIfAbsent(node, _ -> ordinals.size());
    if (ordinal >= NODES_MAX) {
      throw new IllegalStateException("too many nodes: node=" + node + " max=" + NODES_MAX);
    }
    return ordinal;
  }

  boolean runs(SimLoop loop) {
    return running == loop && Thread.currentThread() == thread;
  }

  void running(@Nullable SimLoop loop) {
    running = loop;
  }

  static long hashOf(String text) {
    long value = 0xcbf2_9ce4_8422_2325L;
    for (int i = 0; i < text.length(); i++) {
      value = (value ^ text.charAt(i)) * 0x100_0000_01b3L;
    }
    return value;
  }

  static long hashOf(byte[] bytes) {
    long value = bytes.length;
    for (byte b : bytes) {
      value = value * 0x100_0000_01b3L ^ b;
    }
    return value;
  }

  private static long mix(long value) {
    long z = value + 0x9E37_79B9_7F4A_7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D0_49BB_1331_11EBL;
    return z ^ (z >>> 31);
  }

  private void happen(Event event) {
    nanos = event.nanos;
    executed++;
    fold(nanos);
    fold(event.tag);
    if (executed > EVENTS_MAX) {
      throw failure("too many events: max=" + EVENTS_MAX);
    }
    try {
      event.action.run();
    } catch (Point.Crashed _) {
      // What the node was doing ends here.
    } catch (RuntimeException | AssertionError e) {
      throw failure("an event threw: " + e, e);
    }
    if (failure != null) {
      throw failure;
    }
    for (int i = 0; i < invariants.size(); i++) {
      check(invariants.get(i));
    }
  }

  private void check(Invariant invariant) {
    if (executed % invariant.period != 0) {
      return;
    }
    try {
      invariant.check.run();
    } catch (RuntimeException | AssertionError e) {
      throw failure("invariant broken: name=" + invariant.name + " " + e.getMessage(), e);
    }
  }

  private void confine() {
    if (Thread.currentThread() != thread) {
      throw failure("called outside the world's thread: thread=" + Thread.currentThread());
    }
  }

  private record Invariant(String name, int period, Runnable check) {}
}

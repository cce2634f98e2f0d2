package io.quire.sim;

import io.quire.base.Address;
import io.quire.base.Loop;
import io.quire.base.Member;
import io.quire.base.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * One incarnation of a node: a process with a loop, other threads and a clock. A restart is a new
 * one with the same name and address.
 */
public final class SimNode {
  /** How far a clock's rate is off at most, in millionths, unless set. */
  public static final long DRIFT_PPM_MAX = 200;

  private static final long THREAD_STEP_NANOS_MAX = 30_000;
  private static final long DESCHEDULED_NANOS_MAX = 20_000_000;
  private static final long STARVED_NANOS_MAX = 1_000_000_000;
  private static final double DESCHEDULED = 1 / 32.0;
  private static final double STARVED = 1 / 1_024.0;
  private static final double STARVED_ON_RESUME = 1 / 4.0;

  private final World world;
  private final Member member;
  private final int ordinal;
  private final Dice dice;
  private final SimClock clock;
  private final SimLoop loop;
  private final List<Runnable> held = new ArrayList<>();
  private final long tag;
  private boolean alive = true;
  private boolean paused;

  /** Starts the process. */
  public SimNode(World world, NodeId id, Address address) {
    this.world = world;
    dice = world.dice("node " + id);
    member = new Member(id, dice.nextLong() | 1, address);
    ordinal = world.ordinal(id);
    clock = new SimClock(world, dice, DRIFT_PPM_MAX);
    tag = World.hashOf(member.toString());
    loop = new SimLoop(this, world, dice);
  }

  public Member member() {
    return member;
  }

  public NodeId id() {
    return member.node();
  }

  public Address address() {
    return member.address();
  }

  public Loop loop() {
    return loop;
  }

  public SimClock clock() {
    return clock;
  }

  /** Whether it has not crashed; a paused node is alive. */
  public boolean alive() {
    return alive;
  }

  public boolean paused() {
    return paused;
  }

  /** Alive and not paused. */
  public boolean running() {
    return alive && !paused;
  }

  /**
   * The process's other threads, many of them: a task runs in a moment, sometimes a long one, in no
   * order, off the loop, never during a pause and never after a crash. What runs between two tasks
   * may be anything, so a caller that is to be interrupted must be cut into tasks.
   */
  public Executor threads() {
    return task -> step(wait(STARVED), tag, task);
  }

  /** As by SIGKILL: what waits in it vanishes, and nothing of it ever runs again. */
  public void crash() {
    if (alive) {
      world.note(() -> this + " crashes");
      alive = false;
      paused = false;
      loop.clear();
      held.clear();
    }
  }

  /** As by SIGSTOP: nothing of it runs, while its clock goes on. */
  public void pause() {
    if (alive && !paused) {
      world.note(() -> this + " is paused");
      paused = true;
    }
  }

  /** As by SIGCONT. */
  public void resume() {
    if (!paused) {
      return;
    }
    world.note(() -> this + " resumes");
    paused = false;
    loop.wake();
    List<Runnable> waiting = List.copyOf(held);
    held.clear();
    for (Runnable task : waiting) {
      step(wait(STARVED_ON_RESUME), tag, task);
    }
  }

  /**
   * Stops the clock too, as when a host suspends a guest: on waking it believes no time went by.
   */
  public void suspend() {
    clock.stop();
    pause();
  }

  /** Ends a {@link #suspend}. */
  public void wake() {
    clock.start();
    resume();
    loop.clockStarted();
  }

  @Override
  public String toString() {
    return member.toString();
  }

  int ordinal() {
    return ordinal;
  }

  int waiting() {
    return loop.waiting();
  }

  /** Lets something happen in this process but not on its loop; held while paused. */
  void step(long delayNanos, long what, Runnable task) {
    world.schedule(delayNanos, what, () -> take(task));
  }

  /** Something that came from outside: runs at once, is held while paused, lost if dead. */
  void take(Runnable task) {
    if (!alive) {
      return;
    }
    if (paused) {
      held.add(task);
    } else {
      task.run();
    }
  }

  /** How long a thread waits for a processor: mostly microseconds, but it may be a second. */
  private long wait(double starved) {
    double kind = dice.nextDouble();
    long most =
        kind < starved
            ? STARVED_NANOS_MAX
            : kind < starved + DESCHEDULED ? DESCHEDULED_NANOS_MAX : THREAD_STEP_NANOS_MAX;
    return dice.between(500, most);
  }
}

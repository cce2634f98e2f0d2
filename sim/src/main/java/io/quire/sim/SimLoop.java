package io.quire.sim;

import io.quire.base.Loop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** A node's loop: tasks in order, each a moment after the one before. */
final class SimLoop implements Loop {
  /** Tasks after which a loop is taken for one that feeds itself. */
  private static final int TASKS_MAX = 100_000;

  private static final long STEP_NANOS_MAX = 20_000;
  private static final long HICCUP_NANOS_MAX = 3_000_000;
  private static final double HICCUPS = 1 / 128.0;
  private static final long LATE_NANOS_MAX = 1_000_000;

  private final SimNode node;
  private final World world;
  private final Dice dice;
  private final long tag;
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final List<SimTimer> asleep = new ArrayList<>();
  private boolean scheduled;

  SimLoop(SimNode node, World world, Dice dice) {
    this.node = node;
    this.world = world;
    this.dice = dice;
    tag = World.hashOf(node.toString());
  }

  @Override
  public void execute(Runnable task) {
    if (!node.alive()) {
      return;
    }
    if (tasks.size() >= TASKS_MAX) {
      throw world.failure("too many tasks: node=" + node + " max=" + TASKS_MAX);
    }
    tasks.add(task);
    wake();
  }

  @Override
  public Timer after(Duration delay, Runnable task) {
    long nanos = Math.max(0, delay.toNanos());
    SimTimer timer = new SimTimer(node.clock().nanos() + nanos, task);
    timer.arm(nanos);
    return timer;
  }

  @Override
  public boolean here() {
    return world.runs(this);
  }

  int waiting() {
    return tasks.size();
  }

  /** Makes the next task happen, if there is one and the node can run it. */
  void wake() {
    if (!scheduled && !tasks.isEmpty() && node.running()) {
      scheduled = true;
      long most = dice.chance(HICCUPS) ? HICCUP_NANOS_MAX : STEP_NANOS_MAX;
      world.schedule(dice.between(500, most), tag, this::step);
    }
  }

  /** The clock goes on: timers that slept through it see what it says now. */
  void clockStarted() {
    List<SimTimer> woken = List.copyOf(asleep);
    asleep.clear();
    woken.forEach(SimTimer::fire);
  }

  void clear() {
    tasks.clear();
    asleep.clear();
  }

  private void step() {
    scheduled = false;
    if (!node.running()) {
      return;
    }
    world.running(this);
    try {
      tasks.remove().run();
    } catch (Point.Crashed e) {
      throw e;
    } catch (RuntimeException | AssertionError e) {
      throw world.failure("a task threw: node=" + node + " error=" + e, e);
    } finally {
      world.running(null);
    }
    wake();
  }

  private final class SimTimer implements Timer {
    private final long due;
    private final Runnable task;
    private boolean cancelled;

    SimTimer(long due, Runnable task) {
      this.due = due;
      this.task = task;
    }

    @Override
    public void cancel() {
      cancelled = true;
    }

    private void arm(long nanos) {
      long late = dice.between(0, LATE_NANOS_MAX);
      world.schedule(node.clock().worldNanos(nanos) + late, tag ^ 1, this::fire);
    }

    private void fire() {
      if (cancelled || !node.alive()) {
        return;
      }
      if (node.clock().stopped()) {
        asleep.add(this);
        return;
      }
      long left = due - node.clock().nanos();
      if (left > 0) {
        arm(left);
      } else {
        execute(this::run);
      }
    }

    private void run() {
      if (!cancelled) {
        task.run();
      }
    }
  }
}

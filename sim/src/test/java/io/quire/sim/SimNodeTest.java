package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Address;
import io.quire.base.Loop;
import io.quire.base.NodeId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SimNodeTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final World world = new World(3);
  private final SimNode node = start("a");
  private final Loop loop = node.loop();
  private final List<Integer> ran = new ArrayList<>();

  @Test
  void loop_tasks_runInOrderOneAtATimeAndOnTheLoop() {
    List<Long> times = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      int number = i;
      loop.execute(
          () -> {
            assertThat(loop.here()).isTrue();
            assertThat(start("b").loop().here()).isFalse();
            ran.add(number);
            times.add(world.nanos());
          });
    }
    assertThat(ran).isEmpty();
    world.runFor(SECOND);
    assertThat(ran).isSorted().hasSize(50);
    assertThat(times).isSorted().doesNotHaveDuplicates();
    assertThat(loop.here()).isFalse();
  }

  @Test
  void after_delay_runsNotEarlierByTheNodesClock() {
    node.clock().drift(-5_000);
    long begin = node.clock().nanos();
    List<Long> waited = new ArrayList<>();
    loop.after(Duration.ofSeconds(10), () -> waited.add(node.clock().nanos() - begin));
    world.runFor(Duration.ofSeconds(11));
    assertThat(waited)
        .singleElement()
        .satisfies(nanos -> assertThat(nanos).isBetween(10_000_000_000L, 10_020_000_000L));
  }

  @Test
  void cancel_onTheLoopAfterDueBeforeRun_preventsTheRun() {
    Loop.Timer timer = loop.after(Duration.ofMillis(1), () -> ran.add(1));
    node.pause();
    loop.execute(timer::cancel);
    world.runFor(SECOND);
    node.resume();
    world.runFor(SECOND);
    assertThat(ran).isEmpty();
  }

  @Test
  void crash_withTasksAndTimers_runsNoneOfThem() {
    loop.execute(() -> ran.add(1));
    loop.after(Duration.ofMillis(5), () -> ran.add(2));
    node.threads().execute(() -> ran.add(3));
    node.crash();
    loop.execute(() -> ran.add(4));
    loop.after(Duration.ofMillis(5), () -> ran.add(5));
    world.runFor(SECOND);
    assertThat(ran).isEmpty();
  }

  @Test
  void crash_withinATask_isItsLast() {
    loop.execute(
        () -> {
          ran.add(1);
          node.crash();
        });
    loop.execute(() -> ran.add(2));
    world.runFor(SECOND);
    assertThat(ran).containsExactly(1);
  }

  @Test
  void pause_untilResume_holdsEverythingWhileTimeGoesOn() {
    loop.execute(() -> ran.add(1));
    loop.after(Duration.ofMillis(5), () -> ran.add(2));
    node.threads().execute(() -> ran.add(3));
    node.pause();
    long before = node.clock().nanos();
    world.runFor(SECOND);
    assertThat(ran).isEmpty();
    assertThat(node.clock().nanos() - before).isBetween(990_000_000L, 1_010_000_000L);
    node.resume();
    world.runFor(SECOND);
    assertThat(ran).containsExactlyInAnyOrder(1, 2, 3);
  }

  @Test
  void suspend_untilWake_stopsTheClockAndItsTimers() {
    loop.after(Duration.ofMillis(500), () -> ran.add(1));
    long before = node.clock().nanos();
    node.suspend();
    world.runFor(Duration.ofSeconds(100));
    assertThat(node.clock().nanos()).isEqualTo(before);
    node.wake();
    world.runFor(Duration.ofMillis(400));
    assertThat(ran).isEmpty();
    world.runFor(Duration.ofMillis(200));
    assertThat(ran).containsExactly(1);
  }

  @Test
  void clock_withDrift_runsFastOrSlow() {
    node.clock().drift(1_000);
    long before = node.clock().nanos();
    world.runFor(Duration.ofSeconds(100));
    assertThat(node.clock().nanos() - before).isEqualTo(100_100_000_000L);
    node.clock().drift(-1_000);
    world.runFor(Duration.ofSeconds(100));
    assertThat(node.clock().nanos() - before).isEqualTo(200_000_000_000L);
  }

  @Test
  void restart_isANewIncarnation() {
    assertThat(start("a").member().incarnation()).isNotEqualTo(node.member().incarnation());
  }

  @Test
  void task_thatThrows_failsTheRun() {
    loop.execute(
        () -> {
          throw new IllegalStateException("broken");
        });
    assertThatThrownBy(() -> world.runFor(SECOND))
        .isInstanceOf(SimulationFailure.class)
        .hasMessageContaining("node=a#")
        .hasMessageContaining("broken");
  }

  private SimNode start(String name) {
    return new SimNode(world, new NodeId(name), new Address(name, 1));
  }
}

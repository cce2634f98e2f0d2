package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class WorldTest {
  private final World world = new World(1);
  private final List<String> happened = new ArrayList<>();

  @Test
  void events_ofDifferentTimes_happenInOrderOfTime() {
    world.after(Duration.ofMillis(2), "second", () -> happened.add("second"));
    world.after(Duration.ofMillis(1), "first", () -> happened.add("first"));
    world.after(Duration.ofMillis(3), "third", () -> happened.add("third")).cancel();

    world.runFor(Duration.ofSeconds(1));

    assertThat(happened).containsExactly("first", "second");
    assertThat(world.nanos()).isEqualTo(1_000_000_000);
  }

  @Test
  void events_ofOneTime_happenInOrderOfMaking() {
    for (int i = 0; i < 10; i++) {
      String name = "" + i;
      world.after(Duration.ofMillis(1), name, () -> happened.add(name));
    }
    world.runFor(Duration.ofSeconds(1));
    assertThat(happened).isSorted().hasSize(10);
  }

  @Test
  void runUntil_conditionHolds_stopsThere() {
    for (int i = 1; i <= 10; i++) {
      world.after(Duration.ofMillis(i), "tick", () -> happened.add("tick"));
    }
    assertThat(world.runUntil(() -> happened.size() == 3, Duration.ofSeconds(1))).isTrue();
    assertThat(world.nanos()).isEqualTo(3_000_000);
    assertThat(world.runUntil(() -> happened.size() == 30, Duration.ofSeconds(1))).isFalse();
  }

  @Test
  void invariant_broken_failsWithSeedAndTime() {
    world.invariant("at most two", 1, () -> assertThat(happened).hasSizeLessThan(3));
    for (int i = 1; i <= 10; i++) {
      world.after(Duration.ofMillis(i), "tick", () -> happened.add("tick"));
    }
    assertThatThrownBy(() -> world.runFor(Duration.ofSeconds(1)))
        .isInstanceOf(SimulationFailure.class)
        .hasMessageContaining("name=at most two")
        .hasMessageContaining("seed=1 at=0.003000000s");
  }

  @Test
  void failure_swallowedByFuture_failsTheRunAllTheSame() {
    CompletableFuture<Void> future = new CompletableFuture<>();
    var _ =
        future.thenRun(
            () -> {
              throw world.failure("lost in a future");
            });
    world.after(Duration.ofMillis(1), "complete", () -> future.complete(null));
    assertThatThrownBy(() -> world.runFor(Duration.ofSeconds(1)))
        .isInstanceOf(SimulationFailure.class)
        .hasMessageContaining("lost in a future");
  }

  @Test
  void after_onAnotherThread_fails() throws InterruptedException {
    Thread other =
        new Thread(
            () -> {
              try {
                world.after(Duration.ZERO, "foreign", () -> {});
              } catch (SimulationFailure e) {
                happened.add("refused");
              }
            });
    other.start();
    other.join();
    assertThat(happened).containsExactly("refused");
  }

  @Test
  void dice_ofOneComponent_doNotDependOnOthers() {
    World same = new World(1);
    same.dice("other").nextLong();
    assertThat(same.dice("mine").nextLong()).isEqualTo(world.dice("mine").nextLong());
    assertThat(same.dice("mine").nextLong()).isNotEqualTo(new World(1).dice("mine").nextLong());
    assertThat(new World(2).dice("mine").nextLong())
        .isNotEqualTo(new World(1).dice("mine").nextLong());
  }

  @Test
  void worlds_ofOneSeed_haveTheSameTrace() {
    Seeds.fresh(
        20,
        seed -> {
          List<String> first = new ArrayList<>();
          List<String> second = new ArrayList<>();
          World one = busy(seed, first);
          World two = busy(seed, second);
          assertThat(second).isEqualTo(first);
          assertThat(two.traceHash()).isEqualTo(one.traceHash());
          assertThat(two.events()).isEqualTo(one.events());
          assertThat(busy(seed + 1, new ArrayList<>()).traceHash()).isNotEqualTo(one.traceHash());
        });
  }

  @Test
  void trace_listenedTo_doesNotChangeTheRun() {
    LedgerCluster silent = new LedgerCluster(7, 3, 3);
    silent.chatter(Duration.ofMillis(100));
    silent.world.runFor(Duration.ofSeconds(3));
    LedgerCluster traced = new LedgerCluster(7, 3, 3);
    traced.world.traceTo(happened::add);
    traced.chatter(Duration.ofMillis(100));
    traced.world.runFor(Duration.ofSeconds(3));
    assertThat(traced.world.traceHash()).isEqualTo(silent.world.traceHash());
    assertThat(happened).anyMatch(line -> line.contains("leads, term="));
  }

  private static World busy(long seed, List<String> trace) {
    LedgerCluster cluster = new LedgerCluster(seed, 3, 3);
    cluster.world.traceTo(trace::add);
    cluster.log().faults(LogFaults.HARSH);
    Nemesis nemesis =
        new Nemesis(
            cluster.cluster,
            Nemesis.draw(cluster.world.dice("test")),
            Duration.ofSeconds(1),
            Duration.ofSeconds(1));
    cluster.chatter(Duration.ofMillis(100));
    cluster.world.runFor(Duration.ofSeconds(5));
    nemesis.stop();
    cluster.world.runFor(Duration.ofSeconds(1));
    return cluster.world;
  }
}

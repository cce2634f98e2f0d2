package io.quire.harness.chaos;

import io.quire.harness.CheckFailed;
import io.quire.harness.Deadline;
import io.quire.harness.chaos.ChaosCluster.Member;
import io.quire.harness.chaos.Fault.Target;
import io.quire.sim.Dice;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Does harm to a cluster as a seed says. Faults overlap, and hit nodes that recover; every few
 * faults all is left alone until the cluster is whole, so that clients get something done. What is
 * drawn depends on the seed alone; when a process feels it, on the machine.
 */
final class Nemesis {
  private static final int FAULTS_AT_ONCE = 3;
  private static final int FAULTS_BETWEEN_CALMS = 5;
  private static final long BETWEEN_MILLIS_MAX = 5_000;
  private static final Duration CALM_MAX = Duration.ofSeconds(45);
  private static final Duration EFFECT_OF_DISKS = Duration.ofSeconds(60);

  /** Beyond what any fault takes, with the start of all nodes at its end. */
  private static final Duration FAULT_MAX = Duration.ofMinutes(10);

  private static final Duration KILL_MAX = Duration.ofMinutes(1);
  private static final Duration ASK = Duration.ofSeconds(2);

  private final ChaosCluster cluster;
  private final @Nullable Network network;
  private final @Nullable Disks disks;
  private final List<FaultKind> kinds;
  private final Dice dice;
  private final List<Thread> running = Collections.synchronizedList(new ArrayList<>());
  private final Set<String> under = ConcurrentHashMap.newKeySet();
  private final Map<FaultKind, Integer> counts =
      Collections.synchronizedMap(new EnumMap<>(FaultKind.class));
  private final List<Happened> happened = Collections.synchronizedList(new ArrayList<>());
  private final Map<Integer, Long> skewed = new ConcurrentHashMap<>();

  /** A fault that met somebody, from when to when on the machine's monotonic clock. */
  record Happened(long from, long to, Fault fault, String whom) {}

  /**
   * @param network null if it cannot be cut
   * @param disks null if they cannot be harmed
   */
  Nemesis(
      ChaosCluster cluster,
      @Nullable Network network,
      @Nullable Disks disks,
      List<FaultKind> kinds,
      Dice dice) {
    this.cluster = cluster;
    this.network = network;
    this.disks = disks;
    this.kinds = List.copyOf(kinds);
    this.dice = dice;
  }

  /** Does harm until the time is over, then lets all that is under way end. */
  void rage(long until) throws InterruptedException {
    for (int drawn = 1; System.nanoTime() - until < 0; drawn++) {
      Fault fault = Fault.draw(dice.pick(kinds), dice);
      long gap = dice.between(0, BETWEEN_MILLIS_MAX);
      sleep(Math.min(gap, (until - System.nanoTime()) / 1_000_000));
      Deadline deadline = Deadline.in(FAULT_MAX);
      while (alive() >= FAULTS_AT_ONCE) {
        CheckFailed.unless(
            !deadline.left().isZero(), "faults end", "waited=%s under=%s", FAULT_MAX, under);
        sleep(100);
      }
      running.add(Thread.ofVirtual().start(() -> inflict(fault)));
      if (drawn % FAULTS_BETWEEN_CALMS == 0) {
        await();
        cluster.startAll();
        boolean _ = cluster.awaitWhole(CALM_MAX);
      }
    }
    await();
  }

  private long alive() {
    running.removeIf(thread -> !thread.isAlive());
    return running.size();
  }

  private void await() throws InterruptedException {
    Deadline.in(FAULT_MAX).join(List.copyOf(running), "faults end: under=" + under);
    running.clear();
  }

  /** What goes on now, for people. */
  String current() {
    return under.isEmpty() ? "calm" : String.join(" + ", under);
  }

  int count() {
    return counts.values().stream().mapToInt(Integer::intValue).sum();
  }

  Map<FaultKind, Integer> counts() {
    return new EnumMap<>(counts);
  }

  List<Happened> happened() {
    return List.copyOf(happened);
  }

  /** Whether a node's disk was harmed then or shortly before: it may have stopped because of it. */
  boolean hurtDisk(String node, long nanos) {
    return happened().stream()
        .filter(each -> each.fault().kind() == FaultKind.DISK && each.whom().equals(node))
        .anyMatch(each -> nanos - each.from() > 0 && nanos - each.to() < EFFECT_OF_DISKS.toNanos());
  }

  /** Does this one and returns when it is over. */
  void inflict(Fault fault) {
    try {
      switch (fault) {
        case Fault.Kill kill -> kill(kill);
        case Fault.KillAll kill -> killAll(kill);
        case Fault.Pause pause -> pause(pause);
        case Fault.Partition partition -> partition(partition);
        case Fault.FullDisk full -> fill(full);
        case Fault.FailedSync failed -> failSyncs(failed);
        case Fault.Skew skew -> skew(skew);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private interface Harm {
    void run() throws InterruptedException;
  }

  private void record(Fault fault, String what, String whom, Harm harm)
      throws InterruptedException {
    String text = what + " " + whom;
    counts.merge(fault.kind(), 1, Integer::sum);
    under.add(text);
    long from = System.nanoTime();
    try {
      harm.run();
    } finally {
      under.remove(text);
      happened.add(new Happened(from, System.nanoTime(), fault, whom));
    }
  }

  private Member resolve(Target target) {
    Member meant =
        switch (target.role()) {
          case ANY -> null;
          case LEADER -> cluster.leader();
          case COORDINATOR -> cluster.coordinator();
        };
    List<Member> all = cluster.members();
    return meant != null ? meant : all.get(target.roll() % all.size());
  }

  private void kill(Fault.Kill kill) throws InterruptedException {
    Member victim = resolve(kill.target());
    record(
        kill,
        "kill -9",
        victim.name,
        () -> {
          victim.kill();
          sleep(kill.downMillis());
          victim.start();
          if (kill.againMillis() > 0) {
            sleep(kill.againMillis());
            victim.kill();
            victim.start();
          }
        });
  }

  private void killAll(Fault.KillAll kill) throws InterruptedException {
    record(
        kill,
        "kill -9",
        "all",
        () -> {
          List<Thread> killers =
              cluster.members().stream()
                  .map(member -> Thread.ofVirtual().start(member::kill))
                  .toList();
          Deadline.in(KILL_MAX).join(killers, "all nodes are killed");
          sleep(kill.downMillis());
          cluster.startAll();
        });
  }

  private void pause(Fault.Pause pause) throws InterruptedException {
    Member victim = resolve(pause.target());
    if (!victim.pause()) {
      return;
    }
    record(
        pause,
        "pause",
        victim.name,
        () -> {
          sleep(pause.millis());
          victim.resume();
        });
  }

  private void partition(Fault.Partition partition) throws InterruptedException {
    Network cut = network;
    if (cut == null) {
      return;
    }
    int size = cluster.members().size();
    int victim = resolve(partition.target()).index;
    int other = (victim + 1 + partition.other() % (size - 1)) % size;
    List<int[]> links = new ArrayList<>();
    switch (partition.cut()) {
      case UNPLUGGED -> {}
      case MUTE -> others(size, victim).forEach(j -> links.add(new int[] {victim, j}));
      case DEAF -> others(size, victim).forEach(j -> links.add(new int[] {j, victim}));
      case LINK -> {
        links.add(new int[] {victim, other});
        links.add(new int[] {other, victim});
      }
      case ONE_WAY -> links.add(new int[] {other, victim});
      case HALVES -> {
        for (int i = 0; i < size; i++) {
          for (int j = 0; j < size; j++) {
            if (side(i, victim, size) != side(j, victim, size)) {
              links.add(new int[] {i, j});
            }
          }
        }
      }
    }
    boolean pair = partition.cut() == Fault.Cut.LINK || partition.cut() == Fault.Cut.ONE_WAY;
    String whom = name(victim) + (pair ? "," + name(other) : "");
    record(
        partition,
        partition.cut().name().toLowerCase(Locale.ROOT),
        whom,
        () -> {
          if (partition.cut() == Fault.Cut.UNPLUGGED) {
            cut.unplug(victim);
          }
          links.forEach(link -> cut.cut(link[0], link[1]));
          sleep(partition.millis());
          links.forEach(link -> cut.join(link[0], link[1]));
          if (partition.cut() == Fault.Cut.UNPLUGGED) {
            cut.plug(victim);
          }
        });
  }

  private String name(int index) {
    return cluster.members().get(index).name;
  }

  private static List<Integer> others(int size, int without) {
    List<Integer> others = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      if (i != without) {
        others.add(i);
      }
    }
    return others;
  }

  /** The minority begins with the victim. */
  private static boolean side(int node, int victim, int size) {
    return (node - victim + size) % size < size / 2;
  }

  private void fill(Fault.FullDisk full) throws InterruptedException {
    Disks harmed = disks;
    if (harmed == null) {
      return;
    }
    Member victim = resolve(full.target());
    record(
        full,
        "disk full on",
        victim.name,
        () -> {
          harmed.fill(victim.index);
          sleep(full.millis());
          harmed.empty(victim.index);
          victim.start();
        });
  }

  private void failSyncs(Fault.FailedSync failed) throws InterruptedException {
    Disks harmed = disks;
    Member victim = resolve(failed.target());
    if (harmed == null || !victim.isAlive()) {
      return;
    }
    record(
        failed,
        "EIO on sync of",
        victim.name,
        () -> {
          try (AutoCloseable _ = harmed.failSyncs(victim.pid())) {
            sleep(failed.millis());
          } catch (InterruptedException e) {
            throw e;
          } catch (Exception e) {
            throw new IllegalStateException("cannot end the harm to syncs", e);
          }
          victim.start();
        });
  }

  private void skew(Fault.Skew skew) throws InterruptedException {
    Member victim = resolve(skew.target());
    long now = System.nanoTime();
    Long last = skewed.get(victim.index);
    if (last != null && now - last < ClockLimits.APART.toNanos()) {
      return;
    }
    skewed.put(victim.index, now);
    record(
        skew,
        "clock of",
        victim.name,
        () -> {
          try {
            victim.ask(
                "skew %s %d %d".formatted(skew.rate(), skew.jumpNanos(), skew.wallMillis()), ASK);
          } catch (IOException e) {
            // It is paused or dead.
          }
        });
  }

  private static void sleep(long millis) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(Math.max(0, millis));
  }
}

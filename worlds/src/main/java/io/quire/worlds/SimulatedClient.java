package io.quire.worlds;

import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.lockserver.Session;
import io.quire.sim.Action;
import io.quire.sim.Atomicity;
import io.quire.sim.Dice;
import io.quire.sim.Operation;
import io.quire.twopc.Outcome;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A client on one node of a simulated world: one operation after another, on keys that all clients
 * share, each written down with what the client learned. Its node may die under it at any time;
 * what it was about then stays unknown.
 */
final class SimulatedClient {
  private static final int[] SCRIPT = {7, 0, 8, 4, 10, 5, 9, 12, 6, 11, 10};
  private static final List<String> KEYS = List.of("k1", "k2", "k3");
  private static final List<String> PAIR = List.of("p1", "p2");
  private static final Duration DEADLINE = Duration.ofSeconds(6);
  private static final long THINK_NANOS_MAX = 150_000_000;
  private static final long EAGER_NANOS_MAX = 6_000_000;
  private static final long STEP_NANOS_MAX = 2_500_000_000L;
  private static final Duration LOOK_AFTER = Duration.ofMillis(100);

  private final String name;
  private final ProtocolSimulation simulation;
  private final int home;
  private final Kind kind;
  private final Dice dice;
  private final Map<String, Long> versions = new HashMap<>();
  private final SimulatedNames names;
  private @Nullable SimulatedWatch watch;
  private int written;
  private long current;

  /** What clients are like. */
  enum Kind {
    /** Reads, writes, creates, deletes. */
    MIXED,
    /** Only reads, and loses the processor for a long time between any two steps. */
    SLOW,
    /** Only reads, and without a pause while its node is cut off: its lease is about to end. */
    EAGER,
    /** Does everything there is, one after the other. */
    SCRIPTED
  }

  SimulatedClient(String name, ProtocolSimulation simulation, int home, Kind kind) {
    this.name = name;
    this.kind = kind;
    this.simulation = simulation;
    this.home = home;
    dice = simulation.world().dice("client-" + name);
    names = new SimulatedNames(name, simulation.listings(), dice, DEADLINE);
    think();
  }

  private void think() {
    simulation
        .world()
        .after(
            Duration.ofNanos(
                dice.between(
                    1,
                    kind == Kind.EAGER && simulation.cutOff(home)
                        ? EAGER_NANOS_MAX
                        : THINK_NANOS_MAX)),
            "client",
            this::act);
  }

  private void act() {
    if (simulation.over()) {
      return;
    }
    SimulatedNode node = simulation.node(home);
    if (node == null || !node.node.running()) {
      think();
      return;
    }
    long operation = ++current;
    CompletableFuture<?> done =
        switch (choice()) {
          case 0, 1, 2, 3 -> read(node, dice.pick(KEYS));
          case 4 -> write(node, dice.pick(KEYS), next(), false);
          case 5 -> write(node, dice.pick(KEYS), next(), true);
          case 6 -> write(node, dice.pick(KEYS), null, dice.nextBoolean());
          case 7 -> create(node, dice.pick(KEYS), next());
          case 8 -> writePair(node, next());
          case 9 -> lookAtPair(node);
          case 10 -> names.change(node);
          case 11 -> names.list(node);
          default -> watch(node);
        };
    done.whenComplete((_, _) -> goOn(operation));
    watch(node, operation);
  }

  private int choice() {
    return switch (kind) {
      case MIXED -> (int) dice.between(0, 12);
      case SLOW, EAGER -> 0;
      case SCRIPTED -> SCRIPT[(int) (current % SCRIPT.length)];
    };
  }

  /** The next operation; also if the node died and nobody will answer. */
  private void goOn(long operation) {
    if (current == operation) {
      current++;
      think();
    }
  }

  private void watch(SimulatedNode node, long operation) {
    simulation
        .world()
        .after(
            LOOK_AFTER,
            "client-watch",
            () -> {
              if (current == operation) {
                if (node.node.alive()) {
                  watch(node, operation);
                } else {
                  goOn(operation);
                }
              }
            });
  }

  private String next() {
    return name + "-" + ++written;
  }

  /** Opens a watch if there is none; it is read with every step from then on. */
  private CompletableFuture<?> watch(SimulatedNode node) {
    SimulatedWatch before = watch;
    if (before != null && !before.over()) {
      return CompletableFuture.completedFuture(null);
    }
    simulation.reached("watch-opened");
    return node.cells
        .watch(SimulatedWatch.PREFIX)
        .thenAccept(
            opened -> {
              SimulatedWatch opening =
                  new SimulatedWatch(name, node, opened, simulation.watchings());
              simulation.follow(opening);
              watch = opening;
            });
  }

  private CompletableFuture<?> read(SimulatedNode node, String key) {
    Operation operation = simulation.history().invoke(name, key, Action.read());
    Session.Token begun = node.session.token();
    return node.cells
        .readOn(steps(node), key, DEADLINE.multipliedBy(2))
        .whenComplete(
            (found, failure) -> {
              Session.Token ended = node.session.token();
              if (begun != null && ended != null && begun != ended) {
                simulation.reached("read-over-rejoin");
              }
              if (failure != null) {
                simulation.reached("read-refused");
                operation.failed();
              } else {
                versions.put(key, found == null ? 0L : found.version());
                operation.read(text(found), found == null ? 0 : found.version());
              }
            });
  }

  private Executor steps(SimulatedNode node) {
    if (kind != Kind.SLOW) {
      return node.node.threads();
    }
    return step ->
        simulation
            .world()
            .after(
                Duration.ofNanos(dice.between(1, STEP_NANOS_MAX)),
                "slow-step",
                () -> node.node.threads().execute(step));
  }

  private CompletableFuture<?> write(
      SimulatedNode node, String key, @Nullable String value, boolean ifVersion) {
    long version = versions.getOrDefault(key, 0L);
    Transaction.Builder write = Transaction.begin();
    Action action = value == null ? Action.delete() : Action.write(value);
    if (ifVersion && version != 0) {
      write.version(key, version);
      action = Action.writeIfVersion(version, value);
    }
    if (value == null) {
      write.remove(key);
    } else {
      write.put(key, value.getBytes(StandardCharsets.UTF_8));
    }
    return run(node, simulation.history().invoke(name, key, action), write.build());
  }

  private CompletableFuture<?> create(SimulatedNode node, String key, String value) {
    Operation operation = simulation.history().invoke(name, key, Action.create(value));
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    return run(node, operation, Transaction.begin().absent(key).put(key, bytes).build());
  }

  private CompletableFuture<?> run(
      SimulatedNode node, Operation operation, Transaction transaction) {
    return node.cells
        .commit(transaction, DEADLINE)
        .whenComplete(
            (outcome, failure) -> {
              switch (outcome) {
                case Outcome.Committed(long position, byte[] _) -> {
                  operation.written(position);
                  if (changesTheKey(transaction)) {
                    simulation.watchings().written(position, operation.key());
                  }
                }
                case Outcome.Rejected _ -> operation.refused();
                case Outcome.Aborted(Outcome.Why why, String _, String _) -> {
                  simulation.reached("aborted-" + why);
                  operation.failed();
                }
                case Outcome.Indeterminate _ -> {
                  simulation.reached("indeterminate");
                  operation.unknown();
                }
                case null -> throw new IllegalStateException("a commit failed", failure);
              }
            });
  }

  /** Whether it changes its key if it takes effect: a removal does not if there is nothing. */
  private static boolean changesTheKey(Transaction transaction) {
    return !transaction.conditions().isEmpty()
        || transaction.writes().stream()
            .anyMatch(write -> write.kind() == Transaction.Write.Kind.PUT);
  }

  private CompletableFuture<?> writePair(SimulatedNode node, String value) {
    Atomicity pairs = simulation.pairs();
    pairs.begin(value, PAIR);
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    Transaction transaction =
        Transaction.begin().put(PAIR.get(0), bytes).put(PAIR.get(1), bytes).build();
    return node.cells
        .commit(transaction, DEADLINE)
        .thenAccept(
            outcome -> {
              if (outcome instanceof Outcome.Committed(long position, byte[] _)) {
                pairs.committed(value, position);
              } else if (!(outcome instanceof Outcome.Indeterminate)) {
                pairs.failed(value);
              }
            });
  }

  private CompletableFuture<?> lookAtPair(SimulatedNode node) {
    Atomicity pairs = simulation.pairs();
    long begun = pairs.beginLook();
    return node.cells
        .snapshot(PAIR, DEADLINE)
        .thenAccept(
            found -> {
              Map<String, Atomicity.Seen> seen = new HashMap<>();
              for (int i = 0; i < PAIR.size(); i++) {
                Versioned value = found.get(i);
                seen.put(
                    PAIR.get(i),
                    new Atomicity.Seen(text(value), value == null ? 0 : value.version()));
              }
              pairs.endLook(begun, seen);
            });
  }

  private static @Nullable String text(@Nullable Versioned value) {
    return value == null ? null : new String(value.value(), StandardCharsets.UTF_8);
  }
}

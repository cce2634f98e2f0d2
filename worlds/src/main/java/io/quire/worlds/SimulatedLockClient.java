package io.quire.worlds;

import io.quire.gvm.Transaction;
import io.quire.lockserver.FileContents;
import io.quire.lockserver.HeldLock;
import io.quire.lockserver.LockException;
import io.quire.lockserver.LockMode;
import io.quire.lockserver.LockSession;
import io.quire.lockserver.LockTerms;
import io.quire.lockserver.Sequencer;
import io.quire.sim.Action;
import io.quire.sim.Dice;
import io.quire.sim.Operation;
import io.quire.twopc.Outcome;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * A client of the lock server on one node of a simulated world. While it holds a lock it sends
 * messages that nobody checks, and lets clients of other nodes make changes that the lock guards.
 * Its node may die under it at any time.
 */
final class SimulatedLockClient {
  private static final List<String> FILES = List.of("/f1", "/f2");
  private static final Duration DEADLINE = Duration.ofSeconds(4);
  private static final Duration DELAY = Duration.ofMillis(400);
  private static final long MESSAGE_NANOS_MAX = 350_000_000;
  private static final long ERRAND_NANOS_MAX = 1_000_000_000;
  private static final long THINK_NANOS_MAX = 150_000_000;
  private static final long HOLD_NANOS_MAX = 1_500_000_000;
  private static final long STEP_NANOS_MAX = 60_000_000;
  private static final long CONVERT_NANOS_MAX = 1_500_000_000;
  private static final List<LockMode> MODES = List.of(LockMode.values());
  private static final Duration LOOK_AFTER = Duration.ofMillis(100);

  private final String name;
  private final LockSimulation simulation;
  private final int home;
  private final Dice dice;
  private final Map<String, Long> versions = new HashMap<>();
  private @Nullable SimulatedNode node;
  private @Nullable LockSession session;
  private int made;
  private long current;

  SimulatedLockClient(String name, LockSimulation simulation, int home) {
    this.name = name;
    this.simulation = simulation;
    this.home = home;
    dice = simulation.world().dice("lock-client-" + name);
    think();
  }

  private void think() {
    after(dice.between(1, THINK_NANOS_MAX), this::act);
  }

  private void after(long nanos, Runnable action) {
    simulation.world().after(Duration.ofNanos(nanos), "lock-client", action);
  }

  private void act() {
    SimulatedNode now = simulation.node(home);
    if (simulation.over()) {
      return;
    }
    if (now == null || !now.node.running()) {
      think();
      return;
    }
    long operation = ++current;
    act(now).whenComplete((_, _) -> goOn(operation));
    watch(now, operation);
  }

  private void goOn(long operation) {
    if (current == operation) {
      current++;
      think();
    }
  }

  /** Goes on also if the node died and nobody will answer. */
  private void watch(SimulatedNode now, long operation) {
    after(
        LOOK_AFTER.toNanos(),
        () -> {
          if (current == operation) {
            if (now.node.alive()) {
              watch(now, operation);
            } else {
              goOn(operation);
            }
          }
        });
  }

  private CompletableFuture<?> act(SimulatedNode now) {
    LockSession mine = session;
    if (mine == null || node != now || over(mine)) {
      return open(now);
    }
    return switch ((int) dice.between(0, 15)) {
      case 0, 1, 2, 3 -> lock(now, mine, LockChecks.GUARD, LockTerms.EXCLUSIVE.withDelay(DELAY));
      case 4 -> lock(now, mine, LockChecks.MIXED, LockTerms.EXCLUSIVE);
      case 5 -> lock(now, mine, LockChecks.MIXED, LockTerms.SHARED);
      case 6, 7 -> count(mine);
      case 8 -> read(now, dice.pick(FILES));
      case 9 -> create(mine, dice.pick(FILES));
      case 10 -> write(mine, dice.pick(FILES), dice.nextBoolean());
      case 11, 12 -> lock(now, mine, LockChecks.MIXED, LockTerms.BESIDE_READ);
      case 13 -> lock(now, mine, LockChecks.MIXED, LockTerms.BESIDE_WRITE);
      case 14 -> commitIfFree(now, dice.pick(LockChecks.LOCKS));
      default -> dice.chance(0.2) ? mine.closeAsync() : remove(mine, dice.pick(FILES));
    };
  }

  private static boolean over(LockSession mine) {
    return switch (mine.state()) {
      case SAFE, JEOPARDY -> false;
      case EXPIRED, CLOSED -> true;
    };
  }

  private CompletableFuture<?> open(SimulatedNode now) {
    node = now;
    session = null;
    return now.locks
        .openSessionAsync(name, DEADLINE)
        .thenAccept(
            opened -> {
              if (node == now) {
                session = opened;
              }
            });
  }

  private CompletableFuture<?> lock(
      SimulatedNode now, LockSession mine, String path, LockTerms terms) {
    CompletableFuture<?> ended = new CompletableFuture<>();
    Duration deadline = Duration.ofNanos(dice.between(1_000_000, DEADLINE.toNanos()));
    CompletableFuture<@Nullable HeldLock> lock = ask(mine, path, terms, deadline);
    lock.whenComplete(
        (held, failure) -> {
          if (held == null) {
            simulation.reached(failure == null ? "lock-busy" : "lock-" + kind(failure));
            ended.complete(null);
          } else {
            simulation.reached("lock-held");
            simulation.checks().holds(now, held);
            long until = simulation.world().nanos() + dice.between(0, HOLD_NANOS_MAX);
            new Holding(now, held, until, ended).step();
          }
        });
    return ended;
  }

  private CompletableFuture<@Nullable HeldLock> ask(
      LockSession mine, String path, LockTerms terms, Duration deadline) {
    if (dice.chance(0.2)) {
      return mine.tryLockAsync(path, terms, deadline);
    }
    return mine.lockAsync(path, terms, deadline).<@Nullable HeldLock>thenApply(held -> held);
  }

  private static String kind(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (!(cause instanceof LockException)) {
      throw new IllegalStateException("a client was told something else", cause);
    }
    return cause.getClass().getSimpleName();
  }

  /** What it does while it has a lock. */
  private final class Holding {
    private final SimulatedNode at;
    private final HeldLock lock;
    private final long until;
    private final CompletableFuture<?> ended;
    private int underWay;
    private boolean converting;

    Holding(SimulatedNode at, HeldLock lock, long until, CompletableFuture<?> ended) {
      this.at = at;
      this.lock = lock;
      this.until = until;
      this.ended = ended;
    }

    void step() {
      if (!at.node.alive()) {
        simulation.checks().lets(lock);
        return;
      }
      if (at.node.running()) {
        boolean enough = simulation.over() || simulation.world().nanos() >= until;
        if (lock.over().isDone()) {
          simulation.reached("lock-lost");
          end();
          return;
        }
        if (enough && underWay == 0) {
          // It waits for what it sent: only what a lost holder sent is under way without one.
          lock.close();
          end();
          return;
        }
        if (!enough && lock.sequencer().mode() == LockMode.EXCLUSIVE) {
          work();
        }
        boolean mixed = lock.sequencer().path().equals(LockChecks.MIXED);
        if (!enough && mixed && !converting && dice.chance(0.05)) {
          convert();
        }
      }
      after(dice.between(1_000_000, STEP_NANOS_MAX), this::step);
    }

    private void end() {
      simulation.checks().lets(lock);
      ended.complete(null);
    }

    /** It may be given back while that is under way. */
    private void convert() {
      int waitsForIt = dice.chance(0.8) ? 1 : 0;
      converting = true;
      underWay += waitsForIt;
      Duration deadline = Duration.ofNanos(dice.between(1_000_000, CONVERT_NANOS_MAX));
      lock.convertAsync(dice.pick(MODES), deadline)
          .whenComplete(
              (_, failure) -> {
                simulation.reached("convert-" + (failure == null ? "granted" : kind(failure)));
                underWay -= waitsForIt;
                converting = false;
              });
    }

    private void work() {
      if (!lock.isHeld() || !lock.sequencer().path().equals(LockChecks.GUARD)) {
        return;
      }
      Sequencer sequencer = lock.sequencer();
      underWay++;
      after(
          dice.between(100_000, MESSAGE_NANOS_MAX),
          () -> {
            underWay--;
            simulation.checks().heard(sequencer.generation());
          });
      if (dice.chance(0.3)) {
        SimulatedLockClient agent = simulation.client(dice);
        after(dice.between(100_000, ERRAND_NANOS_MAX), () -> agent.changeFor(sequencer));
      }
    }
  }

  /** Makes a change for whom the sequencer was granted, if it still holds then. */
  private void changeFor(Sequencer sequencer) {
    LockSession mine = session;
    SimulatedNode at = node;
    if (mine == null || at == null || !at.node.running()) {
      return;
    }
    String path = LockChecks.guardedPath(sequencer.generation(), name + "-" + ++made);
    if (dice.chance(0.3)) {
      commitFor(at, sequencer, path);
      return;
    }
    mine.files(sequencer)
        .createAsync(path, new byte[0], DEADLINE)
        .whenComplete(
            (_, failure) -> {
              if (failure == null) {
                simulation.reached("guarded-done");
                simulation.checks().guardedDone(path);
              } else {
                simulation.reached("guarded-" + kind(failure));
                if (!kind(failure).equals("Indeterminate")) {
                  simulation.checks().guardedRefused(path);
                }
              }
            });
  }

  private void commitFor(SimulatedNode at, Sequencer sequencer, String path) {
    Transaction transaction = Transaction.begin().held(sequencer).put(path, new byte[0]).build();
    at.cells
        .commit(transaction, DEADLINE)
        .thenAccept(
            outcome -> {
              switch (outcome) {
                case Outcome.Committed _ -> {
                  simulation.reached("guarded-cell-committed");
                  simulation.checks().guardedDone(path);
                }
                case Outcome.Rejected _ -> {
                  simulation.reached("guarded-cell-rejected");
                  simulation.checks().guardedRefused(path);
                }
                case Outcome.Aborted _ -> simulation.checks().guardedRefused(path);
                case Outcome.Indeterminate _ -> simulation.reached("guarded-cell-unknown");
              }
            });
  }

  /** Puts something where nobody has this lock. */
  private CompletableFuture<?> commitIfFree(SimulatedNode at, String lock) {
    String key = LockChecks.FREE + lock + "/" + name + "-" + ++made;
    Transaction transaction = Transaction.begin().free(lock).put(key, new byte[0]).build();
    return at.cells
        .commit(transaction, DEADLINE)
        .thenAccept(
            outcome -> {
              switch (outcome) {
                case Outcome.Committed _ -> simulation.reached("free-committed");
                case Outcome.Rejected _ -> simulation.reached("free-rejected");
                case Outcome.Aborted _, Outcome.Indeterminate _ -> simulation.reached("free-not");
              }
            });
  }

  private CompletableFuture<?> count(LockSession mine) {
    // Until it is known, it may have counted: also if the node dies and never says.
    simulation.checks().perhapsCounted();
    return mine.files()
        .addAsync(LockChecks.COUNTER, 1, DEADLINE)
        .whenComplete(
            (_, failure) -> {
              boolean known = failure == null || !kind(failure).equals("Indeterminate");
              simulation.reached(known ? "count-known" : "count-unknown");
              if (known) {
                simulation.checks().countKnown(failure == null);
              }
            });
  }

  private CompletableFuture<?> read(SimulatedNode now, String path) {
    Operation operation = simulation.history().invoke(name, path, Action.read());
    return now.locks
        .readAsync(path, DEADLINE)
        .whenComplete(
            (found, failure) -> {
              if (failure != null) {
                kind(failure);
                operation.failed();
              } else {
                versions.put(path, found == null ? 0L : found.version());
                operation.read(text(found), found == null ? 0 : found.version());
              }
            });
  }

  private static @Nullable String text(@Nullable FileContents found) {
    return found == null ? null : new String(found.contents(), StandardCharsets.UTF_8);
  }

  private CompletableFuture<?> create(LockSession mine, String path) {
    String value = next();
    return run(
        simulation.history().invoke(name, path, Action.create(value)),
        mine.files().createAsync(path, value.getBytes(StandardCharsets.UTF_8), DEADLINE));
  }

  private CompletableFuture<?> write(LockSession mine, String path, boolean ifVersion) {
    String value = next();
    long version = versions.getOrDefault(path, 0L);
    if (!ifVersion || version == 0) {
      return create(mine, path);
    }
    return run(
        simulation.history().invoke(name, path, Action.writeIfVersion(version, value)),
        mine.files().writeAsync(path, value.getBytes(StandardCharsets.UTF_8), version, DEADLINE));
  }

  private CompletableFuture<?> remove(LockSession mine, String path) {
    long version = versions.getOrDefault(path, 0L);
    if (version == 0) {
      return create(mine, path);
    }
    return run(
        simulation.history().invoke(name, path, Action.writeIfVersion(version, null)),
        mine.files().removeAsync(path, version, DEADLINE));
  }

  private CompletableFuture<?> run(Operation operation, CompletableFuture<Long> change) {
    return change.whenComplete(
        (position, failure) -> {
          String kind = failure == null ? "" : kind(failure);
          switch (kind) {
            case "" -> operation.written(position);
            case "FileExists", "FileNotFound", "OtherVersion" -> operation.refused();
            case "Indeterminate" -> operation.unknown();
            default -> operation.failed();
          }
        });
  }

  private String next() {
    return name + "-" + ++made;
  }
}

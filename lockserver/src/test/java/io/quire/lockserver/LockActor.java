package io.quire.lockserver;

import io.quire.base.Rules;
import io.quire.sim.Actor;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/** An incarnation on a stage with the lock server, as a node wires it. */
final class LockActor {
  static final LeaseTerms TERMS = Keeper.TERMS;
  static final Duration SOON = Duration.ofSeconds(3);

  final Stage stage;
  final Actor actor;
  final Sessions sessions;
  final Session session;
  final Locks locks;

  LockActor(Stage stage, String node) {
    this.stage = stage;
    actor = stage.enter(node);
    var log = actor.log();
    var loop = actor.loop();
    sessions = new Sessions(log);
    session =
        new Session(
            actor.member(),
            () -> 0,
            TERMS,
            sessions,
            log,
            actor.transport(),
            loop,
            actor.clock(),
            Rules.ALL);
    LeaseTable leases =
        new LeaseTable(
            TERMS,
            session,
            sessions,
            (_, _, answered) -> answered.run(),
            log,
            actor.transport(),
            loop,
            actor.clock());
    locks = new Locks(sessions, session, TERMS, log, loop, actor.clock(), Rules.ALL);
    stage.on(actor, session::open);
    stage.on(actor, leases::open);
    stage.on(actor, locks::open);
  }

  /** All of these in the view with leases, the first one leading. */
  static List<LockActor> inView(Stage stage, String... nodes) {
    List<LockActor> actors = new ArrayList<>();
    for (String node : nodes) {
      actors.add(new LockActor(stage, node));
      if (actors.size() == 1) {
        stage.lead(actors.getFirst().actor);
      }
    }
    stage.play(Duration.ofMillis(300));
    return actors;
  }

  /** What comes of it when all that is under way has come to its end. */
  <T> T settled(CompletableFuture<T> future) {
    stage.settle();
    if (!future.isDone()) {
      throw new AssertionError("not settled");
    }
    return Objects.requireNonNull(future.join());
  }

  LockSession open() {
    return settled(locks.openSessionAsync("test", SOON));
  }

  /** What it failed with, or null if it did not. */
  static Throwable failure(CompletableFuture<?> future) {
    if (!future.isCompletedExceptionally()) {
      throw new AssertionError("did not fail: future=" + future);
    }
    return future.exceptionNow();
  }
}

package io.quire.gvm;

import io.quire.base.Log;
import io.quire.base.Rules;
import io.quire.lockserver.LeaseTable;
import io.quire.lockserver.LeaseTerms;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Session;
import io.quire.lockserver.Sessions;
import io.quire.sim.Actor;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome;
import io.quire.twopc.TwoPhase;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** An incarnation on a stage with cells. */
final class CellPeer {
  static final Duration DEADLINE = Duration.ofSeconds(10);

  final Actor actor;
  final Sessions sessions;
  final Session session;
  final Locks locks;
  final Cells cells;

  private final Stage stage;

  CellPeer(Stage stage, String node) {
    this.stage = stage;
    actor = stage.enter(node);
    var log = actor.log();
    var loop = actor.loop();
    var transport = actor.transport();
    var random = new SplittableRandom(actor.member().incarnation());
    sessions = new Sessions(log);
    session =
        new Session(
            actor.member(),
            () -> 0,
            LeaseTerms.DEFAULT,
            sessions,
            log,
            transport,
            loop,
            actor.clock(),
            Rules.ALL);
    TwoPhase twoPhase =
        new TwoPhase(
            actor.member(), sessions, log, transport, loop, actor.clock(), random, Rules.ALL);
    session.enterThrough(twoPhase);
    LeaseTable leases =
        new LeaseTable(
            LeaseTerms.DEFAULT, session, sessions, twoPhase, log, transport, loop, actor.clock());
    locks = new Locks(sessions, session, LeaseTerms.DEFAULT, log, loop, actor.clock(), Rules.ALL);
    cells = new Cells(sessions, locks, session, twoPhase, loop);
    stage.on(actor, session::open);
    stage.on(actor, leases::open);
    stage.on(actor, twoPhase::open);
  }

  /** All of these in the view with leases, the first one leading, nothing under way. */
  static List<CellPeer> inView(Stage stage, String... nodes) {
    List<CellPeer> peers = new ArrayList<>();
    for (String node : nodes) {
      peers.add(new CellPeer(stage, node));
      if (peers.size() == 1) {
        stage.lead(peers.getFirst().actor);
      }
    }
    stage.play(Duration.ofMillis(700));
    return peers;
  }

  /** Puts an entry of this actor into the log. */
  void propose(Log.Entry entry) {
    stage.on(actor, () -> actor.log().append(entry));
  }

  CompletableFuture<Outcome> put(String key, String value) {
    return cells.commit(Transaction.begin().put(key, bytes(value)).build(), DEADLINE);
  }

  /** A read, one step after the other without a pause. */
  CompletableFuture<@Nullable Versioned> reading(String key) {
    return cells.readOn(Runnable::run, key, DEADLINE);
  }

  /** What a read that need not wait answers. */
  @Nullable String read(String key) {
    return text(reading(key).resultNow());
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static @Nullable String text(@Nullable Versioned found) {
    return found == null ? null : text(found.value());
  }

  static @Nullable String text(byte @Nullable [] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }
}

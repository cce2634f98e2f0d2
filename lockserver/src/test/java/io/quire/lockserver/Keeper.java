package io.quire.lockserver;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.sim.Actor;
import io.quire.sim.Letter;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** An incarnation on a stage that has a session and, if it leads, keeps leases. */
final class Keeper {
  static final LeaseTerms TERMS =
      new LeaseTerms(Duration.ofSeconds(1), 0.01, Duration.ofMillis(50));

  final Stage stage;
  final Actor actor;
  final Sessions sessions;
  final Session session;
  final List<View> views = new ArrayList<>();

  /** Incarnations that answer no probe of this one. */
  final Set<Long> silent = new HashSet<>();

  Keeper(Stage stage, String node, long storage) {
    this.stage = stage;
    actor = stage.enter(node);
    sessions = new Sessions(actor.log());
    sessions.listen(views::add);
    session =
        new Session(
            actor.member(),
            () -> storage,
            TERMS,
            sessions,
            actor.log(),
            actor.transport(),
            actor.loop(),
            actor.clock(),
            Rules.ALL);
    LeaseTable leases =
        new LeaseTable(
            TERMS,
            session,
            sessions,
            this::probe,
            actor.log(),
            actor.transport(),
            actor.loop(),
            actor.clock());
    stage.on(actor, session::open);
    stage.on(actor, leases::open);
  }

  private void probe(Address at, long incarnation, Runnable answered) {
    if (!silent.contains(incarnation)) {
      answered.run();
    }
  }

  /** All of these in the view with leases, the first one leading. */
  static List<Keeper> inView(Stage stage, String... nodes) {
    List<Keeper> keepers = new ArrayList<>();
    for (String node : nodes) {
      keepers.add(new Keeper(stage, node, 0));
      if (keepers.size() == 1) {
        stage.lead(keepers.getFirst().actor);
      }
    }
    stage.play(Duration.ofMillis(300));
    return keepers;
  }

  /** Whether a read that begins and ends now would be answered. */
  boolean reads() {
    Session.Token token = session.token();
    return token != null && session.valid(token);
  }

  Session.Token token() {
    return Objects.requireNonNull(session.token());
  }

  View view() {
    return sessions.view();
  }

  List<String> servers() {
    return sessions.files().stream().map(LockFile::path).toList();
  }

  void propose(SessionEntry entry, Log.Fence fence) {
    stage.on(actor, () -> actor.log().append(entry.entry(fence)));
  }

  static boolean isKeepAlive(Letter letter) {
    return letter.channel() == Transport.Channel.LEASE
        && LeaseMessage.read(letter.message()) instanceof LeaseMessage.KeepAlive;
  }

  static boolean isGrant(Letter letter) {
    return letter.channel() == Transport.Channel.LEASE
        && LeaseMessage.read(letter.message()) instanceof LeaseMessage.Grant;
  }
}

package io.quire.ns;

import io.quire.base.Clock;
import io.quire.base.Rules;
import io.quire.gvm.Cells;
import io.quire.lockserver.LeaseTable;
import io.quire.lockserver.LeaseTerms;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Session;
import io.quire.lockserver.Sessions;
import io.quire.sim.Actor;
import io.quire.sim.Stage;
import io.quire.twopc.TwoPhase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** An incarnation on a stage with namespaces. */
final class NsPeer {
  private static final long STORAGE = 7;

  final Actor actor;
  final Sessions sessions;
  final Session session;
  final Locks locks;
  final Cells cells;
  final Namespaces namespaces;
  final List<Long> freed = new ArrayList<>();

  /** Is run whenever a caller, not the loop, looks at the clock. */
  Runnable whenClockIsRead = () -> {};

  NsPeer(Stage stage, String node) {
    this(stage, node, Rules.ALL);
  }

  /** One that may break rules. */
  NsPeer(Stage stage, String node, Rules rules) {
    actor = stage.enter(node);
    var log = actor.log();
    var loop = actor.loop();
    var transport = actor.transport();
    Clock clock = clock(actor);
    var random = new SplittableRandom(actor.member().incarnation());
    sessions = new Sessions(log);
    session =
        new Session(
            actor.member(),
            () -> STORAGE,
            LeaseTerms.DEFAULT,
            sessions,
            log,
            transport,
            loop,
            clock,
            rules);
    TwoPhase twoPhase =
        new TwoPhase(actor.member(), sessions, log, transport, loop, clock, random, rules);
    session.enterThrough(twoPhase);
    LeaseTable leases =
        new LeaseTable(
            LeaseTerms.DEFAULT, session, sessions, twoPhase, log, transport, loop, clock);
    locks = new Locks(sessions, session, LeaseTerms.DEFAULT, log, loop, clock, rules);
    cells = new Cells(sessions, locks, session, twoPhase, loop);
    namespaces =
        new Namespaces(sessions, locks, session, cells, log, transport, loop, clock, random, rules);
    namespaces.onFreed(freed::add);
    stage.on(actor, session::open);
    stage.on(actor, leases::open);
    stage.on(actor, twoPhase::open);
    stage.on(actor, locks::open);
    stage.on(actor, namespaces::open);
  }

  /** All of these in the view, the first one leading; whoever calls finds all settled. */
  static List<NsPeer> inView(Stage stage, String... nodes) {
    return inView(stage, Rules.ALL, nodes);
  }

  /** As above, of nodes that may break rules. */
  static List<NsPeer> inView(Stage stage, Rules rules, String... nodes) {
    stage.whenEntered(stage::settle);
    List<NsPeer> peers = new ArrayList<>();
    for (String node : nodes) {
      peers.add(new NsPeer(stage, node, rules));
      if (peers.size() == 1) {
        stage.lead(peers.getFirst().actor);
      }
    }
    stage.play(Duration.ofSeconds(1));
    return peers;
  }

  /** What a name of the root means here; there must be something. */
  NsObject found(String name) {
    return namespaces.lookup(NsHandle.ROOT, name).orElseThrow();
  }

  NsObject found(long xid) {
    return namespaces.lookup(xid).orElseThrow();
  }

  NsRef opened(String name) {
    return namespaces.open(NsHandle.ROOT, name).orElseThrow();
  }

  private Clock clock(Actor of) {
    Clock clock = of.clock();
    return new Clock() {
      @Override
      public long nanos() {
        if (!of.loop().here()) {
          whenClockIsRead.run();
        }
        return clock.nanos();
      }

      @Override
      public long wallMillis() {
        return clock.wallMillis();
      }
    };
  }
}

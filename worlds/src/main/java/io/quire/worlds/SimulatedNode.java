package io.quire.worlds;

import io.quire.base.Log;
import io.quire.base.Member;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.gvm.Cells;
import io.quire.lockserver.LeaseTable;
import io.quire.lockserver.LeaseTerms;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Prober;
import io.quire.lockserver.Session;
import io.quire.lockserver.Sessions;
import io.quire.sim.SimNode;
import io.quire.twopc.TwoPhase;
import java.util.random.RandomGenerator;

/** The protocol of one incarnation, as a node wires it, on the seams of a simulated world. */
final class SimulatedNode {
  final SimNode node;
  final Log log;
  final Sessions sessions;
  final Session session;
  final TwoPhase twoPhase;
  final Cells cells;
  final Locks locks;

  /**
   * Wires a node.
   *
   * @param probed whether its leases are bound to answers on the way of prepares, as they must be
   */
  SimulatedNode(
      SimNode node,
      Transport transport,
      Log log,
      RandomGenerator random,
      Rules rules,
      LeaseTerms terms,
      boolean probed) {
    this.node = node;
    this.log = log;
    Member member =
        rules.keep(Rules.Rule.NEW_INCARNATION)
            ? node.member()
            : new Member(node.id(), 1 + node.id().name().charAt(0), node.address());
    var loop = node.loop();
    var clock = node.clock();
    sessions = new Sessions(log);
    long storage = node.id().hashCode();
    session =
        new Session(member, () -> storage, terms, sessions, log, transport, loop, clock, rules);
    twoPhase = new TwoPhase(member, sessions, log, transport, loop, clock, random, rules);
    session.enterThrough(twoPhase);
    Prober prober = probed ? twoPhase : (_, _, answered) -> answered.run();
    LeaseTable leases =
        new LeaseTable(terms, session, sessions, prober, log, transport, loop, clock);
    locks = new Locks(sessions, session, terms, log, loop, clock, rules);
    cells = new Cells(sessions, locks, session, twoPhase, loop);
    loop.execute(
        () -> {
          session.open();
          leases.open();
          twoPhase.open();
          locks.open();
        });
  }

  boolean ready() {
    Session.Token token = session.token();
    return node.running() && token != null && session.valid(token);
  }
}

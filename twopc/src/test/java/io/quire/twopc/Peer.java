package io.quire.twopc;

import io.quire.base.Log;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.base.WireWriter;
import io.quire.lockserver.LeaseTerms;
import io.quire.lockserver.Session;
import io.quire.lockserver.Sessions;
import io.quire.lockserver.View;
import io.quire.sim.Actor;
import io.quire.sim.Letter;
import io.quire.sim.Proposal;
import io.quire.sim.Stage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/** An incarnation on a stage that takes part in transactions. */
final class Peer {
  /** Not none, so that a restarted node replaces its predecessor at once. */
  private static final long STORAGE = 7;

  static final Duration DEADLINE = Duration.ofSeconds(10);

  final Stage stage;
  final Actor actor;
  final Sessions sessions;
  final Session session;
  final TwoPhase twoPhase;
  final Recorder recorder = new Recorder();

  Peer(Stage stage, String node) {
    this(stage, node, Rules.ALL);
  }

  Peer(Stage stage, String node, Rules rules) {
    this.stage = stage;
    actor = stage.enter(node);
    var log = actor.log();
    var loop = actor.loop();
    var clock = actor.clock();
    sessions = new Sessions(log);
    session =
        new Session(
            actor.member(),
            () -> STORAGE,
            LeaseTerms.DEFAULT,
            sessions,
            log,
            actor.transport(),
            loop,
            clock,
            rules);
    twoPhase =
        new TwoPhase(
            actor.member(),
            sessions,
            log,
            actor.transport(),
            loop,
            clock,
            new SplittableRandom(actor.member().incarnation()),
            rules);
    twoPhase.register(recorder);
  }

  /** All of these in the view, the first one leading, nothing under way. */
  static List<Peer> inView(Stage stage, String... nodes) {
    return inView(stage, Rules.ALL, nodes);
  }

  static List<Peer> inView(Stage stage, Rules rules, String... nodes) {
    List<Peer> peers = new ArrayList<>();
    for (String node : nodes) {
      peers.add(new Peer(stage, node, rules));
    }
    stage.lead(peers.getFirst().actor);
    for (Peer peer : peers) {
      stage.on(peer.actor, peer.session::open);
      stage.settle();
      stage.on(peer.actor, peer.twoPhase::open);
    }
    stage.settle();
    return peers;
  }

  long incarnation() {
    return actor.member().incarnation();
  }

  View view() {
    return sessions.view();
  }

  CompletableFuture<Outcome> submit(String payload) {
    return submit(payload, 0, DEADLINE);
  }

  CompletableFuture<Outcome> submit(String payload, long epoch, Duration deadline) {
    return twoPhase
        .submit(
            Submission.of(Recorder.NUMBER, payload.getBytes(StandardCharsets.UTF_8), deadline)
                .inEpoch(epoch))
        .outcome();
  }

  /** Its session ends by an entry, as by a leader's judgement; nobody has applied it yet. */
  void expire() {
    var token = session.token();
    if (token == null) {
      throw new IllegalStateException("no session: node=" + actor);
    }
    propose(expiry(incarnation(), token.joined()));
  }

  static Log.Entry expiry(long incarnation, long joined) {
    byte[] entry = new WireWriter().int8(3).int64(incarnation).int64(joined).toBytes();
    return new Log.Entry(Log.Stream.SESSIONS, Log.Fence.NONE, entry);
  }

  /** Puts an entry of this actor into the log. */
  void propose(Log.Entry entry) {
    stage.on(actor, () -> actor.log().append(entry));
    stage.commit(stage.proposals().getLast());
  }

  boolean holds(String payload) {
    return recorder.held.stream().anyMatch(each -> each.startsWith(payload + "@"));
  }

  /** Messages of this kind to this node that are under way. */
  List<Letter> coming(Class<? extends Message> kind) {
    return stage.letters(
        letter -> letter.to().equals(actor.member().address()) && is(letter, kind));
  }

  static boolean is(Letter letter, Class<? extends Message> kind) {
    return letter.channel() == Transport.Channel.TWOPC
        && kind.isInstance(Message.read(letter.message()));
  }

  static boolean isTxn(Proposal proposal) {
    return proposal.entry().stream().equals(Log.Stream.TRANSACTIONS)
        && TxnEntry.read(proposal.entry().payload()) instanceof TxnEntry.Txn;
  }

  static boolean isResolve(Proposal proposal) {
    return proposal.entry().stream().equals(Log.Stream.TRANSACTIONS)
        && TxnEntry.read(proposal.entry().payload()) instanceof TxnEntry.Resolve;
  }
}

package io.quire.twopc;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Transport;
import io.quire.sim.Letter;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome.Committed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ways around a link that is cut, probes, and how nodes are let in. The first of a, b, c leads. */
@Timeout(30)
class RoutesTest {
  private final Stage stage = new Stage();
  private final List<Peer> peers = Peer.inView(stage, "a", "b", "c");
  private final Peer a = peers.get(0);
  private final Peer b = peers.get(1);
  private final Peer c = peers.get(2);
  private Predicate<Letter> cut = _ -> false;

  @BeforeEach
  void nothingIsUnderWay() {
    assertThat(stage.letters()).isEmpty();
  }

  private boolean between(Letter letter, Peer one, Peer other) {
    return (letter.from() == one.actor && letter.to().equals(other.actor.member().address()))
        || (letter.from() == other.actor && letter.to().equals(one.actor.member().address()));
  }

  /** As {@link Stage#play}, without the letters that the cut takes. */
  private List<Letter> play(Duration time) {
    List<Letter> seen = new ArrayList<>();
    for (long millis = 0; millis <= time.toMillis(); millis += 5) {
      stage.loseAll(cut);
      for (var next = stage.possible(); !next.isEmpty(); next = stage.possible()) {
        stage.letters().stream().findFirst().ifPresent(seen::add);
        next.getFirst().run();
        stage.loseAll(cut);
      }
      stage.pass(Duration.ofMillis(5));
    }
    return seen;
  }

  @Test
  void linkIsCut_theLeaderPassesPrepareAndVoteOn() {
    cut = letter -> between(letter, b, c);
    CompletableFuture<Outcome> outcome = b.submit("t");
    play(Duration.ofMillis(600));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
    assertThat(c.recorder.committed).containsExactly("t");
  }

  @Test
  void linkIsCut_theNextOneTakesTheDetourAtOnce() {
    cut = letter -> between(letter, b, c);
    b.submit("t");
    play(Duration.ofMillis(600));
    CompletableFuture<Outcome> outcome = b.submit("u");
    play(Duration.ofMillis(10));
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
  }

  @Test
  void linkIsMended_nothingIsPassedOnAnyMore() {
    cut = letter -> between(letter, b, c);
    b.submit("t");
    play(Duration.ofMillis(600));
    cut = _ -> false;
    b.submit("u");
    play(Duration.ofMillis(10));
    b.submit("v");
    assertThat(play(Duration.ofMillis(10)))
        .isNotEmpty()
        .noneMatch(letter -> Peer.is(letter, Message.Relay.class));
  }

  @Test
  void linkIsWhole_nothingIsPassedOn() {
    b.submit("t");
    assertThat(play(Duration.ofMillis(700)))
        .noneMatch(letter -> Peer.is(letter, Message.Relay.class));
  }

  @Test
  void relay_toWhoIsNoMember_isDropped() {
    Peer d = new Peer(stage, "d");
    byte[] inner = new Message.Echo(1, 1).toBytes();
    byte[] relay = new Message.Relay(d.actor.member().address(), inner).toBytes();
    b.actor.transport().send(a.actor.member().address(), Transport.Channel.TWOPC, relay);
    stage.deliverAll(letter -> Peer.is(letter, Message.Relay.class));
    assertThat(stage.letters()).isEmpty();
  }

  @Test
  void probe_isAnsweredByTheIncarnationThatWasMeantOnly() {
    List<String> answered = new ArrayList<>();
    stage.on(
        a.actor,
        () -> {
          a.twoPhase.probe(b.actor.member().address(), b.incarnation(), () -> answered.add("b"));
          a.twoPhase.probe(c.actor.member().address(), 12345, () -> answered.add("another"));
        });
    assertThat(answered).isEmpty();
    stage.settle();
    assertThat(answered).containsExactly("b");
  }

  @Test
  void entering_whoIsNotHeardOnTheWayOfPrepares_staysOutside() {
    Peer d = new Peer(stage, "d");
    d.session.enterThrough(d.twoPhase);
    stage.on(d.actor, d.session::open);
    cut = letter -> Peer.is(letter, Message.Standing.class);
    play(Duration.ofSeconds(3));
    assertThat(a.view().has(d.incarnation())).isFalse();
    cut = _ -> false;
    play(Duration.ofSeconds(1));
    assertThat(a.view().has(d.incarnation())).isTrue();
  }

  @Test
  void entering_behindInTheLog_catchesUpFirst() {
    for (int i = 0; i < 5; i++) {
      a.submit("t" + i);
      play(Duration.ofMillis(300));
    }
    Peer d = new Peer(stage, "d");
    d.session.enterThrough(d.twoPhase);
    stage.on(d.actor, d.session::open);
    List<Integer> waits =
        play(Duration.ofMillis(400)).stream()
            .filter(letter -> Peer.is(letter, Message.Standing.class))
            .map(letter -> ((Message.Standing) Message.read(letter.message())).waitMillis())
            .toList();
    assertThat(waits).hasSizeGreaterThan(1).endsWith(0);
    assertThat(waits.getFirst()).as("it has applied nothing yet").isPositive();
    assertThat(a.view().has(d.incarnation())).isTrue();
  }

  @Test
  void entering_againAndAgain_isSlowedDown() {
    c.session.enterThrough(c.twoPhase);
    List<Long> entered = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      c.expire();
      a.actor.applyAll();
      assertThat(a.view().has(c.incarnation())).isFalse();
      long begun = stage.nanos();
      for (int j = 0; j < 200 && !a.view().has(c.incarnation()); j++) {
        play(Duration.ofMillis(100));
      }
      entered.add((stage.nanos() - begun) / 1_000_000);
    }
    assertThat(entered.subList(0, Admission.AT_ONCE - 1)).allMatch(millis -> millis < 1_000);
    assertThat(entered.getLast()).isBetween(6_000L, Admission.ONE_MORE.toMillis() + 1_000);
  }
}

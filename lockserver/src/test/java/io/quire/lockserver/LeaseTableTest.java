package io.quire.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Log;
import io.quire.base.Transport;
import io.quire.sim.Dice;
import io.quire.sim.Proposal;
import io.quire.sim.Seeds;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The leader's side: who gets a lease, and when it is over. */
@Timeout(60)
class LeaseTableTest {
  private final Stage stage = new Stage();
  private final List<Keeper> keepers = Keeper.inView(stage, "a", "b", "c");
  private final Keeper a = keepers.get(0);
  private final Keeper b = keepers.get(1);
  private final Keeper c = keepers.get(2);

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  /** Lets time pass in which c is silent, up to the entry that expires it. */
  private Proposal expiryOfC() {
    c.actor.pause();
    for (int i = 0; i < 300 && stage.proposals().isEmpty(); i++) {
      stage.pass(ms(10));
      stage.deliverAll(_ -> true);
      stage.confirmLeaders();
      stage.deliverAll(_ -> true);
    }
    assertThat(stage.proposals()).hasSize(1);
    return stage.proposals().getFirst();
  }

  /** A keep-alive of c's session, as it would have sent it now. */
  private void keepAliveOfC() {
    var message =
        new LeaseMessage.KeepAlive(
            c.actor.member().incarnation(),
            c.token().joined(),
            c.actor.clock().nanos(),
            c.actor.log().applied(),
            c.actor.member().address());
    c.actor
        .transport()
        .send(a.actor.member().address(), Transport.Channel.LEASE, message.toBytes());
    stage.deliverAll(letter -> letter.from() == c.actor);
    stage.confirmLeaders();
  }

  private long grantsToC() {
    return stage
        .letters(letter -> letter.to().equals(c.actor.member().address()) && Keeper.isGrant(letter))
        .size();
  }

  @Test
  void silent_isExpiredAfterTheLeadersTimeAndNotBefore() {
    c.actor.exit();
    stage.play(ms(850));
    assertThat(a.servers()).contains("/servers/c");
    stage.play(ms(600));
    assertThat(a.servers()).containsExactly("/servers/a", "/servers/b");
    assertThat(b.sessions.view()).isEqualTo(a.sessions.view());
  }

  @Test
  void expiry_underWay_keepAlivesAreRefusedUntilItIsKnown() {
    Proposal expiry = expiryOfC();
    assertThat(SessionEntry.read(expiry.entry().payload())).isInstanceOf(SessionEntry.Expire.class);
    keepAliveOfC();
    assertThat(grantsToC()).isZero();
    stage.leaveInDoubt(expiry);
    keepAliveOfC();
    assertThat(grantsToC()).as("it may yet come").isZero();
    stage.pass(ms(250));
    assertThat(stage.proposals()).as("and is proposed again").hasSize(2);
    stage.settle();
    assertThat(a.servers()).doesNotContain("/servers/c");
  }

  @Test
  void expiry_refusedByTheLog_keepAlivesAreGrantedAgain() {
    stage.refuse(expiryOfC());
    keepAliveOfC();
    assertThat(grantsToC()).isOne();
  }

  @Test
  void expiry_underWayWhileItsJudgeIsPaused_keepAlivesAreRefusedAllTheSame() {
    Proposal expiry = expiryOfC();
    a.actor.pause();
    stage.pass(ms(900));
    a.actor.resume();
    stage.pass(ms(150));
    keepAliveOfC();
    assertThat(grantsToC()).as("in this term the expiry may yet be applied").isZero();
    stage.commit(expiry);
    stage.settle();
    assertThat(a.servers()).doesNotContain("/servers/c");
  }

  @Test
  void expiry_judgedInAnOldTerm_isVoid() {
    Proposal expiry = expiryOfC();
    assertThat(expiry.entry().fence()).isEqualTo(Log.Fence.term(1));
    stage.lead(b.actor);
    stage.commit(expiry);
    a.actor.applyAll();
    assertThat(a.servers()).contains("/servers/c");
  }

  @Test
  void deposedLeader_grantsNothing() {
    stage.elect(b.actor);
    assertThat(a.actor.log().leadingTerm()).as("it does not know yet").isNotZero();
    stage.loseAll(_ -> true);
    keepAliveOfC();
    assertThat(grantsToC()).isZero();
  }

  @Test
  void follower_grantsNothing() {
    stage.lead(b.actor);
    stage.loseAll(_ -> true);
    keepAliveOfC();
    assertThat(stage.letters(Keeper::isGrant)).isEmpty();
  }

  @Test
  void newLeader_beginsEveryLeaseAnew() {
    c.actor.exit();
    stage.play(ms(900));
    stage.lead(b.actor);
    stage.play(ms(900));
    assertThat(b.servers()).as("its own wait is not over").contains("/servers/c");
    stage.play(ms(500));
    assertThat(b.servers()).doesNotContain("/servers/c");
  }

  @Test
  void leader_thatWasPaused_expiresNobodyAtOnce() {
    a.actor.pause();
    stage.play(ms(10_000));
    a.actor.resume();
    stage.play(ms(600));
    assertThat(a.sessions.view().epoch()).as("nobody went and came again").isEqualTo(3);
    assertThat(keepers).allMatch(Keeper::reads);
  }

  @Test
  void unknownSession_isNotGranted() {
    long joined = c.token().joined();
    stage.on(c.actor, c.session::leave);
    stage.settle();
    stage.loseAll(_ -> true);
    var late =
        new LeaseMessage.KeepAlive(
            c.actor.member().incarnation(), joined, 0, 0, c.actor.member().address());
    c.actor.transport().send(a.actor.member().address(), Transport.Channel.LEASE, late.toBytes());
    stage.deliverAll(letter -> letter.from() == c.actor);
    stage.confirmLeaders();
    assertThat(grantsToC()).isZero();
  }

  @Test
  void clocksAtDifferentRates_nobodyReadsWhenItsExpiryIsInTheLog() {
    Seeds.fresh(300, seed -> judge(new Dice(seed), Keeper.TERMS.drift()));
  }

  @Test
  void clocksBeyondTheDrift_breakTheRule() {
    boolean broken = false;
    for (long seed = 1; !broken && seed <= 300; seed++) {
      try {
        judge(new Dice(seed), 0.3);
      } catch (AssertionError e) {
        broken = true;
      }
    }
    assertThat(broken).as("with clocks far apart it must fail").isTrue();
  }

  /** Clocks, delays and losses by chance; c's last grants come late. */
  private static void judge(Dice dice, double drift) {
    Stage stage = new Stage();
    List<Keeper> keepers = Keeper.inView(stage, "a", "b", "c");
    for (Keeper keeper : keepers) {
      keeper.actor.clockRate(1 + drift * (2 * dice.nextDouble() - 1));
    }
    Keeper c = keepers.get(2);
    for (int i = 0; i < 3_000 && stage.proposals().isEmpty(); i++) {
      stage.pass(ms(dice.between(1, 20)));
      stage.loseAll(letter -> letter.from() == c.actor && dice.chance(0.6));
      stage.letters().stream().filter(_ -> dice.chance(0.3)).forEach(stage::deliver);
      if (dice.nextBoolean()) {
        stage.confirmLeaders();
      }
    }
    for (Proposal expiry : stage.proposals()) {
      if (SessionEntry.read(expiry.entry().payload())
          instanceof SessionEntry.Expire(long incarnation, long _)) {
        Keeper expired =
            keepers.stream()
                .filter(each -> each.actor.member().incarnation() == incarnation)
                .findFirst()
                .orElseThrow();
        stage.letters(Keeper::isGrant).forEach(stage::deliver);
        assertThat(expired.reads()).as("reads of %s", expired.actor).isFalse();
      }
    }
  }
}

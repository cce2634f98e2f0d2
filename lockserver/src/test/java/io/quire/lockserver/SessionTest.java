package io.quire.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Log;
import io.quire.base.Transport;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.LeaseMessage.Grant;
import io.quire.lockserver.SessionEntry.Expire;
import io.quire.sim.Letter;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node's own session: its token and when it holds. */
@Timeout(30)
class SessionTest {
  private final Stage stage = new Stage();
  private final List<Keeper> keepers = Keeper.inView(stage, "a", "b", "c");
  private final Keeper a = keepers.get(0);
  private final Keeper b = keepers.get(1);
  private final Keeper c = keepers.get(2);

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  /** Lets the next keep-alive of c be sent, and answers it. */
  private Letter keepAliveOfC() {
    stage.loseAll(_ -> true);
    while (stage.letters(letter -> letter.from() == c.actor).isEmpty()) {
      stage.pass(ms(1));
    }
    return stage.letters(letter -> letter.from() == c.actor).getFirst();
  }

  @Test
  void joined_withoutAGrant_doesNotRead() {
    Keeper d = new Keeper(stage, "d", 0);
    stage.commitAll();
    d.actor.applyAll();
    assertThat(d.session.token()).isNotNull();
    assertThat(d.reads()).isFalse();
    stage.play(ms(300));
    assertThat(d.reads()).isTrue();
  }

  @Test
  void keptAlive_readsForLong() {
    Session.Token token = c.token();
    for (int i = 0; i < 100; i++) {
      stage.play(ms(100));
      assertThat(c.session.valid(token)).isTrue();
    }
    assertThat(c.views).hasSize(3);
  }

  @Test
  void lease_countsFromSendingNotFromTheGrant() {
    Letter keepAlive = keepAliveOfC();
    stage.pass(ms(800));
    stage.deliver(keepAlive);
    stage.confirmLeaders();
    Letter grant = stage.letters(Keeper::isGrant).getLast();
    stage.pass(ms(190));
    stage.deliver(grant);
    assertThat(c.reads()).isTrue();
    stage.pass(ms(11));
    assertThat(c.reads()).as("one second after it was sent").isFalse();
  }

  @Test
  void grant_ofAnotherSessionOrAnOlderOne_changesNothing() {
    Letter keepAlive = keepAliveOfC();
    long sent = ((LeaseMessage.KeepAlive) LeaseMessage.read(keepAlive.message())).sent();
    long joined = c.token().joined();
    long incarnation = c.actor.member().incarnation();
    stage.pass(ms(900));
    grant(new Grant(incarnation, joined + 1, sent));
    grant(new Grant(incarnation + 1, joined, sent));
    assertThat(c.reads()).isFalse();
    grant(new Grant(incarnation, joined, sent));
    assertThat(c.reads()).isTrue();
    grant(new Grant(incarnation, joined, sent - 900_000_000L));
    assertThat(c.reads()).as("an older grant takes nothing away").isTrue();
  }

  private void grant(Grant grant) {
    a.actor.transport().send(c.actor.member().address(), Transport.Channel.LEASE, grant.toBytes());
    stage.deliver(stage.letters().getLast());
  }

  @Test
  void paused_longerThanTheLease_answersNothingWhenItWakes() {
    Session.Token begun = c.token();
    c.actor.pause();
    stage.play(ms(1_001));
    assertThat(c.session.valid(begun)).as("by a clock read now").isFalse();
    c.actor.resume();
    assertThat(c.session.valid(begun)).isFalse();
  }

  @Test
  void expired_andJoinedAgain_theOldTokenIsNeverValidAgain() {
    Session.Token begun = c.token();
    a.propose(new Expire(c.actor.member().incarnation(), begun.joined()), Log.Fence.NONE);
    stage.settle();
    stage.play(ms(500));
    Session.Token next = c.token();
    assertThat(next).isNotSameAs(begun);
    assertThat(next.joined()).isGreaterThan(begun.joined());
    assertThat(c.session.valid(next)).isTrue();
    assertThat(c.session.valid(begun)).isFalse();
    assertThat(a.sessions.view().epoch()).isEqualTo(5);
  }

  @Test
  void leave_refusesReadsAtOnceAndOthersNeedNotWait() {
    Session.Token begun = c.token();
    stage.on(c.actor, c.session::leave);
    assertThat(c.session.token()).isNull();
    assertThat(c.session.valid(begun)).isFalse();
    stage.settle();
    assertThat(a.servers()).containsExactly("/servers/a", "/servers/b");
    stage.play(ms(3_000));
    assertThat(a.servers()).as("it stays away").containsExactly("/servers/a", "/servers/b");
  }

  @Test
  void restarted_withTheLockOfItsStorage_replacesThePredecessorAtOnce() {
    new Keeper(stage, "d", 7);
    stage.play(ms(300));
    Keeper again = new Keeper(stage, "d", 7);
    stage.play(ms(300));
    assertThat(again.reads()).isTrue();
    assertThat(a.sessions.view().has(again.actor.member().incarnation())).isTrue();
  }

  @Test
  void restarted_withoutALock_waitsForTheLeaseOfThePredecessor() {
    Keeper again = new Keeper(stage, "c", 0);
    stage.play(ms(700));
    assertThat(again.session.token()).isNull();
    stage.play(ms(1_500));
    assertThat(again.reads()).isTrue();
  }

  @Test
  void snapshot_overExpiryAndRejoining_isNotReadBeforeAllOfItIsThere() {
    List<Boolean> readable = new ArrayList<>();
    Keeper d = new Keeper(stage, "d", 0);
    d.actor
        .log()
        .register(
            new Log.Projection() {
              @Override
              public Log.Stream stream() {
                return Log.Stream.TRANSACTIONS;
              }

              @Override
              public byte[] apply(long position, byte[] payload) {
                return new byte[0];
              }

              @Override
              public void save(WireWriter out) {}

              @Override
              public void restore(long position, WireReader in) {
                readable.add(d.session.token() != null);
              }
            });
    stage.play(ms(300));
    Session.Token begun = d.token();
    a.propose(new Expire(d.actor.member().incarnation(), begun.joined()), Log.Fence.NONE);
    d.propose(new SessionEntry.Join(d.actor.member(), 0, 0), Log.Fence.NONE);
    stage.commitAll();
    a.actor.applyAll();
    d.actor.install(a.actor);
    assertThat(readable)
        .as("a token while the rest is still to be replaced")
        .containsExactly(false);
    assertThat(d.token()).isNotSameAs(begun);
    assertThat(d.session.valid(begun)).isFalse();
    stage.play(ms(300));
    assertThat(d.reads()).isTrue();
  }

  @Test
  void snapshot_overOnesExpiry_joinsAgain() {
    Session.Token begun = c.token();
    a.propose(new Expire(c.actor.member().incarnation(), begun.joined()), Log.Fence.NONE);
    stage.commitAll();
    a.actor.applyAll();
    c.actor.install(a.actor);
    assertThat(c.session.token()).isNull();
    stage.play(ms(500));
    assertThat(c.reads()).isTrue();
  }

  @Test
  void snapshot_withinOnesSession_keepsTheToken() {
    Session.Token begun = c.token();
    stage.on(b.actor, b.session::leave);
    stage.commitAll();
    a.actor.applyAll();
    c.actor.install(a.actor);
    assertThat(c.session.token()).isSameAs(begun);
    assertThat(c.reads()).isTrue();
  }
}

package io.quire.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Log;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whose lease goes on: rule 43. The lease is one second. */
@Timeout(30)
class UsefulnessTest {
  private final Stage stage = new Stage();
  private final List<Keeper> keepers = Keeper.inView(stage, "a", "b", "c");
  private final Keeper a = keepers.get(0);
  private final Keeper b = keepers.get(1);
  private final Keeper c = keepers.get(2);

  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  @Test
  void memberAnswersNoProbe_isExpiredWithinItsLeaseTheMarginAndAWatch() {
    Session.Token begun = c.token();
    a.silent.add(c.actor.member().incarnation());
    stage.play(ms(900));
    assertThat(c.token()).as("its lease still runs").isSameAs(begun);
    stage.play(ms(300));
    assertThat(c.session.token()).as("what it joined anew").isNotSameAs(begun);
    assertThat(c.session.valid(begun)).isFalse();
    assertThat(b.servers()).contains("/servers/a", "/servers/b");
  }

  @Test
  void memberAnswersOneProbeInALease_stays() {
    for (int i = 0; i < 10; i++) {
      a.silent.add(c.actor.member().incarnation());
      stage.play(ms(700));
      a.silent.clear();
      stage.play(ms(250));
    }
    assertThat(a.servers()).hasSize(3);
    assertThat(c.views).as("changes of the view").hasSize(3);
  }

  @Test
  void nobodyAnswersTheLeader_itLeavesAndTheOthersStay() {
    a.silent.add(b.actor.member().incarnation());
    a.silent.add(c.actor.member().incarnation());
    stage.play(ms(800));
    assertThat(a.session.token()).isNull();
    assertThat(b.servers()).containsExactly("/servers/b", "/servers/c");
    stage.play(ms(5_000));
    assertThat(b.servers()).as("it stays away").containsExactly("/servers/b", "/servers/c");
    assertThat(b.reads()).isTrue();
    assertThat(c.reads()).isTrue();
    a.silent.clear();
    stage.play(ms(2_500));
    assertThat(b.servers()).hasSize(3);
    assertThat(a.reads()).isTrue();
  }

  @Test
  void stepsOut_whileItsLeaveIsUnderWay_takesNoSessionUp() {
    Session.Token begun = a.token();
    stage.on(a.actor, a.session::stepOut);
    Keeper d = new Keeper(stage, "d", 0);
    stage.commit(
        stage.proposals().stream()
            .filter(proposal -> proposal.origin() == d.actor)
            .findFirst()
            .orElseThrow());
    a.actor.applyAll();
    assertThat(a.view().has(a.actor.member().incarnation())).as("still in the view").isTrue();
    assertThat(a.session.token()).as("the file is of the session that it gave up").isNull();
    assertThat(a.session.valid(begun)).isFalse();
  }

  @Test
  void memberDoesNotApply_isExpiredTwoLeasesLater() {
    for (int i = 0; i < 30; i++) {
      a.propose(new SessionEntry.Leave(99, 1), Log.Fence.NONE);
      onlyCStandsStill(ms(100));
    }
    assertThat(a.view().has(c.actor.member().incarnation())).isFalse();
    assertThat(a.servers()).containsExactly("/servers/a", "/servers/b");
  }

  @Test
  void memberAppliesLateButWithinALease_stays() {
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 8; j++) {
        a.propose(new SessionEntry.Leave(99, 1), Log.Fence.NONE);
        onlyCStandsStill(ms(100));
      }
      c.actor.applyAll();
    }
    assertThat(a.servers()).hasSize(3);
  }

  /** As {@link Stage#play}, but c applies nothing. */
  private void onlyCStandsStill(Duration time) {
    for (long millis = 0; millis < time.toMillis(); millis += 10) {
      stage.pass(ms(10));
      stage.deliverAll(_ -> true);
      stage.confirmLeaders();
      stage.deliverAll(_ -> true);
      stage.commitAll();
      a.actor.applyAll();
      b.actor.applyAll();
    }
  }
}

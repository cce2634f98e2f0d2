package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class StageTest {
  private final Stage stage = new Stage();
  private final Actor a = stage.enter("a");
  private final Actor b = stage.enter("b");
  private final List<String> heard = new ArrayList<>();

  @Test
  void letter_liesUntilDeliveredAndMayComeTwice() {
    b.transport().receive(Transport.Channel.TWOPC, bytes -> heard.add("b" + bytes[0]));
    a.transport().send(b.member().address(), Transport.Channel.TWOPC, new byte[] {1});
    a.transport().send(b.member().address(), Transport.Channel.TWOPC, new byte[] {2});
    assertThat(heard).isEmpty();
    Letter first = stage.letters().getFirst();
    stage.deliver(stage.letters().getLast());
    stage.deliver(first);
    stage.deliverCopy(first);
    assertThat(heard).containsExactly("b2", "b1", "b1");
    assertThat(stage.letters()).isEmpty();
  }

  @Test
  void letter_toANodeThatIsPaused_waits() {
    b.transport().receive(Transport.Channel.TWOPC, bytes -> heard.add("b" + bytes[0]));
    a.transport().send(b.member().address(), Transport.Channel.TWOPC, new byte[] {1});
    b.pause();
    stage.settle();
    assertThat(heard).isEmpty();
    b.resume();
    assertThat(heard).containsExactly("b1");
  }

  @Test
  void proposal_isAppliedInOneOrderAndAnsweredLast() {
    Ledger ofA = ledger(a);
    Ledger ofB = ledger(b);
    stage.lead(a);
    CompletableFuture<Log.Applied> one = append(a, Ledger.entry(1));
    CompletableFuture<Log.Applied> two = append(b, Ledger.entry(2));
    stage.commit(stage.proposals().getLast());
    stage.commitAll();
    b.applyAll();
    assertThat(ofB.entries).containsExactly(2L, 1L);
    assertThat(one).isNotDone();
    stage.settle();
    assertThat(ofA.entries).containsExactly(2L, 1L);
    assertThat(one.resultNow().position()).isGreaterThan(two.resultNow().position());
  }

  @Test
  void proposal_withoutLeader_isRefused() {
    CompletableFuture<Log.Applied> refused = append(a, Ledger.entry(1));
    stage.settle();
    assertThat(refused.exceptionNow()).isInstanceOf(Log.NotAppendedException.class);
  }

  @Test
  void proposal_leftInDoubt_mayStillStandTwice() {
    Ledger ledger = ledger(a);
    stage.lead(b);
    CompletableFuture<Log.Applied> doubtful = append(a, Ledger.entry(7));
    Proposal proposal = stage.proposals().getFirst();
    stage.leaveInDoubt(proposal);
    stage.commit(proposal);
    stage.commit(proposal);
    a.applyAll();
    assertThat(doubtful.exceptionNow()).isInstanceOf(Log.IndeterminateException.class);
    assertThat(ledger.entries).containsExactly(7L, 7L);
  }

  @Test
  void install_givesTheStateOfAnother() {
    ledger(a);
    Ledger ofB = ledger(b);
    stage.lead(a);
    append(a, Ledger.entry(1));
    stage.commitAll();
    a.applyAll();
    b.install(a);
    assertThat(ofB.entries).containsExactly(1L);
    assertThat(b.behind()).isFalse();
    assertThat(b.log().applied()).isEqualTo(a.log().applied());
  }

  @Test
  void confirmLeadership_deposed_fails() {
    stage.lead(a);
    stage.elect(b);
    List<CompletableFuture<Long>> asked = new ArrayList<>();
    stage.on(a, () -> asked.add(a.log().confirmLeadership()));
    stage.on(b, () -> asked.add(b.log().confirmLeadership()));
    assertThat(asked).noneMatch(CompletableFuture::isDone);
    stage.settle();
    assertThat(asked.get(0).state()).isEqualTo(Future.State.FAILED);
    assertThat(asked.get(1).resultNow()).isEqualTo(2);
  }

  @Test
  void pass_firesTimersByTheirOwnClocks() {
    b.clockRate(2);
    a.loop().after(Duration.ofMillis(10), () -> heard.add("a"));
    b.loop().after(Duration.ofMillis(16), () -> heard.add("b"));
    a.loop().after(Duration.ofMillis(12), () -> heard.add("never")).cancel();
    long before = b.clock().nanos();
    stage.pass(Duration.ofMillis(9));
    assertThat(heard).containsExactly("b");
    assertThat(b.clock().nanos() - before).isEqualTo(18_000_000);
    stage.pass(Duration.ofMillis(9));
    assertThat(heard).containsExactly("b", "a");
  }

  @Test
  void on_runsOnTheLoopOfThatActorAlone() {
    stage.on(
        a,
        () -> {
          a.loop().confine();
          heard.add(b.loop().here() ? "both" : "one");
        });
    assertThat(heard).containsExactly("one");
    assertThatThrownBy(() -> a.loop().confine()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void execute_fromOutside_isDoneBeforeItReturns() {
    stage.whenEntered(() -> heard.add("entered"));
    a.loop().execute(() -> a.loop().execute(() -> heard.add("inner")));
    assertThat(heard).containsExactly("inner", "entered");
  }

  @Test
  void enter_again_isANewIncarnationAndTheOldOneIsSilent() {
    a.loop().after(Duration.ofMillis(1), () -> heard.add("old"));
    Actor again = stage.enter("a");
    again.loop().after(Duration.ofMillis(1), () -> heard.add("new"));
    stage.pass(Duration.ofMillis(2));
    assertThat(heard).containsExactly("new");
    assertThat(again.member().incarnation()).isNotEqualTo(a.member().incarnation());
  }

  @Test
  void settle_byChance_isTheSameForTheSameSeed() {
    assertThat(orderBy(1)).isEqualTo(orderBy(1));
    assertThat(List.of(orderBy(1), orderBy(2), orderBy(3))).anyMatch(o -> !o.equals(orderBy(1)));
  }

  private static List<Byte> orderBy(long seed) {
    Stage stage = new Stage();
    Actor a = stage.enter("a");
    List<Byte> order = new ArrayList<>();
    a.transport().receive(Transport.Channel.LEASE, bytes -> order.add(bytes[0]));
    for (byte i = 0; i < 10; i++) {
      a.transport().send(a.member().address(), Transport.Channel.LEASE, new byte[] {i});
    }
    stage.settle(new SplittableRandom(seed));
    return order;
  }

  private static Ledger ledger(Actor actor) {
    Ledger ledger = new Ledger();
    actor.log().register(ledger);
    return ledger;
  }

  private CompletableFuture<Log.Applied> append(Actor actor, Log.Entry entry) {
    List<CompletableFuture<Log.Applied>> futures = new ArrayList<>();
    stage.on(actor, () -> futures.add(actor.log().append(entry)));
    return futures.getFirst();
  }
}

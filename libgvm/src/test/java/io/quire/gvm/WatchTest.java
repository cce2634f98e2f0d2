package io.quire.gvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Transport;
import io.quire.sim.Letter;
import io.quire.sim.Stage;
import io.quire.twopc.Outcome;
import io.quire.twopc.Outcome.Committed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What watches tell: each change once, in order, none missing. */
@Timeout(30)
class WatchTest {
  private final Stage stage = new Stage();
  private final List<CellPeer> peers = CellPeer.inView(stage, "a", "b", "c");
  private final CellPeer a = peers.get(0);
  private final CellPeer b = peers.get(1);
  private final CellPeer c = peers.get(2);

  private Outcome commit(Transaction transaction) {
    CompletableFuture<Outcome> outcome = a.cells.commit(transaction, CellPeer.DEADLINE);
    stage.settle();
    return outcome.resultNow();
  }

  /** Put by a, marked by all, its entry waiting. */
  private void marked(String key, String value) {
    a.put(key, value);
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).hasSize(1);
  }

  private static boolean twoPhase(Letter letter) {
    return letter.channel() == Transport.Channel.TWOPC;
  }

  @Test
  void watch_tellsEachChangeOnceInOrder() throws InterruptedException {
    commit(Transaction.begin().put("w/0", CellPeer.bytes("before")).build());
    Watch watch = b.cells.watch("w/").resultNow();
    assertThat(watch.from()).isEqualTo(b.actor.log().applied());
    Outcome first =
        commit(
            Transaction.begin()
                .put("w/1", CellPeer.bytes("1"))
                .put("other", CellPeer.bytes("x"))
                .remove("w/0")
                .touch("w/2")
                .build());
    a.put("w/1", "2");
    stage.deliverAll(_ -> true);
    stage.commitAll();
    a.actor.applyAll();
    stage.deliverAll(WatchTest::twoPhase);
    assertThat(told(watch))
        .as("never from a hint")
        .containsExactly("w/1:null>1", "w/0:before>null");
    stage.settle();
    assertThat(told(watch)).containsExactly("w/1:1>2");
    assertThat(first).isInstanceOf(Committed.class);
    watch.close();
    commit(Transaction.begin().put("w/1", CellPeer.bytes("3")).build());
    assertThat(told(watch)).isEmpty();
  }

  @Test
  void watch_removalOfAnAbsentKey_isNoChange() throws InterruptedException {
    commit(Transaction.begin().put("w/1", CellPeer.bytes("1")).build());
    Watch watch = b.cells.watch("w/").resultNow();
    CompletableFuture<@Nullable Change> next = watch.nextAsync();
    assertThat(commit(Transaction.begin().remove("w/0").build())).isInstanceOf(Committed.class);
    assertThat(next).isNotDone();
    commit(Transaction.begin().remove("w/0").remove("w/1").put("w/2", CellPeer.bytes("2")).build());
    assertThat(next.resultNow()).extracting(Change::key).isEqualTo("w/1");
    assertThat(told(watch)).containsExactly("w/2:null>2");
    commit(Transaction.begin().remove("w/1").build());
    commit(Transaction.begin().put("w/2", CellPeer.bytes("2")).build());
    assertThat(told(watch)).as("a version is a change").containsExactly("w/2:2>2");
  }

  @Test
  void watch_withoutAThread_tellsTheSameAndEndsWithItsWatch() {
    Watch watch = b.cells.watch("w/").resultNow();
    CompletableFuture<@Nullable Change> first = watch.nextAsync();
    commit(Transaction.begin().put("other", CellPeer.bytes("x")).build());
    assertThat(first).isNotDone();
    commit(
        Transaction.begin()
            .put("w/1", CellPeer.bytes("1"))
            .put("w/2", CellPeer.bytes("1"))
            .build());
    assertThat(first.resultNow()).extracting(Change::key).isEqualTo("w/1");
    assertThat(watch.nextAsync().resultNow()).extracting(Change::key).isEqualTo("w/2");
    CompletableFuture<@Nullable Change> third = watch.nextAsync();
    assertThat(third).isNotDone();
    watch.close();
    assertThat(third.resultNow()).isNull();
    assertThat(watch.nextAsync().resultNow()).isNull();
  }

  @Test
  void watch_withoutAThread_isCutOffByASnapshot() {
    Watch watch = c.cells.watch("w/").resultNow();
    CompletableFuture<@Nullable Change> next = watch.nextAsync();
    marked("w/1", "1");
    stage.commitAll();
    a.actor.applyAll();
    c.actor.install(a.actor);
    assertThatThrownBy(next::join).hasCauseInstanceOf(GvmException.TooOld.class);
  }

  @Test
  void watch_snapshotInstalled_isCutOffAfterWhatCameBefore() throws InterruptedException {
    Watch watch = c.cells.watch("w/").resultNow();
    commit(Transaction.begin().put("w/1", CellPeer.bytes("1")).build());
    marked("w/1", "2");
    stage.commitAll();
    a.actor.applyAll();
    c.actor.install(a.actor);
    Watch after = c.cells.watch("w/").resultNow();
    assertThatThrownBy(() -> watch.next(Duration.ZERO))
        .isInstanceOf(GvmException.TooOld.class)
        .hasMessage(
            "too old: watching: prefix=w/ position="
                + watch.bookmark()
                + " oldest="
                + a.actor.log().applied());
    stage.settle();
    commit(Transaction.begin().put("w/1", CellPeer.bytes("3")).build());
    assertThat(told(after)).containsExactly("w/1:2>3");
  }

  /** Nothing of a quiet prefix is missed while others write more than is remembered. */
  @Test
  void watch_quietForLong_isNotTooOld() throws InterruptedException {
    Watch waiting = b.cells.watch("q/").resultNow();
    CompletableFuture<@Nullable Change> next = waiting.nextAsync();
    Watch asking = c.cells.watch("q/").resultNow();
    for (int round = 0; round < 2; round++) {
      thousands(round * History.CHANGES_MAX / 1_000, History.CHANGES_MAX / 1_000 - 1);
      assertThat(asking.next(Duration.ZERO)).isNull();
    }
    assertThat(next).isNotDone();
    assertThat(waiting.bookmark()).isGreaterThan(waiting.from());
    assertThat(b.cells.watch("q/", waiting.bookmark()).state()).isEqualTo(Future.State.SUCCESS);
    commit(Transaction.begin().put("q/x", CellPeer.bytes("1")).build());
    assertThat(next.resultNow()).extracting(Change::key).isEqualTo("q/x");
    assertThat(asking.next(Duration.ofSeconds(1))).extracting(Change::key).isEqualTo("q/x");
  }

  @Test
  void watch_readerFallsBehind_losesNothingUpToTheHistory() throws InterruptedException {
    Watch near = b.cells.watch("w/").resultNow();
    thousands(0, History.CHANGES_MAX / 1_000);
    assertThat(told(near)).hasSize(History.CHANGES_MAX / 1_000 * 1_000).doesNotHaveDuplicates();
    Watch far = b.cells.watch("w/", near.from()).resultNow();
    thousands(100, 2);
    assertThatThrownBy(() -> far.next(Duration.ZERO))
        .isInstanceOfSatisfying(
            GvmException.TooOld.class, e -> assertThat(e.oldest()).isGreaterThan(near.from()));
    assertThat(b.cells.watch("w/", near.from()).exceptionNow())
        .isInstanceOf(GvmException.TooOld.class);
  }

  private void thousands(int from, int count) {
    for (int i = from; i < from + count; i++) {
      Transaction.Builder many = Transaction.begin();
      for (int k = 0; k < 1_000; k++) {
        many.put("w/" + i + "/" + k, CellPeer.bytes("v"));
      }
      commit(many.build());
    }
  }

  private static List<String> told(Watch watch) throws InterruptedException {
    List<String> told = new ArrayList<>();
    for (Change change = watch.next(Duration.ZERO);
        change != null;
        change = watch.next(Duration.ZERO)) {
      told.add(
          change.key()
              + ":"
              + CellPeer.text(change.before())
              + ">"
              + CellPeer.text(change.after()));
    }
    return told;
  }
}

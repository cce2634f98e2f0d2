package io.quire.gvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.sim.Stage;
import io.quire.twopc.Outcome;
import io.quire.twopc.Outcome.Committed;
import io.quire.twopc.Outcome.Rejected;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Limits: refused when prepared, decided in the log. */
@Timeout(30)
class LimitsTest {
  private static final Limits SMALL = new Limits(10, 8, 2, 3, 59);

  private final Stage stage = new Stage();
  private final List<CellPeer> peers = CellPeer.inView(stage, "a", "b", "c");
  private final CellPeer a = peers.get(0);
  private final CellPeer b = peers.get(1);
  private final CellPeer c = peers.get(2);

  private Outcome put(String... keysAndValues) {
    Transaction.Builder puts = Transaction.begin();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      puts.put(keysAndValues[i], CellPeer.bytes(keysAndValues[i + 1]));
    }
    return commit(puts.build());
  }

  private Outcome commit(Transaction transaction) {
    CompletableFuture<Outcome> outcome = a.cells.commit(transaction, CellPeer.DEADLINE);
    stage.settle();
    return outcome.resultNow();
  }

  private void limit(Limits limits) {
    CompletableFuture<Outcome> outcome = a.cells.limit(limits, CellPeer.DEADLINE);
    stage.settle();
    assertThat(outcome.resultNow()).isInstanceOf(Committed.class);
  }

  private static String refusal(Outcome outcome) {
    String text = outcome.text();
    assertThat(text).startsWith("aborted: why=REFUSED node=");
    return text.substring(text.indexOf("limit exceeded"));
  }

  @Test
  void each_isRefusedWithTheNumbers() {
    limit(SMALL);
    assertThat(refusal(put("k", "12345678901")))
        .isEqualTo("limit exceeded: limit=valueBytes found=11 max=10");
    assertThat(refusal(put("123456789", "")))
        .isEqualTo("limit exceeded: limit=keyBytes found=9 max=8");
    assertThat(refusal(put("k", "", "l", "", "m", "")))
        .isEqualTo("limit exceeded: limit=keys found=3 max=2");
    put("k1", "");
    put("k2", "");
    assertThat(refusal(put("k3", "")))
        .as("the limits are a cell, too")
        .isEqualTo("limit exceeded: limit=cells found=4 max=3");
    assertThat(refusal(put("k1", "1234567890", "k2", "1234567890"))).contains("limit=bytes");
    assertThat(put("k1", "1234")).isInstanceOf(Committed.class);
  }

  @Test
  void keyNotAscii_countsItsBytes() {
    limit(SMALL);
    assertThat(refusal(put("äöüäö", "")))
        .isEqualTo("limit exceeded: limit=keyBytes found=10 max=8");
  }

  @Test
  void twoThatBothFit_areDecidedWhereTheyStandAlikeEverywhere() {
    limit(new Limits(10, 8, 2, 2, 1_000));
    Transaction one = Transaction.begin().put("k1", CellPeer.bytes("1")).build();
    Transaction two = Transaction.begin().put("k2", CellPeer.bytes("2")).build();
    CompletableFuture<Outcome> first = a.cells.commit(one, CellPeer.DEADLINE);
    CompletableFuture<Outcome> second = b.cells.commit(two, CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    assertThat(stage.proposals()).as("both were prepared").hasSize(2);
    stage.settle();
    List<Outcome> outcomes = List.of(first.resultNow(), second.resultNow());
    assertThat(outcomes).hasAtLeastOneElementOfType(Committed.class);
    assertThat(outcomes)
        .filteredOn(Rejected.class::isInstance)
        .singleElement()
        .satisfies(
            rejected ->
                assertThat(Cells.exceeded((Rejected) rejected))
                    .isEqualTo(new Limits.Exceeded("cells", 3, 2)));
    assertThat(peers).allSatisfy(peer -> assertThat(peer.cells.count()).isEqualTo(2));
  }

  @Test
  void loweredBelowWhatThereIs_whatDoesNotAddStillPasses() {
    put("k1", "1234567890");
    put("k2", "1234567890");
    limit(new Limits(10, 8, 2, 2, 10));
    assertThat(put("k1", "12345")).isInstanceOf(Committed.class);
    assertThat(refusal(put("k3", "1"))).contains("limit=cells found=4 max=2");
    assertThat(commit(Transaction.begin().remove("k1").build())).isInstanceOf(Committed.class);
  }

  @Test
  void comeAlongWithASnapshot() {
    put("k1", "1");
    CompletableFuture<Outcome> set = a.cells.limit(SMALL, CellPeer.DEADLINE);
    stage.deliverAll(_ -> true);
    stage.commitAll();
    a.actor.applyAll();
    c.actor.install(a.actor);
    stage.on(c.actor, () -> assertThat(c.cells.limits()).isEqualTo(SMALL));
    stage.settle();
    assertThat(set.resultNow()).isInstanceOf(Committed.class);
    put("k2", "1");
    assertThat(refusal(put("k3", "1"))).contains("limit=cells found=4 max=3");
  }

  @Test
  void removed_areTheDefaultAgain() {
    limit(SMALL);
    assertThat(commit(Transaction.begin().remove(Limits.KEY).build()))
        .isInstanceOf(Committed.class);
    assertThat(put("k", "12345678901")).isInstanceOf(Committed.class);
  }

  @Test
  void notLimits_areRefusedAsSuch() {
    assertThat(refusal(put(Limits.KEY, "nonsense"))).contains("limit=limits");
    assertThatThrownBy(() -> new Limits(0, 8, 2, 2, 10))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("limit out of range: valueBytes=0 allowed=1.." + Transaction.VALUE_BYTES_MAX);
  }
}

package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.RequestId;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Transactions with a name: they happen once, and what became of them can be asked. */
@Timeout(60)
class NamedTransactionTest {
  private static final NsHandle ROOT = NsHandle.ROOT;
  private static final RequestId NAME = new RequestId(77, 1);
  private static final Principal ALICE = new Principal("alice");

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);
  private final NsPeer c = peers.get(2);
  private final NsObject x = create("x");
  private final long xid = a.namespaces.reserveXid();

  private NsObject create(String name) {
    return a.namespaces.create(ROOT, name, "k", Lifetime.DURABLE, new byte[] {1});
  }

  private NsTransaction update(NsPeer at, int value) {
    return at.namespaces.transaction().update(x, new byte[] {(byte) value}).as(NAME);
  }

  @Test
  void commit_again_isToldTheFirstSuccess_alsoOnAnotherNode() {
    NsObject first = update(a, 2).commit().getFirst();
    assertThat(update(a, 2).commit()).containsExactly(first);
    assertThat(update(b, 2).commit()).containsExactly(first);
    assertThat(c.found("x")).isEqualTo(first);
    assertThat(c.namespaces.outcome(NAME)).isEqualTo(new RequestOutcome.Happened(first.version()));
    assertThatThrownBy(() -> a.namespaces.update(x, new byte[] {2}))
        .as("without a name")
        .isInstanceOf(NsException.Stale.class);
  }

  @Test
  void commit_thatIsIndeterminate_canBeMadeAgainOnAnotherNode() {
    logIsSilent();
    assertThatThrownBy(() -> update(a, 2).commit())
        .isInstanceOf(NsException.Indeterminate.class)
        .hasMessage("may have happened: updating: name=x");
    assertThat(b.namespaces.outcome(NAME)).isEqualTo(new RequestOutcome.Unknown());
    stage.whenEntered(stage::settle);
    stage.play(Duration.ofSeconds(6));

    NsObject made = update(b, 2).commit().getFirst();

    assertThat(c.found("x")).isEqualTo(made);
    assertThat(b.namespaces.outcome(NAME)).isEqualTo(new RequestOutcome.Happened(made.version()));
    assertThat(b.namespaces.giveUp(NAME)).isEqualTo(new RequestOutcome.Happened(made.version()));
  }

  @Test
  void creation_again_isToldOfTheObjectThatIsThere() {
    NsObject made = creation(a, xid).commit().getFirst();
    NsObject again = creation(b, xid).commit().getFirst();
    assertThat(again.xid()).isEqualTo(made.xid());
    assertThat(again.version()).isEqualTo(made.version());
    assertThat(c.found("made")).isEqualTo(made);
    assertThat(b.namespaces.update(again, new byte[] {2}).xid())
        .as("it can be used")
        .isEqualTo(xid);
  }

  /** A second try would draw another id, and be told of an object that is not there. */
  @Test
  void creation_underAnIdThatIsDrawn_isRefused() {
    NsTransaction drawn =
        a.namespaces
            .transaction()
            .create(ROOT, "made", "k", Lifetime.DURABLE, new byte[] {1})
            .as(NAME);
    assertThatThrownBy(drawn::commit)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("request=" + NAME)
        .hasMessageContaining("reserveXid");
    assertThat(c.namespaces.lookup(ROOT, "made")).isEmpty();
    assertThat(c.namespaces.outcome(NAME)).isEqualTo(new RequestOutcome.Unknown());
  }

  private static NsTransaction creation(NsPeer at, long xid) {
    return at.namespaces
        .transaction()
        .create(xid, ROOT, "made", "k", Lifetime.DURABLE, new byte[] {1})
        .as(NAME);
  }

  @Test
  void giveUp_beforeItHappened_keepsItFromHappening() {
    RequestOutcome.Never never = (RequestOutcome.Never) b.namespaces.giveUp(NAME);
    assertThat(never.why()).contains("given up");
    assertThatThrownBy(() -> update(a, 2).commit())
        .isInstanceOf(NsException.Refused.class)
        .hasMessageContaining("given up");
    assertThat(c.found("x")).isEqualTo(x);
    assertThat(a.namespaces.outcome(NAME)).isEqualTo(never);
  }

  @Test
  void giveUp_logIsSilent_isIndeterminate() {
    logIsSilent();
    assertThatThrownBy(() -> a.namespaces.giveUp(NAME))
        .isInstanceOf(NsException.Indeterminate.class)
        .hasMessage("may have happened: giving up: request=" + NAME);
  }

  @Test
  void commit_ofWhatWasRejected_staysRejected() {
    NsObject y = create("y");
    NsObject newer = a.namespaces.update(x, new byte[] {3});
    assertThatThrownBy(() -> update(a, 2).commit()).isInstanceOf(NsException.Stale.class);
    assertThatThrownBy(
            () -> b.namespaces.transaction().update(newer, new byte[] {4}).as(NAME).commit())
        .as("a name is judged once")
        .isInstanceOf(NsException.Stale.class);
    assertThat(a.namespaces.outcome(NAME)).isInstanceOf(RequestOutcome.Never.class);
    assertThat(c.found("x")).isEqualTo(newer);
    assertThat(c.found("y")).isEqualTo(y);
  }

  @Test
  void commit_ofAPrincipal_isAllowedWhereItHappened() {
    NsHandle red = a.namespaces.createNamespace("red", Quota.NONE);
    a.namespaces.grant(red, ALICE, Access.WRITER);
    NsTransaction first = create(a, red);
    NsObject made = first.commit().getFirst();
    a.namespaces.revoke(red, ALICE);

    NsObject again = create(b, red).commit().getFirst();
    assertThat(again.version()).isEqualTo(made.version());
    assertThat(c.namespaces.lookup(again.xid())).contains(made);
    assertThatThrownBy(() -> create(b, red).as(new RequestId(77, 2)).commit())
        .isInstanceOf(NsException.Forbidden.class);
    assertThat(b.namespaces.outcome(new RequestId(77, 2))).isEqualTo(new RequestOutcome.Unknown());
  }

  /** Without a name it would be tried again, see AccessTest.write_whileTheQuotaChanges_happens. */
  @Test
  void commit_ofAPrincipalWhileTheQuotaChanges_didNotHappen() {
    NsHandle red = a.namespaces.createNamespace("red", Quota.NONE);
    a.namespaces.grant(red, ALICE, Access.WRITER);
    NsTransaction creation = create(b, red);
    Versioned cell = a.cells.read(NamespaceCodec.key(red.id()), Duration.ofMillis(50));
    byte[] limited =
        ((NamespaceCell) Objects.requireNonNull(cell)).limited(new Quota(5, 5)).value();
    stage.whenEntered(() -> {});
    var limiting =
        a.cells.commit(
            Transaction.begin().put(NamespaceCodec.key(red.id()), limited).build(),
            Duration.ofMillis(50));
    var created = creation.commitAsync();
    assertThat(stage.letters(letter -> letter.from() == b.actor)).as("it was sent").isNotEmpty();
    stage.whenEntered(stage::settle);
    stage.settle();

    assertThat(limiting).isCompleted();
    assertThatThrownBy(created::join)
        .hasCauseInstanceOf(NsException.Refused.class)
        .hasMessageContaining("did not happen: the access list changed")
        .hasMessageContaining("request=" + NAME);
    assertThat(c.namespaces.lookup(red, "y")).isEmpty();
    assertThat(a.namespaces.outcome(NAME)).isInstanceOf(RequestOutcome.Never.class);
  }

  @Test
  void newRequest_isLikeNoOther() {
    Set<RequestId> drawn = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      drawn.add(a.namespaces.newRequest());
    }
    assertThat(drawn).hasSize(1_000);
  }

  private NsTransaction create(NsPeer at, NsHandle namespace) {
    return at.namespaces
        .as(ALICE)
        .transaction()
        .create(xid, namespace, "y", "k", Lifetime.DURABLE, new byte[] {1})
        .as(NAME);
  }

  /** Entries are proposed, and for longer than anybody waits nothing comes of them. */
  private void logIsSilent() {
    stage.whenEntered(
        () -> {
          stage.deliverAll(_ -> true);
          stage.pass(Duration.ofSeconds(16));
        });
  }
}

package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.gvm.Limits;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Changes of several objects at once, and creations of many. */
@Timeout(60)
class NsTransactionTest {
  private static final NsHandle ROOT = NsHandle.ROOT;

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);
  private final NsPeer c = peers.get(2);

  private static NsObject create(NsPeer at, String name) {
    return at.namespaces.create(ROOT, name, "k", Lifetime.DURABLE, new byte[] {1});
  }

  @Test
  void commit_makesAllChangesAtOnePosition() {
    NsHandle other = a.namespaces.createNamespace();
    NsObject x = create(a, "x");
    NsObject y = create(a, "y");
    NsObject z = create(a, "z");
    NsObject w = create(a, "w");
    List<NsObject> after =
        b.namespaces
            .transaction()
            .create(ROOT, "new", "k", Lifetime.DURABLE, new byte[] {7})
            .update(x, new byte[] {8})
            .move(y, other, "y2")
            .rename(w, "w2")
            .delete(z)
            .commit();
    long position = after.getFirst().version();
    assertThat(after).extracting(NsObject::version).containsOnly(position);
    assertThat(after).extracting(NsObject::name).containsExactly("new", "x", "y2", "w2", "z");
    assertThat(after).extracting(NsObject::draining).endsWith(true).containsOnlyOnce(true);
    assertThat(c.found("new")).isEqualTo(after.get(0));
    assertThat(c.found("x").value()).containsExactly(8);
    assertThat(c.namespaces.lookup(other, "y2")).contains(after.get(2));
    assertThat(c.found(y.xid()).namespace()).isEqualTo(other);
    assertThat(c.namespaces.lookup(ROOT, "y")).isEmpty();
    assertThat(c.namespaces.lookup(ROOT, "z")).isEmpty();
    assertThat(c.found("w2").xid()).isEqualTo(w.xid());
  }

  @Test
  void commit_swapsNames() {
    NsObject x = create(a, "x");
    NsObject y = create(a, "y");
    b.namespaces.transaction().rename(x, "y").rename(y, "x").commit();
    for (NsPeer peer : peers) {
      assertThat(peer.found("x").xid()).isEqualTo(y.xid());
      assertThat(peer.found("y").xid()).isEqualTo(x.xid());
      assertThat(peer.namespaces.listAll(ROOT, NamePattern.ALL))
          .containsExactly(new NamePage.Listed("x", y.xid()), new NamePage.Listed("y", x.xid()));
    }
  }

  @Test
  void commit_oneConditionFails_nothingHappens() {
    NsObject x = create(a, "x");
    NsObject y = create(a, "y");
    NsObject newer = b.namespaces.update(y, new byte[] {2});
    assertThatThrownBy(
            () -> a.namespaces.transaction().update(x, new byte[] {9}).delete(y).commit())
        .isInstanceOf(NsException.Stale.class)
        .hasMessage("changed since it was seen: deleting: name=y xid=" + y.xidText());
    assertThatThrownBy(
            () -> a.namespaces.transaction().update(x, new byte[] {9}).unchanged(y).commit())
        .isInstanceOf(NsException.Stale.class);
    assertThatThrownBy(
            () ->
                a.namespaces
                    .transaction()
                    .delete(x)
                    .rename(newer, "z")
                    .create(ROOT, "q", "k", Lifetime.DURABLE, new byte[0])
                    .create(y.xid(), ROOT, "r", "k", Lifetime.DURABLE, new byte[0])
                    .commit())
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(c.found("x")).isEqualTo(x);
    assertThat(c.found("y")).isEqualTo(newer);
    a.namespaces.transaction().update(x, new byte[] {9}).unchanged(newer).commit();
    assertThat(c.found("x").value()).containsExactly(9);
    assertThat(c.found("y")).isEqualTo(newer);
  }

  @Test
  void commitAsync_failsWithTheSame() {
    NsObject x = create(a, "x");
    var first = a.namespaces.transaction().update(x, new byte[] {2}).commitAsync();
    var second = b.namespaces.transaction().update(x, new byte[] {3}).commitAsync();
    stage.settle();
    assertThat(List.of(first, second))
        .filteredOn(done -> !done.isCompletedExceptionally())
        .hasSize(1);
    var failed = first.isCompletedExceptionally() ? first : second;
    assertThatThrownBy(failed::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(NsException.Stale.class);
  }

  @Test
  void commit_twice_isRefused() {
    NsTransaction transaction = a.namespaces.transaction().delete(create(a, "x"));
    transaction.commit();
    assertThatThrownBy(transaction::commit)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("transaction committed twice: deleting: name=x");
  }

  @Test
  void createAll_createsEachWhoseNameIsFree() {
    create(b, "n7");
    List<NewObject> wanted =
        new ArrayList<>(
            IntStream.range(0, 1_000)
                .mapToObj(i -> new NewObject("n" + i, "k", new byte[] {(byte) i}))
                .toList());
    wanted.add(new NewObject("n3", "k", new byte[0]));
    List<Created> made = a.namespaces.createAll(ROOT, wanted);
    assertThat(made).hasSize(1_001);
    for (int i = 0; i < made.size(); i++) {
      if (i == 7 || i == 1_000) {
        assertThat(made.get(i)).isEqualTo(new Created.NameTaken(wanted.get(i).name()));
      } else {
        NsObject found = c.found("n" + i);
        assertThat(made.get(i)).isEqualTo(new Created.Made(found));
        assertThat(found.value()).containsExactly(i);
      }
    }
    assertThat(a.namespaces.createAll(ROOT, List.of())).isEmpty();
    // Each of these takes the most conditions that there are.
    List<NewObject> ofSession =
        IntStream.range(0, 200)
            .mapToObj(i -> new NewObject("s" + i, "k", Lifetime.SESSION, new byte[0]))
            .toList();
    assertThat(a.namespaces.createAll(a.namespaces.createNamespace(), ofSession))
        .hasSize(200)
        .hasOnlyElementsOfType(Created.Made.class);
  }

  /** What they need besides is asked once for all that go together. */
  @Test
  void createAll_ofASession_inANamespace_createsHundredsAtOnce() {
    NsHandle namespace = a.namespaces.createNamespace("n", Quota.NONE);
    List<NewObject> wanted =
        IntStream.range(0, 700)
            .mapToObj(i -> new NewObject("n" + i, "k", Lifetime.SESSION, new byte[0]))
            .toList();
    assertThat(a.namespaces.createAll(namespace, wanted))
        .hasSize(700)
        .allSatisfy(made -> assertThat(made).isInstanceOf(Created.Made.class));
    assertThat(c.namespaces.usage(namespace).objects()).isEqualTo(700);
    c.namespaces.destroyNamespace(namespace);
    assertThat(a.namespaces.createAll(namespace, wanted.subList(0, 2)))
        .allSatisfy(
            made ->
                assertThat(made)
                    .isInstanceOfSatisfying(
                        Created.Failed.class,
                        failed ->
                            assertThat(failed.why())
                                .isInstanceOf(NsException.NotFound.class)
                                .hasMessageContaining("no such namespace: creating: name=n0")));
  }

  /** The names were free when it looked, and are taken before the transaction. */
  @Test
  void createAll_namesTakenMeanwhile_keepNoOthers() {
    a.namespaces.reserveXid();
    boolean[] raced = {false};
    a.whenClockIsRead =
        () -> {
          if (!raced[0]) {
            raced[0] = true;
            var race =
                b.namespaces
                    .transaction()
                    .create(ROOT, "n1", "k", Lifetime.DURABLE, new byte[0])
                    .create(ROOT, "n4", "k", Lifetime.DURABLE, new byte[0]);
            race.commit();
          }
        };
    List<Created> made =
        a.namespaces.createAll(
            ROOT,
            IntStream.range(0, 6).mapToObj(i -> new NewObject("n" + i, "k", new byte[0])).toList());
    assertThat(raced[0]).isTrue();
    assertThat(made.get(1)).isEqualTo(new Created.NameTaken("n1"));
    assertThat(made.get(4)).isEqualTo(new Created.NameTaken("n4"));
    assertThat(made).filteredOn(Created.Made.class::isInstance).hasSize(4);
  }

  @Test
  void createAll_badInput_createsNothing() {
    assertThatThrownBy(
            () ->
                a.namespaces.createAll(
                    ROOT,
                    List.of(
                        new NewObject("good", "k", new byte[0]),
                        new NewObject("bad/", "k", new byte[0]))))
        .isInstanceOf(NsException.InvalidName.class);
    assertThat(b.namespaces.lookup(ROOT, "good")).isEmpty();
  }

  /** Others may be under way by then, and what becomes of them is told, too. */
  @Test
  void createAll_withoutIds_saysSoOfEach() {
    var limited =
        b.cells.limit(new Limits(1, 1_000, 1_000, 1_000, 1_000_000), Duration.ofSeconds(1));
    stage.settle();
    assertThat(limited).isCompleted();
    assertThat(b.namespaces.createAll(ROOT, List.of(new NewObject("x", "k", new byte[0]))))
        .singleElement()
        .isInstanceOfSatisfying(
            Created.Failed.class,
            each -> assertThat(each.why()).isInstanceOf(NsException.Refused.class));
  }

  /** A quota is met in the midst; what was created before stays, and all the others are told. */
  @Test
  void createAll_thatFails_saysOfEachWhatBecameOfIt() {
    NsHandle small = a.namespaces.createNamespace("small", new Quota(300, Long.MAX_VALUE));
    List<Created> made =
        a.namespaces.createAll(
            small,
            IntStream.range(0, 5_000)
                .mapToObj(i -> new NewObject("n" + i, "k", new byte[0]))
                .toList());
    List<Created> there = made.stream().filter(Created.Made.class::isInstance).toList();
    assertThat(there).isNotEmpty().hasSize((int) b.namespaces.usage(small).objects());
    List<Created.Failed> failed =
        made.stream()
            .filter(Created.Failed.class::isInstance)
            .map(Created.Failed.class::cast)
            .toList();
    assertThat(there.size() + failed.size()).isEqualTo(5_000);
    assertThat(failed.getFirst().why()).isInstanceOf(NsException.QuotaExceeded.class);
    assertThat(failed.getLast().why())
        .isInstanceOf(NsException.Refused.class)
        .hasMessageStartingWith("not tried, since others failed: did not happen: creating: ");
    assertThat(
            a.namespaces.createAll(new NsHandle(77), List.of(new NewObject("x", "k", new byte[0]))))
        .singleElement()
        .isInstanceOfSatisfying(
            Created.Failed.class,
            each -> assertThat(each.why()).isInstanceOf(NsException.NotFound.class));
  }
}

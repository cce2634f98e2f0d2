package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.gvm.Transaction;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Namespaces themselves: names, ends, quotas; from three nodes. */
@Timeout(60)
class SpacesTest {
  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);
  private final NsPeer c = peers.get(2);

  private static NsObject create(NsPeer at, NsHandle namespace, String name, int bytes) {
    return at.namespaces.create(namespace, name, "k", Lifetime.DURABLE, new byte[bytes]);
  }

  @Test
  void createNamespace_withAName_isFoundOnAllNodes() {
    Quota quota = new Quota(7, 1_000);
    NsHandle made = a.namespaces.createNamespace("teams/red", quota);
    for (NsPeer peer : peers) {
      assertThat(peer.namespaces.namespace("teams/red")).contains(made);
      NamespaceInfo info = peer.namespaces.describe(made).orElseThrow();
      assertThat(info.name()).contains("teams/red");
      assertThat(info.quota()).isEqualTo(quota);
      assertThat(info.creator()).isEqualTo(a.actor.member().incarnation());
      assertThat(info.version()).isPositive();
    }
    assertThatThrownBy(() -> b.namespaces.createNamespace("teams/red", Quota.NONE))
        .isInstanceOf(NsException.NameTaken.class)
        .hasMessage("name taken: creating a namespace: name=teams/red");
    assertThatThrownBy(() -> b.namespaces.createNamespace("teams//red", Quota.NONE))
        .isInstanceOf(NsException.InvalidName.class);
    assertThat(c.namespaces.describe(NsHandle.ROOT)).isEmpty();
  }

  @Test
  void listNamespaces_givesTheNamesThatMatch() {
    for (String name : List.of("b2", "a1", "b1", "c")) {
      a.namespaces.createNamespace(name, Quota.NONE);
    }
    a.namespaces.createNamespace();
    NamePage page = c.namespaces.listNamespaces(NamePattern.ALL, "", 3);
    assertThat(page.names()).extracting(NamePage.Listed::name).containsExactly("a1", "b1", "b2");
    assertThat(page.names().getFirst().xid())
        .isEqualTo(b.namespaces.namespace("a1").orElseThrow().id());
    assertThat(c.namespaces.listNamespaces(NamePattern.of("b*"), "b1", 9).names())
        .extracting(NamePage.Listed::name)
        .containsExactly("b2");
  }

  @Test
  void destroyNamespace_takesNameAndObjectsAndLetsNothingIn() {
    NsHandle made = a.namespaces.createNamespace("red", Quota.NONE);
    NsObject x = create(b, made, "x", 1);
    NsObject kept = create(b, NsHandle.ROOT, "/x", 1);
    c.namespaces.destroyNamespace(made);
    for (NsPeer peer : peers) {
      assertThat(peer.namespaces.namespace("red")).isEmpty();
      assertThat(peer.namespaces.describe(made)).isEmpty();
      assertThat(peer.namespaces.lookup(made, "x")).isEmpty();
      assertThat(peer.namespaces.listNamespaces(NamePattern.ALL, "", 9).names()).isEmpty();
    }
    assertThatThrownBy(() -> create(a, made, "x", 1))
        .isInstanceOf(NsException.NotFound.class)
        .hasMessage("no such namespace: creating: name=x namespace=" + made.text());
    assertThatThrownBy(() -> a.namespaces.transaction().move(kept, made, "y").commit())
        .isInstanceOf(NsException.NotFound.class);
    assertThatThrownBy(() -> b.namespaces.destroyNamespace(made))
        .isInstanceOf(NsException.NotFound.class)
        .hasMessage("no such namespace: destroying a namespace: namespace=" + made.text());
    assertThatThrownBy(() -> b.namespaces.destroyNamespace(NsHandle.ROOT))
        .isInstanceOf(IllegalArgumentException.class);
    stage.play(Duration.ofSeconds(1));
    assertThat(b.freed).containsExactly(x.xid());
    assertThat(c.namespaces.createNamespace("red", Quota.NONE)).isNotEqualTo(made);
  }

  @Test
  void namespaceThatNobodyMade_isNoPlaceToCreate() {
    assertThatThrownBy(() -> create(a, new NsHandle(77), "x", 1))
        .isInstanceOf(NsException.NotFound.class);
  }

  /** Whoever destroys it may die before he has deleted the objects. */
  @Test
  void namespaceThatEndedWithObjects_isEmptiedByOthers() {
    NsHandle made = a.namespaces.createNamespace("red", Quota.NONE);
    a.namespaces.createAll(
        made,
        IntStream.range(0, 250)
            .mapToObj(i -> new NewObject("n" + i, "k", new byte[10_000]))
            .toList());
    var end =
        c.cells.commit(
            Transaction.begin().remove(NamespaceCodec.key(made.id())).build(),
            Duration.ofSeconds(1));
    stage.settle();
    assertThat(end).isCompleted();
    stage.play(Duration.ofSeconds(5));
    assertThat(b.namespaces.usage(made)).isEqualTo(new Usage(0, 0));
    assertThat(b.freed).hasSize(250);
  }

  @Test
  void usage_followsEachChange() {
    NsHandle red = a.namespaces.createNamespace("red", Quota.NONE);
    NsHandle blue = a.namespaces.createNamespace("blue", Quota.NONE);
    NsObject x = create(a, red, "x", 100);
    create(a, red, "y", 10);
    usage(red, 2, 110);
    x = b.namespaces.update(x, new byte[50]);
    usage(red, 2, 60);
    x = b.namespaces.rename(x, "z");
    usage(red, 2, 60);
    x = b.namespaces.transaction().move(x, blue, "x").commit().getFirst();
    usage(red, 1, 10);
    usage(blue, 1, 50);
    NsObject other = create(a, blue, "other", 5);
    b.namespaces.transaction().rename(x, "other").rename(other, "x").commit();
    usage(blue, 2, 55);
    b.namespaces.delete(blue, "other");
    usage(blue, 1, 5);
    NsPeer restored = new NsPeer(stage, "d");
    restored.actor.install(a.actor);
    stage.play(Duration.ofSeconds(1));
    assertThat(restored.namespaces.usage(blue)).isEqualTo(new Usage(1, 5));
  }

  private void usage(NsHandle namespace, long objects, long bytes) {
    for (NsPeer peer : peers) {
      assertThat(peer.namespaces.usage(namespace)).isEqualTo(new Usage(objects, bytes));
    }
  }

  @Test
  void quota_refusesWhatWouldBeTooMuch() {
    NsHandle red = a.namespaces.createNamespace("red", new Quota(2, 100));
    NsObject x = create(a, red, "x", 60);
    assertThatThrownBy(() -> create(b, red, "y", 41))
        .isInstanceOf(NsException.QuotaExceeded.class)
        .hasMessage(
            "did not happen: creating: name=y limit exceeded: limit=namespace.bytes found=101"
                + " max=100");
    create(b, red, "y", 40);
    assertThatThrownBy(() -> create(c, red, "z", 0))
        .isInstanceOf(NsException.QuotaExceeded.class)
        .hasMessageEndingWith("limit=namespace.objects found=3 max=2");
    assertThatThrownBy(() -> b.namespaces.update(x, new byte[61]))
        .isInstanceOf(NsException.QuotaExceeded.class);
    NsObject z = create(c, NsHandle.ROOT, "z", 0);
    assertThatThrownBy(() -> c.namespaces.transaction().move(z, red, "z").commit())
        .isInstanceOf(NsException.QuotaExceeded.class);
    c.namespaces.transaction().delete(x).move(z, red, "z").commit();
    usage(red, 2, 40);
  }

  /** What is there stays, and may become less. */
  @Test
  void limit_belowWhatThereIs_onlyStopsMore() {
    NsHandle red = a.namespaces.createNamespace("red", Quota.NONE);
    NsObject x = create(a, red, "x", 60);
    create(a, red, "y", 60);
    b.namespaces.limit(red, new Quota(1, 50));
    assertThat(c.namespaces.describe(red).orElseThrow().quota()).isEqualTo(new Quota(1, 50));
    NsObject less = b.namespaces.update(x, new byte[50]);
    assertThatThrownBy(() -> b.namespaces.update(less, new byte[51]))
        .isInstanceOf(NsException.QuotaExceeded.class);
    b.namespaces.delete(red, "y");
    assertThatThrownBy(() -> create(a, red, "y", 0)).isInstanceOf(NsException.QuotaExceeded.class);
    b.namespaces.limit(red, Quota.NONE);
    create(a, red, "y", 1_000);
    assertThatThrownBy(() -> a.namespaces.limit(new NsHandle(77), Quota.NONE))
        .isInstanceOf(NsException.NotFound.class);
    assertThatThrownBy(() -> new Quota(-1, 0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void codec_givesBackWhatItWrote() {
    NamespaceInfo info =
        new NamespaceInfo(
            new NsHandle(77), Optional.of("red"), 5, 6, new Quota(1, Long.MAX_VALUE), 9);
    byte[] bytes = NamespaceCodec.write(info, Optional.empty());
    assertThat(NamespaceCodec.read(77, bytes, 9).info()).isEqualTo(info);
    NamespaceInfo anonymous =
        new NamespaceInfo(new NsHandle(78), Optional.empty(), 5, 6, Quota.NONE, 9);
    byte[] without = NamespaceCodec.write(anonymous, Optional.empty());
    assertThat(NamespaceCodec.read(78, without, 9).info()).isEqualTo(anonymous);
  }
}

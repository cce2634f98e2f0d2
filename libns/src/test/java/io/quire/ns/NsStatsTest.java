package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.sim.Stage;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How the namespaces do on each of three nodes. */
@Timeout(60)
class NsStatsTest {
  private static final NsHandle ROOT = NsHandle.ROOT;

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);
  private final NsPeer c = peers.get(2);

  private static NsStats of(NsPeer peer) {
    return peer.namespaces.stats();
  }

  @Test
  void objects_areThoseWithANameInAllNamespaces() {
    NsHandle other = a.namespaces.createNamespace();
    for (NsHandle space : List.of(ROOT, other)) {
      for (String name : List.of("x", "y", "z")) {
        a.namespaces.create(space, name, "k", Lifetime.DURABLE, new byte[1]);
      }
    }
    NsObject renamed = b.namespaces.rename(b.found("x"), "w");
    b.namespaces.update(renamed, new byte[2]);
    b.namespaces.transaction().move(b.found("y"), other, "moved").commit();
    stage.play(Duration.ofSeconds(1));
    peers.forEach(peer -> assertThat(of(peer)).isEqualTo(new NsStats(6, 0, 0, 0, 0, 0)));
    c.namespaces.delete(ROOT, "w");
    c.namespaces.destroyNamespace(other);
    stage.play(Duration.ofSeconds(1));
    peers.forEach(peer -> assertThat(of(peer)).isEqualTo(new NsStats(1, 0, 0, 0, 0, 0)));
  }

  /** A snapshot replaces all that was counted. */
  @Test
  void objects_afterASnapshot_areThoseThatItHas() {
    a.namespaces.create(ROOT, "x", "k", Lifetime.DURABLE, new byte[1]);
    a.namespaces.create(ROOT, "y", "k", Lifetime.DURABLE, new byte[1]);
    stage.play(Duration.ofSeconds(1));
    c.actor.pause();
    stage.play(Duration.ofSeconds(5));
    NsRef held = b.opened("y");
    a.namespaces.delete(ROOT, "x");
    a.namespaces.delete(ROOT, "y");
    a.namespaces.create(ROOT, "z", "k", Lifetime.DURABLE, new byte[1]);
    stage.play(Duration.ofSeconds(1));
    c.actor.install(a.actor);
    c.actor.resume();
    stage.play(Duration.ofSeconds(1));
    assertThat(of(c)).isEqualTo(new NsStats(1, 1, 0, 0, 0, 0));
    assertThat(of(b)).isEqualTo(new NsStats(1, 1, 1, 0, 0, 0));
    held.close();
    stage.play(Duration.ofSeconds(1));
    peers.forEach(peer -> assertThat(of(peer)).isEqualTo(new NsStats(1, 0, 0, 0, 0, 0)));
  }

  @Test
  void whatIsHeldOpen_countsOnTheNodeThatHoldsIt_untilItIsClosed() throws Exception {
    NsObject x = a.namespaces.create(ROOT, "x", "k", Lifetime.DURABLE, new byte[1]);
    NsRef reference = b.opened("x");
    NsOpen first = b.namespaces.open(ROOT, "x", OpenMode.READ, Duration.ZERO).orElseThrow();
    NsOpen second = b.namespaces.open(x.xid(), OpenMode.READ, Duration.ZERO).orElseThrow();
    NsListing listing = b.namespaces.listing(ROOT, NamePattern.ALL);
    NsWatch watch = b.namespaces.watch(ROOT, NamePattern.ALL);
    assertThat(of(b)).isEqualTo(new NsStats(1, 0, 3, 2, 1, 1));
    assertThat(of(a)).isEqualTo(new NsStats(1, 0, 0, 0, 0, 0));
    assertThat(listing.next(10).next()).isEmpty();
    assertThat(of(b).listings()).as("at its end it is none any more").isZero();
    for (AutoCloseable each : List.of(reference, first, second, listing, watch, first, watch)) {
      each.close();
    }
    stage.play(Duration.ofSeconds(1));
    assertThat(of(b)).isEqualTo(new NsStats(1, 0, 0, 0, 0, 0));
  }

  @Test
  void stats_outsideTheView_areToldAllTheSame() {
    a.namespaces.create(ROOT, "x", "k", Lifetime.DURABLE, new byte[1]);
    stage.play(Duration.ofSeconds(1));
    c.actor.pause();
    stage.play(Duration.ofSeconds(5));
    assertThat(of(c).objects()).isEqualTo(1);
  }
}

package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.sim.Stage;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ids that stand in the log before their objects do; from three nodes. */
@Timeout(60)
class ReservationsTest {
  private static final NsHandle ROOT = NsHandle.ROOT;
  private static final byte[] NOTE = {1, 2, 3};

  private final Stage stage = new Stage();
  private final List<NsPeer> peers = NsPeer.inView(stage, "a", "b", "c");
  private final NsPeer a = peers.get(0);
  private final NsPeer b = peers.get(1);
  private final NsPeer c = peers.get(2);

  private static Reservation reserved(NsPeer at) {
    return at.namespaces.reserve(at.namespaces.reserveXid(), NOTE);
  }

  private static void assertSame(Reservation found, Reservation wanted) {
    assertThat(found).usingRecursiveComparison().isEqualTo(wanted);
  }

  @Test
  void reserve_isSeenOnAllNodesUntilItEnds() {
    Reservation one = reserved(a);
    Reservation two = reserved(b);
    assertThat(one.holder()).isEqualTo(a.actor.member().incarnation());
    for (NsPeer peer : peers) {
      assertSame(peer.namespaces.reservation(one.xid()).orElseThrow(), one);
      assertThat(peer.namespaces.reservations())
          .extracting(Reservation::xid)
          .containsExactlyInAnyOrder(one.xid(), two.xid());
    }
    c.namespaces.end(one);
    for (NsPeer peer : peers) {
      assertThat(peer.namespaces.reservation(one.xid())).isEmpty();
      assertThat(peer.namespaces.reservations())
          .extracting(Reservation::xid)
          .containsExactly(two.xid());
    }
    assertThatThrownBy(() -> a.namespaces.end(one)).isInstanceOf(NsException.StaleHandle.class);
    assertThatThrownBy(() -> a.namespaces.note(one, NOTE))
        .isInstanceOf(NsException.StaleHandle.class)
        .hasMessage(
            "changed or ended since it was seen: noting: reservation="
                + Long.toHexString(one.xid()));
  }

  @Test
  void create_underAReservation_endsItInTheSameMoment() {
    Reservation reservation = reserved(a);
    NsObject made = create(a, reservation, "x");
    assertThat(made.xid()).isEqualTo(reservation.xid());
    for (NsPeer peer : peers) {
      assertThat(peer.found("x")).isEqualTo(made);
      assertThat(peer.namespaces.reservation(made.xid())).isEmpty();
      assertThat(peer.namespaces.reservations()).isEmpty();
    }
    assertThatThrownBy(() -> b.namespaces.reserve(made.xid(), NOTE))
        .as("an id that was used")
        .isInstanceOf(NsException.NameTaken.class);
  }

  private static NsObject create(NsPeer at, Reservation reservation, String name) {
    return at.namespaces
        .transaction()
        .create(reservation, ROOT, name, "k", Lifetime.DURABLE, new byte[1])
        .commit()
        .getFirst();
  }

  @Test
  void update_underAReservation_endsItInTheSameMoment() {
    NsObject x = a.namespaces.create(ROOT, "x", "k", Lifetime.DURABLE, new byte[1]);
    Reservation reservation = reserved(b);
    NsObject stale = a.namespaces.update(x, new byte[2]);
    assertThatThrownBy(
            () -> b.namespaces.transaction().update(reservation, x, new byte[3]).commit())
        .isInstanceOf(NsException.Stale.class);
    assertSame(c.namespaces.reservation(reservation.xid()).orElseThrow(), reservation);
    b.namespaces.transaction().update(reservation, stale, new byte[3]).commit();
    assertThat(c.found("x").value()).hasSize(3);
    assertThat(c.namespaces.reservation(reservation.xid())).isEmpty();
  }

  /**
   * Whoever was away for long finds that he may not publish what others gave up or went on with.
   */
  @Test
  void create_underAReservationThatOthersTookOrEnded_isRefused() {
    Reservation reservation = reserved(a);
    Reservation taken = b.namespaces.note(reservation, new byte[] {9});
    assertThat(taken.holder()).isEqualTo(b.actor.member().incarnation());
    assertThatThrownBy(() -> create(a, reservation, "x"))
        .isInstanceOf(NsException.StaleHandle.class)
        .hasMessageContaining("name=x");
    c.namespaces.end(taken);
    assertThatThrownBy(() -> create(b, taken, "x")).isInstanceOf(NsException.StaleHandle.class);
    assertThat(c.namespaces.lookup(ROOT, "x")).isEmpty();
  }

  @Test
  void reservation_ofANodeThatDied_isThereForOthers() {
    Reservation reservation = reserved(b);
    b.actor.exit();
    stage.play(Duration.ofSeconds(30));
    assertThat(c.sessions.view().has(reservation.holder())).isFalse();
    assertSame(c.namespaces.reservation(reservation.xid()).orElseThrow(), reservation);
    Reservation taken = c.namespaces.note(reservation, NOTE);
    assertThat(create(c, taken, "x").xid()).isEqualTo(reservation.xid());
  }

  @Test
  void reservations_areForTheNodeAlone() {
    Namespaces alice = a.namespaces.as(new Principal("alice"));
    assertThatThrownBy(alice::reservations).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> alice.reserve(7, NOTE)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> alice.reservation(7)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> a.namespaces.reserve(7, new byte[NsObject.VALUE_BYTES_MAX + 1]))
        .isInstanceOf(NsException.BadValue.class);
  }

  @Test
  void cluster_isTheSameOnAllNodes() {
    UUID drawn = b.namespaces.cluster();
    assertThat(drawn).isNotEqualTo(new UUID(0, 0));
    assertThat(peers).allMatch(peer -> peer.namespaces.cluster().equals(drawn));
  }
}

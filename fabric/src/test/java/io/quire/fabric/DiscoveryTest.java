package io.quire.fabric;

import static io.quire.fabric.Fixture.LOOPBACK;
import static io.quire.fabric.Fixture.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.fabric.Discovery.Event;
import io.quire.fabric.Discovery.Event.Came;
import io.quire.fabric.Discovery.Event.Gone;
import io.quire.fabric.Discovery.Found;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class DiscoveryTest {
  private static final Found A = found("a", 0x8000000000000001L, 7001);
  private static final Found B = found("b", 2, 7002);
  private static final Found C = found("c", 3, 7003);
  private static final Found D = found("d", 4, 7004);
  private static final Found E = found("e", 5, 7005);

  private final Fixture fixture = new Fixture();

  @AfterEach
  void close() throws Exception {
    fixture.close();
  }

  @Test
  void present_ofOneAlone_isItself() {
    Discovery alone = open(A, List.of());

    assertThat(alone.present()).containsExactly(A);
    assertThat(alone.address().host()).isEqualTo("127.0.0.1");
    assertThat(alone.address().port()).isPositive();
  }

  @Test
  void members_findEachOtherAndSeeOneGo() {
    Discovery a = open(A, List.of());
    ConcurrentLinkedQueue<Event> events = new ConcurrentLinkedQueue<>();
    a.listen(events::add);
    Discovery b = open(B, List.of(a.address()));
    Discovery c = open(C, List.of(a.address(), b.address()));
    ConcurrentLinkedQueue<Event> late = new ConcurrentLinkedQueue<>();
    c.listen(late::add);

    await("all see all", () -> sees(a, A, B, C) && sees(b, B, A, C) && sees(c, C, A, B));
    b.close();

    await("b gone", () -> sees(a, A, C) && sees(c, C, A));
    await("all events", () -> events.size() == 3 && late.size() == 3);
    assertThat(events).containsExactly(new Came(B), new Came(C), new Gone(B));
    assertThat(late).containsExactlyInAnyOrder(new Came(A), new Came(B), new Gone(B));
  }

  @Test
  void groups_thatFormedApart_becomeOne() throws Exception {
    Address later = new Address("127.0.0.1", freePort());
    Discovery c = open(C, List.of(later));
    Discovery d = open(D, List.of(c.address(), later));
    await("one group", () -> sees(c, C, D) && sees(d, D, C));
    Discovery a = fixture.keep(Discovery.open(new DiscoveryConfig("test", later, List.of()), A));
    Discovery b = open(B, List.of(a.address()));
    Discovery e = open(E, List.of(a.address()));

    await(
        "all see all",
        () -> sees(a, A, B, C, D, E) && sees(c, C, A, B, D, E) && sees(d, D, A, B, C, E));
    await("so do those who came last", () -> sees(b, B, A, C, D, E) && sees(e, E, A, B, C, D));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Test
  void members_ofAnotherClusterOrWithoutOurAttributes_areIgnored() {
    Discovery a = open(A, List.of());
    DiscoveryConfig other = new DiscoveryConfig("other", LOOPBACK, List.of(a.address()));
    Discovery elsewhere = fixture.keep(Discovery.open(other, B));
    DiscoveryConfig same = new DiscoveryConfig("test", LOOPBACK, List.of(a.address()));
    Config bare = HazelcastSetup.of(same, Map.of("quire.node", "Not A Name"));
    HazelcastInstance stranger = Hazelcast.newHazelcastInstance(bare);
    fixture.keep(stranger::shutdown);
    assertThat(stranger.getCluster().getMembers()).hasSize(2);

    assertThat(a.present()).containsExactly(A);
    assertThat(elsewhere.present()).containsExactly(B);
  }

  @Test
  void open_onAPortInUse_namesTheAddress() {
    Discovery a = open(A, List.of());

    assertThatThrownBy(() -> Discovery.open(new DiscoveryConfig("test", a.address(), List.of()), B))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(a.address().toString())
        .hasMessageContaining("in use");
  }

  private Discovery open(Found self, List<Address> seeds) {
    return fixture.keep(Discovery.open(new DiscoveryConfig("test", LOOPBACK, seeds), self));
  }

  private static boolean sees(Discovery discovery, Found self, Found... others) {
    List<Found> present = discovery.present();
    return present.getFirst().equals(self)
        && present.size() == 1 + others.length
        && present.containsAll(List.of(others));
  }

  private static Found found(String node, long incarnation, int port) {
    return new Found(new NodeId(node), incarnation, new Address("127.0.0.1", port));
  }
}

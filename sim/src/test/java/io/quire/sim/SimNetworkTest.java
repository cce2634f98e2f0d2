package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.base.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SimNetworkTest {
  private static final int MANY = 2_000;
  private static final NodeId A = new NodeId("a");
  private static final NodeId B = new NodeId("b");

  private final World world = new World(5);
  private final SimNetwork network = new SimNetwork(world);
  private final List<Byte> toA = new ArrayList<>();
  private final List<Byte> toB = new ArrayList<>();
  private final SimNode a = new SimNode(world, A, new Address("a", 1));
  private final SimNode b = new SimNode(world, B, new Address("b", 1));
  private final Transport fromA = attach(a, toA);
  private final Transport fromB = attach(b, toB);

  @Test
  void send_calm_arrivesOnceOnTheLoop() {
    sendMany(fromA, b);
    world.runFor(Duration.ofSeconds(60));
    assertThat(toB).hasSize(MANY);
    assertThat(toA).isEmpty();
  }

  @Test
  void send_calm_mayBeOvertaken() {
    sendMany(fromA, b);
    world.runFor(Duration.ofSeconds(60));
    List<Byte> sent = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      sent.add((byte) i);
    }
    assertThat(toB).containsExactlyInAnyOrderElementsOf(sent).isNotEqualTo(sent);
  }

  @Test
  void send_harsh_losesAndRepeatsAtTheseRates() {
    network.faults(new NetworkFaults(0.2, 0, 0, 0));
    sendMany(fromA, b);
    world.runFor(Duration.ofSeconds(60));
    assertThat(toB).hasSizeBetween(MANY * 7 / 10, MANY * 9 / 10);

    toB.clear();
    network.faults(new NetworkFaults(0, 0.2, 0.3, 0.1));
    sendMany(fromA, b);
    world.runFor(Duration.ofSeconds(60));
    assertThat(toB).hasSizeBetween(MANY * 11 / 10, MANY * 13 / 10);
    assertThat(world.probes().missing(List.of("message-dropped", "message-strayed"))).isEmpty();
  }

  @Test
  void cut_oneWay_losesThatWayOnly() {
    network.cut(A, B);
    fromA.send(b.address(), Transport.Channel.TWOPC, new byte[] {1});
    fromB.send(a.address(), Transport.Channel.TWOPC, new byte[] {2});
    fromA.send(a.address(), Transport.Channel.TWOPC, new byte[] {3});
    world.runFor(Duration.ofSeconds(1));
    assertThat(toB).isEmpty();
    assertThat(toA).containsExactlyInAnyOrder((byte) 2, (byte) 3);

    network.heal(A, B);
    fromA.send(b.address(), Transport.Channel.TWOPC, new byte[] {4});
    world.runFor(Duration.ofSeconds(1));
    assertThat(toB).containsExactly((byte) 4);
  }

  @Test
  void cut_whileUnderway_losesTheMessage() {
    fromA.send(b.address(), Transport.Channel.TWOPC, new byte[] {1});
    network.partition(List.of(A), List.of(B));
    world.runFor(Duration.ofSeconds(1));
    assertThat(toB).isEmpty();
  }

  @Test
  void send_toAddressOfRestarted_reachesTheNewIncarnation() {
    fromA.send(b.address(), Transport.Channel.TWOPC, new byte[] {1});
    b.crash();
    List<Byte> toNew = new ArrayList<>();
    attach(new SimNode(world, B, b.address()), toNew);
    world.runFor(Duration.ofSeconds(1));
    assertThat(toB).isEmpty();
    assertThat(toNew).containsExactly((byte) 1);
  }

  @Test
  void send_fromOneThatThenCrashed_stillArrives() {
    fromA.send(b.address(), Transport.Channel.TWOPC, new byte[] {1});
    a.crash();
    fromA.send(b.address(), Transport.Channel.TWOPC, new byte[] {2});
    world.runFor(Duration.ofSeconds(1));
    assertThat(toB).containsExactly((byte) 1);
  }

  @Test
  void send_toPaused_arrivesAfterResumeUpToALimit() {
    b.pause();
    for (int i = 0; i < SimNetwork.INBOX_MAX + 100; i++) {
      fromA.send(b.address(), Transport.Channel.TWOPC, new byte[] {1});
    }
    world.runFor(Duration.ofSeconds(1));
    assertThat(toB).isEmpty();
    b.resume();
    world.runFor(Duration.ofSeconds(60));
    assertThat(toB).hasSize(SimNetwork.INBOX_MAX);
    assertThat(world.probes().count("inbox-full")).isEqualTo(100);
  }

  @Test
  void send_arrayChangedAfterwards_fails() {
    byte[] message = {1};
    fromA.send(b.address(), Transport.Channel.TWOPC, message);
    message[0] = 2;
    assertThatThrownBy(() -> world.runFor(Duration.ofSeconds(1)))
        .isInstanceOf(SimulationFailure.class)
        .hasMessageContaining("message changed after it was sent");
  }

  @Test
  void attach_whereALiveNodeListens_isRefused() {
    assertThatThrownBy(() -> network.attach(new SimNode(world, B, b.address())))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("address in use");
  }

  private Transport attach(SimNode node, List<Byte> arrived) {
    Transport transport = network.attach(node);
    transport.receive(
        Transport.Channel.TWOPC,
        message -> {
          node.loop().confine();
          arrived.add(message[0]);
        });
    return transport;
  }

  private static void sendMany(Transport from, SimNode to) {
    for (int i = 0; i < MANY; i++) {
      from.send(to.address(), Transport.Channel.TWOPC, new byte[] {(byte) i});
    }
  }
}

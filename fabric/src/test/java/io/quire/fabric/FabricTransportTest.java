package io.quire.fabric;

import static io.quire.fabric.Fixture.await;
import static io.quire.fabric.Fixture.bytes;
import static io.quire.fabric.Fixture.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.EventLoop;
import io.quire.base.Transport.Channel;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class FabricTransportTest {
  private final Fixture fixture = new Fixture();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final Queue<String> arrived = new ConcurrentLinkedQueue<>();
  private final Fabric fabricA = fixture.fabric("a");
  private final Fabric fabricB = fixture.fabric("b");
  private final EventLoop loop = fixture.keep(new EventLoop("b-node", failures::add));
  private final FabricTransport a = new FabricTransport(fabricA, loop);
  private final FabricTransport b = new FabricTransport(fabricB, loop);

  @AfterEach
  void close() throws Exception {
    fixture.close();
    assertThat(failures).isEmpty();
  }

  @Test
  void send_toAPeer_isReceivedOnTheLoopOfItsChannel() {
    for (Channel channel : Channel.values()) {
      b.receive(channel, message -> take(channel, message));
    }

    a.send(fabricB.address(), Channel.LEASE, bytes("keep"));
    a.send(fabricB.address(), Channel.TWOPC, bytes(""));
    a.send(fabricB.address(), Channel.REFERENCES, bytes("who"));

    await("three messages", () -> arrived.size() == 3);
    assertThat(arrived).containsExactly("LEASE keep", "TWOPC ", "REFERENCES who");
  }

  @Test
  void send_toItself_needsNoConnection() {
    a.receive(Channel.TWOPC, message -> take(Channel.TWOPC, message));

    a.send(fabricA.address(), Channel.TWOPC, bytes("me"));

    await("the message", () -> arrived.size() == 1);
    assertThat(arrived).containsExactly("TWOPC me");
    assertThat(fabricA.stats().connections()).isZero();
    assertThat(fabricA.stats().bytesOut()).isZero();
  }

  @Test
  void send_onAChannelNobodyReceives_isDroppedAndCounted() {
    a.send(fabricB.address(), Channel.LEASE, bytes("x"));
    a.send(fabricA.address(), Channel.LEASE, bytes("x"));

    await("the message dropped there", () -> fabricB.stats().dropped() == 1);
    assertThat(fabricA.stats().dropped()).isEqualTo(1);
  }

  @Test
  void message_onAnUnknownChannel_isDroppedAndTheNextArrives() {
    b.receive(Channel.TWOPC, message -> take(Channel.TWOPC, message));

    fabricA.send(fabricB.address(), Service.MESSAGE, new byte[] {99});
    fabricA.send(fabricB.address(), Service.MESSAGE, new byte[0]);
    a.send(fabricB.address(), Channel.TWOPC, bytes("good"));

    await("the good message", () -> arrived.size() == 1);
    assertThat(fabricB.stats().dropped()).isEqualTo(2);
  }

  @Test
  void message_thatItsReceiverFindsMalformed_isDroppedAndTheNextArrives() {
    b.receive(
        Channel.TWOPC, message -> take(Channel.TWOPC, bytes(new WireReader(message).string())));

    a.send(fabricB.address(), Channel.TWOPC, new byte[] {1});
    a.send(fabricB.address(), Channel.TWOPC, new WireWriter(16).string("good").toBytes());

    await("the good message", () -> arrived.size() == 1);
    assertThat(arrived).containsExactly("TWOPC good");
    assertThat(fabricB.stats().dropped()).isEqualTo(1);
  }

  @Test
  void receive_twice_isRefused() {
    a.receive(Channel.LEASE, _ -> {});

    assertThatThrownBy(() -> a.receive(Channel.LEASE, _ -> {}))
        .isInstanceOf(IllegalStateException.class);
  }

  private void take(Channel channel, byte[] message) {
    loop.confine();
    arrived.add(channel + " " + text(message));
  }
}

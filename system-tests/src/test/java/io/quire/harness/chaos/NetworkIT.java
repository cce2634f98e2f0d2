package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Packets between namespaces that arrive or do not. Needs root. */
@Order(2)
@ResourceLock("networks of this process")
@Timeout(400)
class NetworkIT {
  @BeforeAll
  static void needsRoot() {
    String missing = Network.missing();
    assumeTrue(missing == null, missing);
  }

  /** Whether what one node sends to another, one way, arrives: frames counted at the receiver. */
  private static boolean arrives(Network network, int from, int to) {
    long before = received(network, to);
    List<String> send = new ArrayList<>(network.prefix(from));
    // One datagram to the port of nobody.
    send.addAll(List.of("bash", "-c", "echo x > /dev/udp/" + network.host(to) + "/9 2>/dev/null"));
    Command.run(send, "");
    return received(network, to) > before;
  }

  private static long received(Network network, int node) {
    List<String> read = new ArrayList<>(network.prefix(node));
    read.addAll(List.of("cat", "/proc/net/snmp"));
    return Command.run(read, "")
        .lines()
        .filter(line -> line.startsWith("Ip: ") && Character.isDigit(line.charAt(4)))
        .mapToLong(line -> Long.parseLong(line.split(" ")[3]))
        .sum();
  }

  @Test
  void cut_isOneWay_andJoinedAgain() {
    try (Network network = Network.open(3)) {
      assertThat(arrives(network, 0, 1)).isTrue();
      network.cut(0, 1);
      assertThat(arrives(network, 0, 1)).as("cut").isFalse();
      assertThat(arrives(network, 1, 0)).as("the other way").isTrue();
      assertThat(arrives(network, 0, 2)).as("another link").isTrue();
      network.join(0, 1);
      assertThat(arrives(network, 0, 1)).as("joined").isTrue();
    }
  }

  @Test
  void unplugged_nodeIsReachedByNobody() {
    try (Network network = Network.open(3)) {
      network.unplug(2);
      assertThat(arrives(network, 0, 2)).isFalse();
      assertThat(arrives(network, 2, 1)).isFalse();
      assertThat(arrives(network, 0, 1)).isTrue();
      network.plug(2);
      assertThat(arrives(network, 0, 2)).isTrue();
    }
  }

  @Test
  void open_removesWhatAProcessThatIsDeadLeft() throws Exception {
    Process dead = new ProcessBuilder("true").start();
    assertThat(dead.waitFor()).isZero();
    String left = "quire-" + dead.pid() + "-0";
    Command.run("ip", "netns", "add", left);
    try (Network _ = Network.open(3)) {
      assertThat(Command.run("ip", "netns", "list")).doesNotContain(left);
    }
  }

  @Test
  void close_leavesNothing() {
    Network network = Network.open(3);
    assertThat(network.left()).isEqualTo(4);
    network.close();
    assertThat(network.left()).isZero();
  }
}

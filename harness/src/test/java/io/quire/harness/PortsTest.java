package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PortsTest {
  @Test
  void take_manyTimes_neverRepeatsAndStaysInRange() {
    Set<Integer> taken = new HashSet<>();
    for (int i = 0; i < 500; i++) {
      int port = Ports.take();
      assertThat(port).isBetween(Ports.FIRST, Ports.FIRST + Ports.COUNT - 1);
      assertThat(taken.add(port)).as("port %d is new", port).isTrue();
    }
  }

  @Test
  void take_onceAroundTheRange_passesOverBoundPort() throws IOException {
    int bound = Ports.take();
    try (ServerSocket _ = new ServerSocket(bound, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      for (int i = 0; i < Ports.COUNT; i++) {
        assertThat(Ports.take()).isNotEqualTo(bound);
      }
    }
  }
}

package io.quire.jet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports of 127.0.0.1 that nobody listens at, below those that the kernel gives to outgoing
 * connections.
 */
final class Ports {
  private Ports() {}

  static List<Integer> free(int count) {
    List<Integer> ports = new ArrayList<>();
    int port = ThreadLocalRandom.current().nextInt(20_000, 29_000);
    for (; ports.size() < count; port++) {
      try (ServerSocket socket = new ServerSocket()) {
        socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
        ports.add(port);
      } catch (BindException e) {
        continue;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return ports;
  }
}

package io.quire.harness;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Free loopback ports for processes that must be told theirs. They come from below the range that
 * kernels hand out by themselves (32768 on Linux, 49152 elsewhere), so that no outgoing connection
 * takes a port between the moment it is found free and the moment its process binds it. Two JVMs
 * that take ports at the same time start at different places, but nothing reserves a port for the
 * taker. Safe for use by many threads.
 */
public final class Ports {
  static final int FIRST = 20_000;
  static final int COUNT = 10_000;

  private static int next = ThreadLocalRandom.current().nextInt(COUNT);

  private Ports() {}

  /**
   * A port that is free on 127.0.0.1 now, and that this JVM is not given again before {@value
   * #COUNT} others.
   *
   * @throws IllegalStateException if none is free
   */
  public static synchronized int take() {
    for (int tried = 0; tried < COUNT; tried++) {
      int port = FIRST + next;
      next = (next + 1) % COUNT;
      if (isFree(port)) {
        return port;
      }
    }
    throw new IllegalStateException(
        "no free port: first=%d last=%d".formatted(FIRST, FIRST + COUNT - 1));
  }

  static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
      return true;
    } catch (IOException taken) {
      return false;
    }
  }
}

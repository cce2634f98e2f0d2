package io.quire.jet;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** Between a client and a node: passes on what they say, until it is told not to. */
final class Wire implements AutoCloseable {
  private final URI node;
  private final ServerSocket listening;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private volatile CountDownLatch answers = new CountDownLatch(0);

  Wire(URI node) {
    this.node = node;
    try {
      listening = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().start(this::accept);
  }

  /** Where clients find the node through this. */
  URI location() {
    return URI.create(node.getScheme() + "://127.0.0.1:" + listening.getLocalPort());
  }

  /** From now on the node is not heard. */
  void mute() {
    answers = new CountDownLatch(1);
  }

  /** Ends all connections; later ones pass on everything again. */
  void cut() {
    CountDownLatch held = answers;
    answers = new CountDownLatch(0);
    sockets.forEach(Wire::close);
    sockets.clear();
    held.countDown();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        Socket server = new Socket(node.getHost(), node.getPort());
        sockets.add(client);
        sockets.add(server);
        Thread.ofVirtual().start(() -> pass(client, server, false));
        Thread.ofVirtual().start(() -> pass(server, client, true));
      } catch (IOException e) {
        // Closed, or the node is away: the client finds out.
      }
    }
  }

  private void pass(Socket from, Socket to, boolean answer) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] bytes = new byte[16 << 10];
      for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
        if (answer) {
          answers.await();
        }
        out.write(bytes, 0, count);
      }
    } catch (IOException e) {
      // It was cut.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void close(Closeable socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    close(listening);
    cut();
  }
}

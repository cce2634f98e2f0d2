package io.quire.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The floor of a read from another node: as many bytes over one plain socket from one process to
 * another, off the heap on both sides, that nobody looks at. The second member gives them, the
 * first takes them.
 */
final class SocketLoop implements Subject {
  private static final int BUFFER_BYTES = 1 << 20;
  private static final int GIVES = 2;

  private final boolean takes;
  private final InetSocketAddress giver;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private @Nullable SocketChannel socket;

  private SocketLoop(boolean takes, InetSocketAddress giver) {
    this.takes = takes;
    this.giver = giver;
  }

  static SocketLoop open(Worker.Setup setup) throws IOException {
    InetSocketAddress giver =
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), setup.ports(GIVES).getFirst());
    boolean takes = setup.member() != GIVES;
    if (!takes) {
      ServerSocketChannel listener = ServerSocketChannel.open().bind(giver);
      Thread.ofPlatform().daemon().name("giver").start(() -> give(listener));
    }
    return new SocketLoop(takes, giver);
  }

  private static void give(ServerSocketChannel listener) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(BUFFER_BYTES);
    ByteBuffer wanted = ByteBuffer.allocate(Long.BYTES);
    try (SocketChannel taker = listener.accept()) {
      while (true) {
        fill(taker, wanted.clear());
        for (long left = wanted.getLong(0); left > 0; left -= bytes.limit()) {
          bytes.clear().limit((int) Math.min(left, BUFFER_BYTES));
          while (bytes.hasRemaining()) {
            taker.write(bytes);
          }
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("the taker is gone: " + e.getMessage(), e);
    }
  }

  private static void fill(SocketChannel from, ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      if (from.read(into) < 0) {
        throw new EOFException("closed by the other side");
      }
    }
  }

  @Override
  public boolean leads() {
    return takes;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    if (job.kind() != Job.Kind.SOCKET_READ) {
      throw new IllegalArgumentException("not for this subject: job=" + job);
    }
    SocketChannel connected = socket;
    if (connected == null) {
      connected = SocketChannel.open(giver);
      socket = connected;
    }
    SocketChannel from = connected;
    return Map.of(job.row(), Timed.rate(job, () -> once(from, job.totalBytes())));
  }

  private Timed.Achieved once(SocketChannel from, long bytes) throws IOException {
    long begun = System.nanoTime();
    from.write(ByteBuffer.allocate(Long.BYTES).putLong(0, bytes));
    for (long left = bytes; left > 0; left -= buffer.limit()) {
      fill(from, buffer.clear().limit((int) Math.min(left, BUFFER_BYTES)));
    }
    return Timed.Achieved.since(begun, bytes);
  }

  @Override
  public void close() throws IOException {
    SocketChannel open = socket;
    if (open != null) {
      open.close();
    }
  }
}

package io.quire.jet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.jet.JetException;
import io.quire.columns.ColumnMemory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nodes of which nothing comes. */
@Timeout(60)
final class ShareReaderTest {
  private static final Duration PATIENCE = Duration.ofMillis(600);

  private static void poll(int port) {
    URI node = URI.create("grpc+tcp://127.0.0.1:" + port);
    QuireTables tables = QuireTables.at(node.toString()).withPatience(PATIENCE);
    Share share = new Share(new byte[] {1}, List.of(node));
    try (BufferAllocator memory = ColumnMemory.open(1 << 20);
        ShareReader reader = new ShareReader(tables, "/a", share, memory)) {
      while (reader.poll() == ShareReader.Got.NOTHING_YET) {
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  private static void assertFailsAfterItsPatience(int port, String reason) {
    long begin = System.nanoTime();
    assertThatThrownBy(() -> poll(port))
        .isInstanceOf(JetException.class)
        .hasMessageStartingWith(
            "table cannot be read: table=/a node=grpc+tcp://127.0.0.1:" + port + " attempts=")
        .hasMessageContaining("reason=[" + reason);
    assertThat(System.nanoTime() - begin).isGreaterThan(PATIENCE.toNanos());
  }

  @Test
  void nodeThatIsNotThere_isTriedAgain_untilThePatienceIsOver() {
    int port = Ports.free(1).getFirst();
    assertFailsAfterItsPatience(port, "io exception: Connection refused");
  }

  @Test
  void nodeThatSaysNothing_isGivenUp() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.1"))) {
      assertFailsAfterItsPatience(silent.getLocalPort(), "gave nothing: seconds=0.3]");
    }
  }
}

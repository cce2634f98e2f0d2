package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.log.Scrub;
import io.quire.node.AdminClient;
import io.quire.node.AdminServer;
import io.quire.node.Node;
import io.quire.node.NodeConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What {@code quire status} tells of damage. The node is in this process, for the sake of its
 * scrub.
 */
@Timeout(400)
class StatusCommandIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Commands quire = new Commands("status");

  @AfterEach
  void end() {
    quire.close();
  }

  @Test
  void status_ofANodeWithDamage_namesEachAndWhetherItWasHealed() throws Exception {
    Path data = quire.directory().resolve("data");
    try (Node node =
            Node.open(
                NodeConfig.load(
                    null,
                    List.of("http.port=0", "memory=16MiB", "snapshot-entries=5", "data=" + data)));
        AdminServer server = AdminServer.open(node, (_, _) -> {});
        AdminClient client = new AdminClient(server.address(), "")) {
      for (int i = 0; i < 10; i++) {
        client.create("/made/" + i, "value " + i);
      }
      Path snapshot = snapshot(client);
      Path segment = openSegment(client);
      flip(snapshot, 20);
      flip(segment, 20);
      Scrub.Report report = node.log().scrub();
      assertThat(report.damages()).hasSize(2);

      String address = server.address().toString();
      String text = quire.run("status", "--node", address).assertDone().text();
      assertThat(text.lines())
          .anyMatch(
              line ->
                  line.startsWith("damage       " + segment + ", offset ")
                      && line.contains(", NOT HEALED: another checksum"))
          .anyMatch(line -> line.matches("store        flash:///.* of 1\\.0 TiB, .* free; .*"))
          .contains(
              "damage       " + snapshot + ", offset 0, healed: snapshot does not verify",
              "bad snapshot " + aside(data, snapshot) + ", set aside");

      JsonNode log =
          JSON.readTree(quire.run("status", "--json", "--node", address).assertDone().text())
              .path("log");
      JsonNode first = log.path("damages").get(0);
      assertThat(first.path("file").asText()).isEqualTo(segment.toString());
      assertThat(first.path("offset").asLong()).isBetween(8L, 20L);
      assertThat(first.path("position").asText()).matches("\\d+\\.0");
      assertThat(first.path("healed").asBoolean()).isFalse();
      assertThat(log.path("damages").get(1).path("healed").asBoolean()).isTrue();
      assertThat(log.path("badSnapshots").get(0).asText()).isEqualTo(aside(data, snapshot));
    }
  }

  private static String aside(Path data, Path snapshot) {
    return data.resolve("log/aside").resolve(snapshot.getFileName() + ".bad").toString();
  }

  private static Path snapshot(AdminClient client) {
    return file(client, "snapshots");
  }

  private static Path openSegment(AdminClient client) {
    return file(client, "segments");
  }

  /** The newest file of that kind, as soon as there is one. */
  private static Path file(AdminClient client, String kind) {
    long deadline = System.nanoTime() + Commands.LIMIT.toNanos();
    while (System.nanoTime() - deadline < 0) {
      Optional<String> newest =
          client.logStat().path(kind).findValuesAsText("file").stream()
              .max(Comparator.naturalOrder());
      if (newest.isPresent()) {
        return Path.of(newest.get());
      }
      LockSupport.parkNanos(20_000_000);
    }
    throw new AssertionError("there is none: kind=" + kind);
  }

  /* Only this byte, for the node writes behind it. */
  private static void flip(Path file, int at) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, at);
      channel.write(ByteBuffer.wrap(new byte[] {(byte) (one.get(0) ^ 1)}), at);
    }
  }
}

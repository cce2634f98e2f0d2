package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.cli.Commands.Ran;
import io.quire.cli.Commands.Started;
import io.quire.node.AdminClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code quire log} against a real node, and on what it leaves. */
@Timeout(600)
class LogCommandIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int OBJECTS = 60;

  private final Commands quire = new Commands("log");

  @AfterEach
  void end() {
    quire.close();
  }

  private Started filled() {
    return filled("/made/");
  }

  private Started filled(String names) {
    Started node = quire.start(quire.directory(), "memory=16MiB", "snapshot-entries=20");
    try (AdminClient client = new AdminClient(node.http(), "")) {
      for (int i = 0; i < OBJECTS; i++) {
        client.create(names + i, "value " + i);
      }
    }
    return node;
  }

  /** A segment that only the archive has any more. */
  private static Path archived(Started node) {
    long deadline = System.nanoTime() + Commands.LIMIT.toNanos();
    try (AdminClient client = new AdminClient(node.http(), "")) {
      while (System.nanoTime() < deadline) {
        JsonNode oldest = client.logStat().path("segments").path(0);
        if (!oldest.path("live").asBoolean()) {
          return Path.of(oldest.path("file").asText());
        }
        LockSupport.parkNanos(50_000_000);
      }
    }
    throw new AssertionError("nothing was purged in time");
  }

  private static void flip(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 1;
    Files.write(file, bytes);
  }

  private void stop(Started node) {
    quire.signal(node.process(), "TERM");
    node.process().awaitExit(Commands.LIMIT);
  }

  private Ran online(Started node, String... arguments) {
    String[] all = Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "--node";
    all[arguments.length + 1] = node.http().toString();
    return quire.run(all);
  }

  private static JsonNode json(Ran ran) throws IOException {
    return JSON.readTree(ran.text());
  }

  @Test
  void online_andOffline_sayTheSame_andLookingChangesNothing() throws IOException {
    Started node = filled();
    JsonNode verified = json(online(node, "log", "verify", "--json").assertDone());
    assertThat(verified.path("good").asBoolean()).isTrue();
    assertThat(verified.path("records").path("transactions").asLong())
        .isGreaterThanOrEqualTo(OBJECTS);
    assertThat(online(node, "log", "verify").assertDone().text()).contains("verdict      good");
    String to = verified.path("newest").asText().replace(".0", "");
    List<String> dumped =
        online(node, "log", "dump", "--to", to, "--json").assertDone().text().lines().toList();
    assertThat(dumped).hasSizeGreaterThan(OBJECTS);
    List<String> sessions =
        online(node, "log", "dump", "--to", to, "--stream", "sessions")
            .assertDone()
            .text()
            .lines()
            .toList();
    assertThat(sessions).isNotEmpty().allMatch(line -> line.contains(" sessions "));
    JsonNode stat = json(online(node, "log", "stat", "--json").assertDone());
    assertThat(stat.path("streams").path("transactions").asInt()).isEqualTo(1);
    quire
        .run("log", "verify", node.data().toString())
        .assertFailed(1, "held by a running log", node.data().toString());
    stop(node);

    Map<String, String> before = Commands.contents(node.data());
    String data = node.data().toString();
    assertThat(
            json(quire.run("log", "verify", data, "--json").assertDone()).path("good").asBoolean())
        .isTrue();
    assertThat(
            quire
                .run("log", "dump", data, "--to", to, "--json")
                .assertDone()
                .text()
                .lines()
                .toList())
        .isEqualTo(dumped);
    assertThat(json(quire.run("log", "stat", data, "--json").assertDone()).path("peer"))
        .isEqualTo(stat.path("peer"));
    assertThat(Commands.contents(node.data())).isEqualTo(before);
  }

  @Test
  void verify_ofDamage_namesItAndEndsWithOne() throws IOException {
    Started node = filled();
    stop(node);
    Path segment;
    try (var files = Files.walk(node.data().resolve("log/raft"))) {
      segment =
          files
              .filter(file -> file.getFileName().toString().startsWith("log_"))
              .findFirst()
              .orElseThrow();
    }
    flip(segment, 500);

    Ran ran = quire.run("log", "verify", node.data().toString(), "--json");

    assertThat(ran.code()).isEqualTo(1);
    JsonNode bad = json(ran).path("bad");
    assertThat(bad).hasSize(1);
    assertThat(bad.get(0).path("file").asText()).isEqualTo(segment.toString());
    assertThat(bad.get(0).path("offset").asInt()).isBetween(8, 500);
    Ran dump = quire.run("log", "dump", node.data().toString());
    assertThat(dump.code()).isEqualTo(1);
    assertThat(dump.err())
        .startsWith("quire: corrupt entry: position=" + bad.get(0).path("position").asText())
        .contains("file=" + segment, "offset=" + bad.get(0).path("offset").asText());
    assertThat(dump.text().lines().count()).isGreaterThan(OBJECTS / 2);
  }

  @Test
  void damageOfTheArchive_isNamedAlikeWhileTheNodeRunsAndAfterwards() throws IOException {
    stop(filled());
    Started node = filled("/more/");
    Path segment = archived(node);
    flip(segment, 500);
    String data = node.data().toString();

    Ran ran = online(node, "log", "verify", "--json");
    assertThat(ran.code()).isEqualTo(1);
    JsonNode bad = json(ran).path("bad");
    assertThat(bad).hasSize(1);
    assertThat(bad.get(0).path("file").asText()).isEqualTo(segment.toString());
    assertThat(json(ran).path("archive").toString())
        .contains("another checksum", segment.toString());
    String corrupt = "corrupt entry: position=" + bad.get(0).path("position").asText();
    Ran dump = online(node, "log", "dump");
    assertThat(dump.code()).isEqualTo(1);
    assertThat(dump.err()).startsWith("quire: " + corrupt).contains("file=" + segment);
    // Whoever reads begins at the head of a file.
    String name = segment.getFileName().toString();
    String next = Integer.parseInt(name.substring(name.indexOf('-') + 1)) + 1 + ".0";
    assertThat(online(node, "log", "dump", "--from", next).assertDone().text()).isNotEmpty();
    online(node, "log", "stat").assertDone();
    stop(node);

    Ran after = quire.run("log", "verify", data, "--json");
    assertThat(after.code()).isEqualTo(1);
    assertThat(json(after).path("bad")).isEqualTo(bad);
    assertThat(quire.run("log", "dump", data).err()).contains(corrupt);
    quire.run("log", "stat", data).assertDone();
    // What is damaged may be let go, if nobody needs it.
    quire.run("log", "trim", data, "--before", next).assertDone();
    quire.run("log", "stat", data).assertDone();
  }

  @Test
  void retentionAndTrim_areSetAtRunTime_andSayWhoNeedsWhat() throws IOException {
    Started node = filled();
    online(node, "log", "retain", "--records", "100", "--days", "3").assertDone();
    JsonNode retention = json(online(node, "log", "stat", "--json").assertDone()).path("retention");
    assertThat(retention.path("records").asLong()).isEqualTo(100);
    assertThat(retention.path("bytes").asLong()).isZero();
    assertThat(retention.path("ageMillis").asLong()).isEqualTo(3 * 86_400_000L);
    online(node, "log", "retain", "--for-ever").assertDone();
    assertThat(online(node, "log", "stat").assertDone().text()).contains("retention    for ever");
    JsonNode held = json(online(node, "log", "trim", "--before", "1000000", "--json").assertDone());
    assertThat(held.path("holds").get(0).path("by").asText()).startsWith("snapshot ");
    online(node, "log", "release", "nobody").assertFailed(1, "no such bookmark: name=nobody");
    online(node, "log", "retain").assertFailed(2, "either limits or --for-ever");
    online(node, "log", "dump", "--from", "x").assertFailed(2, "not a position: found=x");
    quire
        .run("log", "stat", quire.directory().resolve("absent").toString())
        .assertFailed(1, "no log is there", "absent");
  }
}

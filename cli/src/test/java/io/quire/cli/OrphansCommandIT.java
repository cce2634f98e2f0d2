package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.cli.Commands.Ran;
import io.quire.cli.Commands.Started;
import io.quire.harness.ChildProcess;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a node that is killed leaves in its store, and who tidies it up. */
@Timeout(400)
class OrphansCommandIT {
  private static final String SMALL = "memory=16MiB";
  private static final int ROWS = 3_000_000;

  /** A small part of what these rows take. */
  private static final long MUCH_BYTES = 2 << 20;

  private final Commands quire = new Commands("orphans");

  @AfterEach
  void end() {
    quire.close();
  }

  private Ran run(Started node, String... arguments) {
    return quire.run(
        Stream.concat(Stream.of(arguments), Stream.of("--node", node.http().toString()))
            .toArray(String[]::new));
  }

  private static List<Path> containers(Started node) {
    Path durable = node.data().resolve("flash/durable");
    if (!Files.isDirectory(durable)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(durable)) {
      return files.filter(file -> file.toString().endsWith(".quire")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long bytes(Started node) {
    return containers(node).stream().mapToLong(file -> file.toFile().length()).sum();
  }

  private Path rides() throws IOException {
    Path csv = quire.directory().resolve("rides.csv");
    try (BufferedWriter out = Files.newBufferedWriter(csv)) {
      out.write("city,km\n");
      for (int row = 0; row < ROWS; row++) {
        out.write("city" + row % 1_000 + "," + row + "\n");
      }
    }
    return csv;
  }

  @Test
  void filesOfALoadThatWasKilled_areToldAndThenRemoved_andThoseOfALoadThatCountsStay()
      throws IOException {
    Path small = Files.write(quire.directory().resolve("few.csv"), List.of("a,b", "1,2", "3,4"));
    Path csv = rides();
    Started first = quire.start(quire.directory(), SMALL);
    run(first, "table", "load", small.toString(), "--as", "/few").assertDone();
    int before = containers(first).size();
    first.process().stop(Commands.LIMIT);

    Started second = quire.start(quire.directory(), SMALL);
    ChildProcess load =
        quire.launch(
            "load",
            quire.directory(),
            "table",
            "load",
            csv.toString(),
            "--as",
            "/rides",
            "--node",
            second.http().toString());
    load.await("much is written", () -> bytes(second) > MUCH_BYTES, Commands.LIMIT);
    second.process().kill9();
    assertThat(load.awaitExit(Commands.LIMIT)).isNotZero();

    Started third = quire.start(quire.directory(), SMALL);
    assertThat(run(third, "store", "orphans").assertDone().text())
        .contains("broken-off loads    1, kept", "needed")
        .doesNotContain("removed");
    run(third, "store", "orphans", "--broken-loads").assertFailed(2, "only with --apply");

    // The load is given up, but what it left is still there.
    String[] all = {"store", "orphans", "--apply", "--broken-loads", "--json"};
    JsonNode removed = new ObjectMapper().readTree(run(third, all).assertDone().text());
    assertThat(removed.path("removed").asBoolean()).isTrue();
    assertThat(removed.path("complete").asBoolean()).isTrue();
    assertThat(removed.path("givenUp").asInt()).isEqualTo(1);
    assertThat(removed.path("files")).hasSize(containersRemoved(removed));
    assertThat(containers(third)).hasSize(before);
    assertThat(run(third, "store", "orphans").assertDone().text())
        .doesNotContain("broken-off", "removed");
    assertThat(run(third, "table", "stat", "/few").assertDone().text()).contains("2 rows");
    run(third, "table", "stat", "/rides").assertFailed(1, "no such object: name=/rides");
  }

  private static int containersRemoved(JsonNode found) {
    int files = 0;
    for (JsonNode verdict : found.path("verdicts")) {
      if (verdict.path("verdict").asText().equals("ORPHAN")) {
        files += verdict.path("files").asInt();
      }
    }
    assertThat(files).isPositive();
    return files;
  }
}

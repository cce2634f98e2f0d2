package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.bench.Question.Better;
import io.quire.bench.Question.Entrant;
import io.quire.bench.Question.Row;
import io.quire.harness.Reaper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class BenchRunTest {
  /** Does what a test wants of it, in this process. */
  private record Scripted(String name, String script) implements Contender {
    @Override
    public String settings() {
      return "none";
    }

    @Override
    public Running start(Path directory, Reaper reaper) throws Unavailable {
      if (script.equals("unavailable")) {
        throw new Unavailable("No Such Thing");
      }
      return new Running() {
        @Override
        public Map<String, Double> run(Job job) {
          if (script.equals("fails")) {
            throw new BenchFailed("a job failed\njava.io.IOException: full\n\tat some.Where", null);
          }
          return Map.of(job.row(), 2.0);
        }

        @Override
        public void close() {}
      };
    }
  }

  private static JsonNode ask(String... scripts) {
    Job job = Job.of(Job.Kind.LOOP, "row", 1, 1);
    List<Entrant> entrants =
        Stream.of(scripts)
            .map(each -> new Entrant(each, new Scripted("peer-" + each, each), job, false))
            .toList();
    Question question =
        new Question(
            "row", "a row", List.of(new Row("row", "s", Better.LOWER, "none", "none")), entrants);
    try (BenchRun run = new BenchRun(List.of(question), 2, true, _ -> {})) {
      return run.run("area").json();
    }
  }

  @Test
  void peersThatFailOrCannotRun_areTold_andTheOthersGoOn() {
    JsonNode row = ask("works", "fails", "unavailable", "works-too").at("/rows/0");
    assertThat(row.path("ours").asDouble()).isEqualTo(2);
    assertThat(row.at("/peers/works-too").asDouble()).isEqualTo(2);
    assertThat(row.path("peers")).hasSize(1);
    assertThat(row.at("/absent/fails").asText())
        .isEqualTo("failed: a job failed; java.io.IOException: full");
    assertThat(row.at("/absent/unavailable").asText()).isEqualTo("no such thing");
  }

  @Test
  void ours_thatCannotRunHere_skipsTheQuestion() {
    JsonNode report = ask("unavailable", "works");
    assertThat(report.path("rows")).isEmpty();
    assertThat(report.at("/skipped/row").asText()).isEqualTo("no such thing");
  }

  @Test
  void ours_thatFails_failsTheRun() {
    assertThatThrownBy(() -> ask("fails", "works"))
        .isInstanceOf(BenchFailed.class)
        .hasMessageContaining("full");
  }
}

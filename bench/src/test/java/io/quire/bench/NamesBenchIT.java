package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quire.bench.Question.Entrant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Short runs with real processes, two nodes of ours: what they tell. */
@Timeout(900)
final class NamesBenchIT {
  private static final QuireCluster TWO = new QuireCluster("quire-two", 2, 128L << 20);
  private static final int OBJECTS = 3_000;

  /** The same on two nodes, with few objects and these peers. */
  private static Question small(Question question, Set<String> peers) {
    List<Entrant> entrants = new ArrayList<>();
    for (Entrant entrant : question.entrants()) {
      Job job = entrant.job();
      Job small = job.objects() <= OBJECTS ? job : job.withObjects(OBJECTS).withFewest(OBJECTS);
      if (entrant.contender() instanceof QuireCluster) {
        entrants.add(new Entrant(entrant.name(), TWO, small, entrant.aside()));
      } else if (peers.contains(entrant.name())) {
        entrants.add(new Entrant(entrant.name(), entrant.contender(), small, entrant.aside()));
      }
    }
    return new Question(question.id(), question.what(), question.rows(), entrants);
  }

  @Test
  void names_batchesAndExtents_areMeasured() {
    Set<String> peers = Set.of("zookeeper multi", "zookeeper sync+getChildren", "plain socket");
    List<Question> questions = new ArrayList<>();
    new NamesArea()
        .questions().stream()
            .filter(question -> !Set.of("lookup", "create").contains(question.id()))
            .forEach(question -> questions.add(small(question, peers)));
    new DatasetsArea().questions().forEach(question -> questions.add(small(question, peers)));
    JsonNode report;
    try (BenchRun run = new BenchRun(questions, 1, true, _ -> {})) {
      report = run.run("names").json();
    }
    assertThat(report.path("rows").findValuesAsText("id"))
        .containsExactly(
            "open-close",
            "create-batch",
            "million",
            "million-restart",
            "million-bytes",
            "list-1000",
            "remote-read",
            "remote-read-heap");
    for (JsonNode row : report.path("rows")) {
      String id = row.path("id").asText();
      assertThat(row.has("absent")).as(id).isFalse();
      if (!id.equals("million-bytes")) {
        // That is less than what else changes on the heap: there are few of them.
        assertThat(row.path("ours").asDouble()).as(id).isPositive();
      }
    }
    assertThat(peer(report, "open-close", "ConcurrentHashMap.get + counter")).isPositive();
    assertThat(peer(report, "create-batch", "zookeeper multi")).isPositive();
    assertThat(peer(report, "list-1000", "zookeeper sync+getChildren")).isPositive();
    assertThat(peer(report, "remote-read", "plain socket")).isPositive();
  }

  private static double peer(JsonNode report, String id, String name) {
    for (JsonNode row : report.path("rows")) {
      if (row.path("id").asText().equals(id)) {
        return row.path("peers").path(name).asDouble();
      }
    }
    throw new AssertionError("no such row: id=" + id);
  }
}

package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Short runs with real processes: that they come to their end, and what they tell. */
@Timeout(900)
final class AgerBenchIT {
  private static JsonNode report(Set<String> ids) {
    return report(new AgerArea(), ids);
  }

  private static JsonNode report(Area area, Set<String> ids) {
    List<Question> chosen =
        area.questions().stream().filter(each -> ids.contains(each.id())).toList();
    assertThat(chosen).hasSameSizeAs(ids);
    try (BenchRun run = new BenchRun(chosen, 1, true, _ -> {})) {
      return run.run(area.name()).json();
    }
  }

  @Test
  void pins_areMeasuredBesideACount() {
    JsonNode rows = report(Set.of("pin")).path("rows");
    assertThat(rows.findValuesAsText("id")).containsExactly("pin", "pin-bytes");
    assertThat(rows.path(0).path("ours").asDouble()).isPositive();
    assertThat(rows.path(0).at("/peers/two atomic additions").asDouble()).isPositive();
    assertThat(rows.path(1).path("ours").asDouble()).isNotNegative();
  }

  @Test
  void hits_areNoMoreThanTheBound() {
    JsonNode rows = report(Set.of("loop-opt", "scans4-opt")).path("rows");
    assertThat(rows).hasSize(2);
    for (JsonNode row : rows) {
      assertThat(row.path("ours").asDouble()).isBetween(0.0, 1.0);
      assertThat(row.at("/peers/LRU (model)").asDouble()).isBetween(0.0, 1.0);
    }
    assertThat(rows.path(0).at("/peers/LRU (model)").asDouble()).isZero();
  }

  @Test
  void loops_areDelivered() {
    JsonNode row = report(Set.of("loop-gbs")).path("rows").path(0);
    assertThat(row.path("ours").asDouble()).isPositive();
    assertThat(row.at("/peers/a pager with LRU").asDouble()).isPositive();
  }

  @Test
  void blobs_areWrittenAndReadByRocksDb() {
    JsonNode rows = report(Set.of("blobdb-out", "blobdb-in")).path("rows");
    assertThat(rows).hasSize(2);
    for (JsonNode row : rows) {
      assertThat(row.path("ours").asDouble()).isPositive();
      assertThat(row.at("/peers/blobdb direct").asDouble()).isPositive();
    }
  }

  @Test
  void smallExtents_areWrittenToHdfs() {
    JsonNode row = report(Set.of("hdfs-small")).path("rows").path(0);
    assertThat(row.path("ours").asDouble()).isPositive();
    assertThat(row.at("/peers/a file for each").asDouble()).isPositive();
    assertThat(row.at("/peers/a file for each, tuned").asDouble()).isPositive();
  }

  @Test
  void traces_areReplayedByAllPolicies() {
    JsonNode row = report(new PolicyArea(), Set.of("trace-cs")).path("rows").path(0);
    assertThat(row.path("ours").asDouble()).isPositive();
    assertThat(row.path("peers").propertyStream().map(Map.Entry::getKey))
        .containsAll(TraceSubject.names().stream().skip(1).toList());
  }
}

package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One short run with real processes: that it comes to its end, and what it tells. */
@Timeout(900)
final class BenchIT {
  @Test
  void lookups_areMeasuredBesideTheHashTable() {
    List<Question> lookup =
        new ProtocolArea()
            .questions().stream().filter(each -> each.id().equals("lookup-id")).toList();
    List<String> told = new ArrayList<>();
    JsonNode report;
    try (BenchRun run = new BenchRun(lookup, 1, true, told::add)) {
      report = run.run("protocol").json();
    }
    assertThat(report.path("rows")).hasSize(1);
    JsonNode row = report.path("rows").path(0);
    assertThat(row.path("id").asText()).isEqualTo("lookup-id");
    assertThat(row.path("ours").asDouble()).isPositive();
    assertThat(row.path("runs").asInt()).isEqualTo(1);
    assertThat(row.at("/peers/ConcurrentHashMap.get").asDouble()).isPositive();
    assertThat(row.at("/peers/hazelcast ReplicatedMap.get").asDouble()).isPositive();
    assertThat(row.at("/peers/zookeeper sync+getData").asDouble()).isPositive();
    assertThat(row.path("peers").has("one clock read")).isFalse();
    assertThat(told).anyMatch(line -> line.startsWith("lookup-id run 1 of 1: ours"));
  }
}

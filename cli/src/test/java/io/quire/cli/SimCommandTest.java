package io.quire.cli;

import static io.quire.cli.InThisProcess.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code quire sim}, on a few worlds. */
@Timeout(120)
class SimCommandTest {
  @Test
  void locks_withASeed_runThatWorldAgain() throws IOException {
    String[] arguments = {"sim", "--locks", "--seeds", "3", "--seed", "7", "--json"};
    String once = run(0, arguments);
    assertThat(run(0, arguments)).isEqualTo(once);
    JsonNode json = new ObjectMapper().readTree(once);
    assertThat(json.path("seeds").asInt()).isEqualTo(3);
    assertThat(json.path("violations").asInt(-1)).isZero();
    assertThat(json.path("probes").path("lock-held").asLong()).isPositive();
    assertThat(run(0, "sim", "--locks", "--seeds", "1", "--seed", "7"))
        .matches("1 worlds from seed 7, [0-9]+ events: 0 violations\\R");
  }

  @Test
  void locks_withTrace_tellWhatHappensInThatWorld() {
    String traced = run(0, "sim", "--locks", "--trace", "--seed", "7");
    assertThat(traced.lines().count()).isGreaterThan(1_000);
    String events = traced.lines().toList().getLast();
    assertThat(events).matches("seed 7: [0-9]+ events, no violation");
    assertThat(run(0, "sim", "--trace", "--seed", "7").lines().toList().getLast())
        .as("another kind of world")
        .isNotEqualTo(events);
  }

  @Test
  void locks_withASweep_areRefused() {
    assertThat(run(2, "sim", "--locks", "--sweep"))
        .isEqualTo("quire: there is no sweep of locks: --locks without --sweep and --case\n");
  }
}

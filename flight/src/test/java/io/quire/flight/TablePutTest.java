package io.quire.flight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.datasets.LoadOptions;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.arrow.flight.FlightDescriptor;
import org.junit.jupiter.api.Test;

class TablePutTest {
  private static TablePut command(String json) {
    return TablePut.of(
        FlightDescriptor.command(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void pathsAndCommands_nameATable() {
    TablePut made =
        new TablePut(Optional.empty(), "/a", false, Optional.empty(), LoadOptions.DEFAULTS);
    assertThat(TablePut.of(FlightDescriptor.path("/a"))).isEqualTo(made);
    assertThat(command("{'name': '/a'}")).isEqualTo(made);
    assertThat(TablePut.of(FlightDescriptor.path("team", "b")))
        .isEqualTo(
            new TablePut(Optional.of("team"), "b", false, Optional.empty(), LoadOptions.DEFAULTS));
    UUID mark = UUID.randomUUID();
    assertThat(command("{'name': 'b', 'namespace': 't', 'mark': '%s'}".formatted(mark)))
        .isEqualTo(
            new TablePut(Optional.of("t"), "b", false, Optional.of(mark), LoadOptions.DEFAULTS));
    assertThat(command("{'name': '/a', 'append': true}").append()).isTrue();
    assertThat(command("{'name': '/a', 'replicas': 3}").keeping())
        .isEqualTo(LoadOptions.DEFAULTS.withReplicas(3));
  }

  @Test
  void otherCommands_areRefusedWithWhatIsWanted() {
    for (String wrong :
        List.of(
            "",
            "7",
            "null",
            "{}",
            "{'namespace': 'a'}",
            "{'name': '/a', 'columns': []}",
            "{'name': '/a', 'append': 'perhaps'}",
            "{'name': '/a', 'mark': 'x'}",
            "{'name': '/a', 'append': true, 'replicas': 2}",
            "{'name': '/a'} {}")) {
      assertThatThrownBy(() -> command(wrong))
          .as(wrong)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("wanted=path of [name] or [namespace, name], or command");
    }
    assertThatThrownBy(() -> TablePut.of(FlightDescriptor.path("a", "b", "c")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("names no table: path=[a, b, c]");
    assertThatThrownBy(() -> command("{'name': '/a', 'replicas': 0}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("replicas out of range: replicas=0 allowed=1..3");
  }
}

package io.quire.flight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.flight.FlightDescriptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TableQuestionTest {
  private static TableQuestion command(String json) {
    return TableQuestion.of(FlightDescriptor.command(json.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void pathOrCommand_namesATable() {
    assertThat(TableQuestion.of(FlightDescriptor.path("/a")))
        .isEqualTo(new TableQuestion(Optional.empty(), "/a", List.of()));
    assertThat(TableQuestion.of(FlightDescriptor.path("team", "/a")))
        .isEqualTo(new TableQuestion(Optional.of("team"), "/a", List.of()));
    assertThat(command("{\"name\": \"/a\"}"))
        .isEqualTo(new TableQuestion(Optional.empty(), "/a", List.of()));
    assertThat(command("{\"namespace\": \"team\", \"name\": \"/a\", \"columns\": [\"x\", \"y\"]}"))
        .isEqualTo(new TableQuestion(Optional.of("team"), "/a", List.of("x", "y")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "{}",
        "[]",
        "select 1",
        "{\"name\": 1, \"colums\": []}",
        "{\"name\": \"/a\"} {}",
        "{\"name\": \"/a\", \"columns\": [null]}"
      })
  void otherCommands_areRefusedWithWhatIsWanted(String json) {
    assertThatThrownBy(() -> command(json))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("wanted=path of [name]");
  }

  @Test
  void otherPaths_areRefusedWithWhatIsWanted() {
    assertThatThrownBy(() -> TableQuestion.of(FlightDescriptor.path("a", "b", "c")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("names no table: path=[a, b, c] wanted=path of [name]");
  }
}

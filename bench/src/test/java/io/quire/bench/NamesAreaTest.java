package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class NamesAreaTest {
  @Test
  void questions_areThese() {
    assertThat(new NamesArea().questions())
        .extracting(Question::id)
        .containsExactly("open-close", "lookup", "create", "create-batch", "million", "list-1000");
    assertThat(new DatasetsArea().questions())
        .extracting(Question::id)
        .containsExactly("remote-read");
  }

  @Test
  void questions_areExplained() throws Exception {
    String text = Files.readString(Path.of("../docs/benchmarks.md"));
    String section = text.substring(text.indexOf("## What the rows of `names` measure"));
    List<Question> questions =
        Stream.of(new NamesArea(), new DatasetsArea())
            .flatMap(area -> area.questions().stream())
            .toList();
    for (Question question : questions) {
      assertThat(section).contains("`" + question.id() + "`");
    }
  }
}

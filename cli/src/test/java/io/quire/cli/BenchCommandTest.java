package io.quire.cli;

import static io.quire.cli.InThisProcess.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.quire.bench.Areas;
import io.quire.bench.Question;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code quire bench}, where the peers are not, as they are not in the command's process. */
@Timeout(120)
class BenchCommandTest {
  @Test
  void list_ofEachArea_tellsItsQuestions() {
    assertThat(Areas.all()).isNotEmpty();
    for (var area : Areas.all()) {
      assertThat(run(0, "bench", area.name(), "--list").lines())
          .as(area.name())
          .extracting(line -> line.split(" +", 2)[0])
          .isNotEmpty()
          .isEqualTo(area.questions().stream().map(Question::id).toList());
    }
  }

  @Test
  void help_namesEachArea() {
    assertThat(run(0, "bench", "--help"))
        .contains(Areas.all().stream().map(a -> a.name()).toList());
  }

  @Test
  void only_withAQuestionThatIsNone_namesThoseThereAre() {
    assertThat(run(2, "bench", "policy", "--only", "trace-none"))
        .startsWith("quire: no such question: id=trace-none known=[")
        .contains("trace-loop");
  }
}

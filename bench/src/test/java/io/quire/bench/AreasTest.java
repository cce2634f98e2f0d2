package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.bench.Question.Row;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AreasTest {
  @Test
  void rows_haveIdsOfTheirOwnAndOursIsAskedFirst() {
    for (Area area : Areas.all()) {
      assertThat(area.questions()).extracting(Question::id).doesNotHaveDuplicates();
      List<String> rows =
          area.questions().stream().flatMap(each -> each.rows().stream()).map(Row::id).toList();
      assertThat(rows).doesNotHaveDuplicates();
      for (Question question : area.questions()) {
        assertThat(question.rows().getFirst().id()).isEqualTo(question.id());
        assertThat(question.entrants().getFirst().name()).isEqualTo("ours");
        assertThat(question.entrants()).extracting(Question.Entrant::name).doesNotHaveDuplicates();
        assertThat(question.entrants())
            .allSatisfy(entrant -> assertThat(entrant.job().row()).isEqualTo(question.id()));
      }
    }
  }

  @Test
  void areas_areFoundByName() {
    assertThat(Areas.named("protocol").title()).contains("log");
    assertThat(Areas.named("ager").title()).contains("extents");
    assertThatThrownBy(() -> Areas.named("weather"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("name=weather")
        .hasMessageContaining("protocol");
  }
}

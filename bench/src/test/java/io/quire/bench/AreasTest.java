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
    assertThat(Areas.named("tpch").questions().getFirst().what()).contains("scale 1.0");
    assertThat(Areas.tpch(0.5, 3).questions().getFirst().what()).contains("scale 0.5");
    assertThatThrownBy(() -> Areas.tpch(3.5, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("scale out of range: scale=3.5 allowed=0.001..3.0");
    assertThatThrownBy(() -> Areas.tpch(1, 9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("nodes out of range: nodes=9 allowed=1..8");
    assertThatThrownBy(() -> Areas.named("weather"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("name=weather")
        .hasMessageContaining("protocol");
  }
}

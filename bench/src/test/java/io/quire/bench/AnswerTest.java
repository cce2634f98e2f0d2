package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quire.bench.Question.Better;
import io.quire.bench.Question.Row;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class AnswerTest {
  @Test
  void median_isTheMiddleOfTheSorted() {
    assertThat(Answer.median(List.of(9.0, 1.0, 5.0))).isEqualTo(5);
    assertThat(Answer.median(List.of(4.0, 1.0, 9.0, 2.0))).isEqualTo(3);
  }

  @Test
  void spread_isTheWidthOverTheMedian() {
    assertThat(Answer.spread(List.of(8.0, 10.0, 13.0))).isEqualTo(0.5);
    assertThat(Answer.spread(List.of(7.0))).isZero();
    assertThat(Answer.spread(List.of(0.0, 0.0))).isZero();
  }

  @Test
  void advantage_isAboveOneWhereOursIsBetter() {
    assertThat(answer(Better.HIGHER).advantage("peer")).isEqualTo(5, within(1e-9));
    assertThat(answer(Better.LOWER).advantage("peer")).isEqualTo(0.2, within(1e-9));
  }

  static Answer answer(Better better) {
    return new Answer(
        new Row("append-9n", "1/s", better, "much", "on disk"),
        List.of(90.0, 100.0, 120.0),
        Map.of("peer", List.of(21.0, 20.0, 19.0)),
        Map.of("beside", List.of(3.0)),
        Map.of("other peer", "no such program"),
        Optional.empty());
  }
}

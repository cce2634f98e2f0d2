package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.bench.Question.Better;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ReportTest {
  private static Report report(Better better) {
    return new Report("protocol", "a machine", 3, List.of(AnswerTest.answer(better)), Map.of());
  }

  @Test
  void json_hasMediansOfPeersThatRanAndWhyOthersDidNot() {
    assertThat(report(Better.HIGHER).json().toString())
        .isEqualTo(
            "{\"area\":\"protocol\",\"machine\":\"a machine\",\"rows\":[{\"id\":\"append-9n\","
                + "\"unit\":\"1/s\",\"better\":\"higher\",\"ours\":100.0,\"peers\":{\"peer\":20.0},"
                + "\"runs\":3,\"spread\":0.3,\"durability\":\"on disk\","
                + "\"absent\":{\"other peer\":\"no such program\"}}]}");
    assertThat(report(Better.LOWER).json().at("/rows/0/better").asText()).isEqualTo("lower");
  }

  @Test
  void table_saysWhoCouldNotRunAndWhy() {
    assertThat(report(Better.HIGHER).table())
        .anySatisfy(line -> assertThat(line).contains("peer", "20.0", "ours is 5.00 times as good"))
        .anySatisfy(line -> assertThat(line).contains("beside", "3.00").doesNotContain("as good"))
        .anySatisfy(
            line -> assertThat(line).contains("other peer", "cannot run here: no such program"));
  }

  @Test
  void json_saysWhetherAnswersAreRightAndComparedWithWhat() {
    Report right = report(new Verdict(true, List.of("published answers", "duckdb")));
    assertThat(right.wrong()).isFalse();
    assertThat(right.json().path("verified").asBoolean()).isTrue();
    assertThat(right.json().at("/rows/0/verified").asBoolean()).isTrue();
    assertThat(right.json().at("/rows/0/verified_against").asText())
        .isEqualTo("published answers, duckdb");
    assertThat(right.table()).contains("  answers: equal to those of: published answers, duckdb");
    Report wrong = report(new Verdict(false, List.of("duckdb")));
    assertThat(wrong.wrong()).isTrue();
    assertThat(wrong.json().path("verified").isBoolean()).isTrue();
    assertThat(wrong.json().path("verified").asBoolean()).isFalse();
    assertThat(wrong.table()).contains("  answers: NOT those of all of: duckdb");
    assertThat(report(new Verdict(false, List.of())).table())
        .contains("  answers: compared with nothing");
  }

  private static Report report(Verdict verdict) {
    Answer answer = AnswerTest.answer(Better.LOWER);
    return new Report(
        "tpch",
        "a machine",
        1,
        List.of(
            new Answer(
                answer.row(),
                answer.ours(),
                answer.peers(),
                answer.aside(),
                answer.absent(),
                Optional.of(verdict))),
        Map.of());
  }

  @Test
  void skipped_areToldWithTheReason() {
    Report report = new Report("ager", "a machine", 1, List.of(), Map.of("job", "no cgroup"));
    assertThat(report.json().at("/skipped/job").asText()).isEqualTo("no cgroup");
    assertThat(report.table()).anySatisfy(line -> assertThat(line).contains("job", "no cgroup"));
  }

  @Test
  void numbers_haveThreeDigits() {
    assertThat(Report.number(1_234_567.8)).isEqualTo("1,234,568");
    assertThat(Report.number(45.67)).isEqualTo("45.7");
    assertThat(Report.number(0.0456)).isEqualTo("0.046");
  }
}

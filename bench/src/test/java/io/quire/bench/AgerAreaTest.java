package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AgerAreaTest {
  private static final List<String> IDS =
      List.of(
          "pin",
          "pin-2t",
          "pin-same-2t",
          "scan-resident",
          "pagein-flash",
          "pageout-flash",
          "blobdb-out",
          "blobdb-in",
          "hdfs-small",
          "hdfs-out",
          "hdfs-in",
          "loop-gbs",
          "job",
          "alloc-p99",
          "loop-opt",
          "scan-opt",
          "zigzag-opt",
          "scans4-opt");

  @Test
  void questions_areThese() {
    assertThat(new AgerArea().questions())
        .extracting(Question::id)
        .containsExactlyInAnyOrderElementsOf(IDS);
  }

  @Test
  void questions_areExplained() throws Exception {
    String text = Files.readString(Path.of("../docs/benchmarks.md"));
    String section = text.substring(text.indexOf("## What the rows of `ager` measure"));
    for (Question question : new AgerArea().questions()) {
      assertThat(section).contains("`" + question.id() + "`");
    }
  }

  @Test
  void quickRuns_haveMoreThanMemoryHolds() {
    for (Question question : new AgerArea().questions()) {
      for (Question.Entrant entrant : question.entrants()) {
        Job job = entrant.job().withFewerObjects(BenchRun.Times.QUICK.fewer());
        assertThat(job.objects()).as(question.id()).isGreaterThanOrEqualTo(64);
        assertThat(entrant.job().objects()).isGreaterThanOrEqualTo(job.objects());
      }
    }
  }
}

package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quire.node.Node;
import io.quire.node.NodeConfig;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The eight queries at scale 0.01, on a node with less memory than data. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TpchQueriesTest {
  private static final double SCALE = 0.01;

  @TempDir private static Path directory;

  private Node node;
  private TpchTables tables;
  private TpchQueries ours;

  @BeforeAll
  void load() {
    node =
        Node.open(
            NodeConfig.load(null, List.of("memory=8MiB", "data=" + directory.resolve("data"))));
    tables = TpchTables.load(node, SCALE);
    ours = new TpchQueries(tables);
  }

  @AfterAll
  void stop() {
    node.close();
  }

  @Test
  void answers_areThoseOfDuckDb() throws Exception {
    try (TpchDuckDb duckDb = TpchDuckDb.load(directory.resolve("duckdb"), "64MiB", SCALE)) {
      for (String query : TpchArea.QUERIES) {
        assertThat(ours.answer(query)).as(query).isNotEmpty().isEqualTo(duckDb.answer(query));
      }
    }
  }

  /** Of data of this scale others have told these, to the digits that are given. */
  @Test
  void answers_areThoseThatAreKnownOfThisScale() {
    assertThat(ours.answer("q1"))
        .containsExactly(
            "A|F|380456.00|532348211.65|505822441.4861|526165934.000839|25.58|35785.71|0.05|14876",
            "N|F|8971.00|12384801.37|11798257.2080|12282485.056933|25.78|35588.51|0.05|348",
            "N|O|742802.00|1041502841.45|989737518.6346|1029418531.523350|25.45|35691.13|0.05|29181",
            "R|F|381449.00|534594445.35|507996454.4067|528524219.358903|25.60|35874.01|0.05|14902");
    assertThat(ours.answer("q3")).startsWith("47714|267010.5894|1995-03-11|0");
    assertThat(ours.answer("q3")).endsWith("9696|201502.2188|1995-02-20|0").hasSize(10);
    assertThat(ours.answer("q6")).containsExactly("1193053.2253");
    assertThat(ours.answer("q14")).containsExactly("15.49");
    assertThat(ours.answer("q19")).containsExactly("22923.0280");
  }

  /** Beside what is kept in memory: if the data grew, a third of them would be another number. */
  @Test
  void memory_isAThirdOfTheData() {
    assertThat(TpchArea.memoryBytes(SCALE) * 3.0 / tables.bytes()).isBetween(0.95, 1.05);
  }

  @Test
  void rounds_giveTimesAndJudgeTheAnswers() throws Exception {
    TpchEngine published =
        query ->
            List.of(query.equals("q6") ? "123141078.2283" : query.equals("q14") ? "16.39" : "");
    Job job = Job.of(Job.Kind.TPCH, "tpch", 1, 0);
    Map<String, Double> found = TpchRounds.run(job, published, TpchAnswers.of(1));
    assertThat(found).containsEntry("q6.published", 1.0);
    assertThat(found).containsEntry("q14.published", 0.0).containsEntry("tpch.published", 0.0);
    assertThat(found.keySet()).containsAll(TpchArea.QUERIES);
    assertThat(found.get("tpch"))
        .isCloseTo(TpchArea.QUERIES.stream().mapToDouble(found::get).sum(), within(1e-9));
    Map<String, Double> other = TpchRounds.run(job, _ -> List.of(""), TpchAnswers.of(0.01));
    assertThat(other).doesNotContainKeys("q6.published", "tpch.published");
    assertThat(other.get("q6.answer")).isNotEqualTo(found.get("q6.answer"));
    assertThat(other.get("q1.answer")).isEqualTo(found.get("q1.answer"));
  }

  @Test
  void verdicts_sayWithWhatAnswersWereCompared() {
    Map<String, Double> right = Map.of("q6", 1.0, "q6.answer", 17.0);
    Map<String, Double> wrong = Map.of("q6", 1.0, "q6.answer", 18.0);
    Map<String, Double> printed = new HashMap<>(right);
    printed.put("q6.published", 1.0);
    assertThat(Verdict.of("q6", List.of(Map.of("q6", 1.0)), Map.of())).isEmpty();
    assertThat(Verdict.of("q6", List.of(right), Map.of())).contains(new Verdict(false, List.of()));
    assertThat(Verdict.of("q6", List.of(right, right), Map.of("duckdb", List.of(right))))
        .contains(new Verdict(true, List.of("duckdb")));
    assertThat(Verdict.of("q6", List.of(right), Map.of("duckdb", List.of(right, wrong))))
        .contains(new Verdict(false, List.of("duckdb")));
    assertThat(Verdict.of("q6", List.of(right, wrong), Map.of("duckdb", List.of(right))))
        .contains(new Verdict(false, List.of("duckdb")));
    assertThat(Verdict.of("q6", List.of(printed), Map.of()))
        .contains(new Verdict(true, List.of("published answers")));
    printed.put("q6.published", 0.0);
    assertThat(Verdict.of("q6", List.of(printed), Map.of("duckdb", List.of(right))))
        .contains(new Verdict(false, List.of("published answers", "duckdb")));
  }
}

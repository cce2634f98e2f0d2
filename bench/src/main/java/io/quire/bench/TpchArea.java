package io.quire.bench;

import io.quire.bench.Question.Better;
import io.quire.bench.Question.Entrant;
import io.quire.bench.Question.Row;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Queries of TPC-H over tables, with memory for a third of the data. */
final class TpchArea implements Area {
  /** In the order in which they are asked. */
  static final List<String> QUERIES = List.of("q1", "q3", "q5", "q6", "q10", "q12", "q14", "q19");

  /** What the eight tables take at scale 1, as blocks of columns. */
  static final long BYTES_AT_1 = 1_350L << 20;

  private static final double SCALE_MIN = 0.001;
  private static final double SCALE_MAX = 3;
  private static final int NODES_MAX = 8;
  private static final long MEMORY_MIN = 8 << 20;
  private static final long DUCKDB_MIN = 64 << 20;
  private static final String DURABILITY = "none: only read";

  private final double scale;
  private final int nodes;

  /**
   * @param scale from 0.001 to 3: beyond, a side of a join is too large to be sent along
   * @param nodes of ours, 1 to 8; they share the memory
   */
  TpchArea(double scale, int nodes) {
    if (!(scale >= SCALE_MIN && scale <= SCALE_MAX)) {
      throw new IllegalArgumentException(
          "scale out of range: scale=%s allowed=%s..%s".formatted(scale, SCALE_MIN, SCALE_MAX));
    }
    if (nodes < 1 || nodes > NODES_MAX) {
      throw new IllegalArgumentException(
          "nodes out of range: nodes=%d allowed=1..%d".formatted(nodes, NODES_MAX));
    }
    this.scale = scale;
    this.nodes = nodes;
  }

  /** A third of the data, of all nodes together. */
  static long memoryBytes(double scale) {
    return (long) (BYTES_AT_1 * scale / 3);
  }

  @Override
  public String name() {
    return "tpch";
  }

  @Override
  public String title() {
    return "queries of TPC-H over tables that are three times as large as memory";
  }

  @Override
  public List<Question> questions() {
    String id = "tpch";
    Job job = Job.of(Job.Kind.TPCH, id, 1, 0).withVariant(String.valueOf(scale));
    long memory = memoryBytes(scale);
    long duckDb = Math.max(DUCKDB_MIN, memory);
    return List.of(
        new Question(
            id,
            "eight queries in turn at scale %s, memory for a third of the data; their sum"
                .formatted(scale),
            Stream.concat(Stream.of(id), QUERIES.stream())
                .map(row -> new Row(row, "ms", Better.LOWER, "no more than DuckDB", DURABILITY))
                .toList(),
            List.of(
                new Entrant(
                    "ours",
                    new QuireCluster("quire-tpch", nodes, Math.max(MEMORY_MIN, memory / nodes)),
                    job,
                    false),
                new Entrant(
                    "duckdb",
                    Processes.of(
                            "duckdb-tpch",
                            Worker.System.DUCKDB_TPCH,
                            1,
                            1,
                            String.format(
                                Locale.ROOT,
                                "DuckDB 2.0.0, memory_limit %d MiB, 2 threads",
                                duckDb >> 20))
                        .withOptions(List.of("-Xms512m", "-Xmx512m", "-XX:+UseSerialGC"))
                        .with("memory", (duckDb >> 20) + "MiB"),
                    job,
                    false))));
  }
}

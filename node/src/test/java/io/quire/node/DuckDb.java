package io.quire.node;

import io.quire.columns.Aggregate;
import io.quire.columns.Aggregate.Kind;
import io.quire.columns.Aggregate.Measure;
import io.quire.columns.Filter;
import io.quire.columns.Value;
import io.quire.ns.NsObject;
import io.quire.tables.Tables;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.duckdb.DuckDBConnection;

/** An engine that is not ours, and a question on tables of points to which both have answers. */
final class DuckDb {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String QUESTION =
      "select team, count(*), count(points), sum(points), min(id), max(id) from points"
          + " where id >= 1000 and (points < 50 or points is null) group by team order by team";

  private DuckDb() {}

  /** What DuckDB answers, over a stream of Arrow. */
  static List<String> answer(Tables tables, NsObject points) throws Exception {
    try (ArrowReader reader = tables.read(points, List.of("id", "team", "points"), PATIENCE)) {
      return query(tables.memory(), reader, QUESTION);
    }
  }

  /** What our scan answers. */
  static List<String> ours(Tables tables, NsObject points) {
    Filter filter =
        Filter.and(
            new Filter.Compare(0, Filter.Op.GE, Value.of(1_000)),
            Filter.or(new Filter.Compare(2, Filter.Op.LT, Value.of(50)), new Filter.IsNull(2)));
    Aggregate aggregate =
        new Aggregate(
            List.of(1),
            List.of(
                Measure.rows(),
                new Measure(Kind.COUNT, 2),
                new Measure(Kind.SUM, 2),
                new Measure(Kind.MIN, 0),
                new Measure(Kind.MAX, 0)),
            100);
    return tables.aggregate(points, filter, aggregate, PATIENCE).stream()
        .map(
            row ->
                String.join(
                    "|",
                    Stream.concat(row.keys().stream(), row.values().stream())
                        .map(DuckDb::text)
                        .toList()))
        .sorted()
        .toList();
  }

  private static String text(Optional<Value> value) {
    return value
        .map(
            each ->
                switch (each) {
                  case Value.Bytes bytes -> new String(bytes.value(), StandardCharsets.UTF_8);
                  case Value.Whole whole -> String.valueOf(whole.value());
                  case Value.Exact exact -> exact.value().toPlainString();
                  default -> throw new IllegalArgumentException("not expected: " + each);
                })
        .orElse("null");
  }

  private static List<String> query(BufferAllocator memory, ArrowReader reader, String sql)
      throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
        ArrowArrayStream stream = ArrowArrayStream.allocateNew(memory)) {
      Data.exportArrayStream(memory, reader, stream);
      ((DuckDBConnection) connection).registerArrowStream("points", stream);
      try (Statement statement = connection.createStatement();
          ResultSet result = statement.executeQuery(sql)) {
        while (result.next()) {
          List<String> row = new ArrayList<>();
          for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
            row.add(String.valueOf(result.getString(i)));
          }
          rows.add(String.join("|", row));
        }
      }
    }
    return rows;
  }
}

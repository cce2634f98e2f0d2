package io.quire.bench;

import io.quire.formats.Tpch;
import io.trino.tpch.TpchEntity;
import io.trino.tpch.TpchTable;
import java.io.BufferedWriter;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/**
 * DuckDB with the tables of TPC-H in a file of its own, and a limit to its memory. Its rows are
 * those that ours has, from the same generator.
 */
final class TpchDuckDb implements Subject, TpchEngine {
  private final Path directory;
  private final String memory;
  private @Nullable Connection connection;

  private TpchDuckDb(Path directory, String memory) {
    this.directory = directory;
    this.memory = memory;
  }

  static TpchDuckDb open(Worker.Setup setup) {
    return new TpchDuckDb(setup.directory().resolve("duckdb"), setup.text("memory"));
  }

  /**
   * With the tables loaded.
   *
   * @param memory as DuckDB writes it
   */
  static TpchDuckDb load(Path directory, String memory, double scale)
      throws IOException, SQLException {
    TpchDuckDb made = new TpchDuckDb(directory, memory);
    made.load(scale);
    return made;
  }

  @Override
  public boolean leads() {
    return true;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    double scale = Double.parseDouble(job.variant());
    if (connection == null) {
      load(scale);
    }
    return TpchRounds.run(job, this, TpchAnswers.none());
  }

  private void load(double scale) throws IOException, SQLException {
    Properties properties = new Properties();
    properties.setProperty("memory_limit", memory);
    properties.setProperty("threads", "2");
    Path empty = Tree.empty(directory);
    properties.setProperty("temp_directory", empty.resolve("temp").toString());
    connection = DriverManager.getConnection("jdbc:duckdb:" + empty.resolve("tpch.db"), properties);
    for (TpchTable<?> table : TpchTable.getTables()) {
      load(table, scale);
    }
    execute("CHECKPOINT");
  }

  private void load(TpchTable<?> table, double scale) throws IOException, SQLException {
    String name = table.getTableName();
    String columns =
        new Tpch(name, scale)
            .schema().getFields().stream()
                .map(field -> field.getName() + " " + type(field))
                .collect(Collectors.joining(", "));
    execute("CREATE TABLE " + name + " (" + columns + ")");
    Path file = directory.resolve(name + ".tbl");
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (TpchEntity row : table.createGenerator(scale, 1, 1)) {
        String line = row.toLine();
        out.write(line, 0, line.endsWith("|") ? line.length() - 1 : line.length());
        out.write('\n');
      }
    }
    execute(
        "COPY %s FROM '%s' (FORMAT csv, DELIMITER '|', HEADER false, QUOTE '', ESCAPE '')"
            .formatted(name, file));
    Files.delete(file);
  }

  private static String type(Field field) {
    return switch (field.getType()) {
      case ArrowType.Int whole -> whole.getBitWidth() == 64 ? "BIGINT" : "INTEGER";
      case ArrowType.Decimal _ -> "DECIMAL(15,2)";
      case ArrowType.Date _ -> "DATE";
      default -> "VARCHAR";
    };
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = opened().createStatement()) {
      statement.execute(sql);
    }
  }

  private Connection opened() {
    Connection found = connection;
    if (found == null) {
      throw new IllegalStateException("not open: directory=" + directory);
    }
    return found;
  }

  @Override
  public List<String> answer(String query) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Statement select = opened().createStatement();
        ResultSet found = select.executeQuery(TpchSql.of(query))) {
      int columns = found.getMetaData().getColumnCount();
      while (found.next()) {
        List<String> fields = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
          fields.add(text(found.getObject(i)));
        }
        rows.add(String.join("|", fields));
      }
    }
    return rows;
  }

  private static String text(@Nullable Object value) {
    return switch (value) {
      case BigDecimal exact -> exact.toPlainString();
      case Double mean ->
          BigDecimal.valueOf(mean).setScale(2, RoundingMode.HALF_UP).toPlainString();
      case null, default -> String.valueOf(value);
    };
  }

  @Override
  public void close() throws SQLException {
    Connection found = connection;
    connection = null;
    if (found != null) {
      found.close();
    }
  }
}

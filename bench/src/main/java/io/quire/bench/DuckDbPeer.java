package io.quire.bench;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/*
 * DuckDB works in vectors of 2,048 rows, so an extent is many rows of 4 KiB: larger ones it keeps apart
 * from their table, and a vector of extents of 1 MiB would be 2 GiB. Rows come in the order in which
 * they went in, as a stream.
 */
/** DuckDB with a limit to its memory, loaded by its appender. */
final class DuckDbPeer implements DataJob.Doer {
  private static final int PIECE_BYTES = 4 << 10;
  private static final String MEMORY = "320MB";

  private final Path directory;
  private @Nullable DuckDBConnection connection;

  private DuckDbPeer(Path directory) {
    this.directory = directory;
  }

  static DuckDbPeer open(Worker.Setup setup) {
    return new DuckDbPeer(setup.directory().resolve("duckdb"));
  }

  @Override
  public long loadAndScan(int count, int bytes, Noise noise) throws SQLException {
    byte[] value = new byte[bytes];
    byte[] piece = new byte[PIECE_BYTES];
    try (DuckDBAppender appender = opened().createAppender("main", "extents")) {
      for (int i = 0; i < count; i++) {
        noise.fill(MemorySegment.ofArray(value), i);
        for (int at = 0; at < bytes; at += PIECE_BYTES) {
          System.arraycopy(value, at, piece, 0, PIECE_BYTES);
          appender.beginRow().append(i).append(piece).endRow();
        }
      }
    }
    execute("CHECKPOINT");
    long answer = 0;
    for (int i = 0; i < DataJob.SCANS; i++) {
      answer = scan(answer);
    }
    return answer;
  }

  private long scan(long before) throws SQLException {
    long answer = before;
    int current = 0;
    long sum = 0;
    try (Statement select = opened().createStatement();
        ResultSet rows = select.executeQuery("SELECT number, piece FROM extents")) {
      while (rows.next()) {
        int number = rows.getInt(1);
        if (number != current) {
          answer = Noise.joined(answer, sum);
          sum = 0;
          current = number;
        }
        sum += Noise.sum(MemorySegment.ofArray(rows.getBytes(2)));
      }
    }
    return Noise.joined(answer, sum);
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = opened().createStatement()) {
      statement.execute(sql);
    }
  }

  private DuckDBConnection opened() {
    DuckDBConnection found = connection;
    if (found == null) {
      throw new IllegalStateException("not open: directory=" + directory);
    }
    return found;
  }

  @Override
  public void clear() throws Exception {
    close();
    Properties properties = new Properties();
    properties.setProperty("jdbc_stream_results", "true");
    properties.setProperty("memory_limit", MEMORY);
    properties.setProperty("threads", "2");
    Connection made =
        DriverManager.getConnection(
            "jdbc:duckdb:" + Tree.empty(directory).resolve("extents.db"), properties);
    connection = (DuckDBConnection) made;
    execute("SET force_compression='uncompressed'");
    execute("CREATE TABLE extents (number INTEGER, piece BLOB)");
  }

  @Override
  public void close() throws SQLException {
    DuckDBConnection found = connection;
    connection = null;
    if (found != null) {
      found.close();
    }
  }
}

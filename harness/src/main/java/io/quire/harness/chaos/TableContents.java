package io.quire.harness.chaos;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * What the tables of a {@link TableClient} hold: it follows from the name of a table, and from how
 * often something was appended, which is the same each time.
 */
final class TableContents {
  /** Of the first rows, so many are appended each time. */
  static final int APPENDED = 100;

  static final int ROWS_MIN = 300;
  static final int ROWS_SPREAD = 2_000;
  static final int TEAMS = 5;
  private static final int BATCH_ROWS = 250;

  private TableContents() {}

  /** How many a table has at first. */
  static int rows(String table) {
    return ROWS_MIN + Math.floorMod(table.hashCode(), ROWS_SPREAD);
  }

  private static String team(long row) {
    return "team" + row % TEAMS;
  }

  private static long points(String table, long row) {
    return Math.floorMod(table.hashCode() + row * 7, 100);
  }

  /** The first rows of a table as a file. */
  static String csv(String table, int rows) {
    StringBuilder text = new StringBuilder("id,team,points\n");
    for (int row = 0; row < rows; row++) {
      text.append(row).append(',').append(team(row)).append(',').append(points(table, row));
      text.append('\n');
    }
    return text.toString();
  }

  /** The same as batches. */
  static ArrowStreamReader batches(
      BufferAllocator allocator, Schema schema, String table, int rows) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
        ArrowStreamWriter writer = new ArrowStreamWriter(root, null, bytes)) {
      for (int from = 0; from < rows; from += BATCH_ROWS) {
        fill(root, table, from, Math.min(rows, from + BATCH_ROWS));
        writer.writeBatch();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new ArrowStreamReader(new ByteArrayInputStream(bytes.toByteArray()), allocator);
  }

  private static void fill(VectorSchemaRoot root, String table, int from, int to) {
    BigIntVector ids = (BigIntVector) root.getVector("id");
    VarCharVector teams = (VarCharVector) root.getVector("team");
    BigIntVector points = (BigIntVector) root.getVector("points");
    for (int row = from; row < to; row++) {
      ids.setSafe(row - from, row);
      teams.setSafe(row - from, team(row).getBytes(StandardCharsets.UTF_8));
      points.setSafe(row - from, points(table, row));
    }
    root.setRowCount(to - from);
  }

  /** Counts rows that came: for each team how many, and the sum of their points. */
  static void add(VectorSchemaRoot rows, Map<String, List<Long>> sums) {
    VarCharVector teams = (VarCharVector) rows.getVector("team");
    BigIntVector points = (BigIntVector) rows.getVector("points");
    for (int row = 0; row < rows.getRowCount(); row++) {
      add(new String(teams.get(row), StandardCharsets.UTF_8), 1, points.get(row), sums);
    }
  }

  private static void add(String team, long rows, long points, Map<String, List<Long>> sums) {
    sums.merge(
        team,
        List.of(rows, points),
        (some, more) -> List.of(some.get(0) + more.get(0), some.get(1) + more.get(1)));
  }

  /** How often something was appended to a table of so many rows; -1 if it cannot have as many. */
  static int appends(String table, long rows) {
    long more = rows - rows(table);
    return more < 0 || more % APPENDED != 0 ? -1 : (int) (more / APPENDED);
  }

  /**
   * For each team how many rows there are with a number in the range, and the sum of their points.
   *
   * @param appends how often something was appended
   */
  static Map<String, List<Long>> answer(String table, long from, long to, int appends) {
    Map<String, List<Long>> sums = new TreeMap<>();
    for (long row = from; row <= Math.min(to, rows(table) - 1L); row++) {
      long times = 1 + (row < APPENDED ? appends : 0);
      add(team(row), times, times * points(table, row), sums);
    }
    return sums;
  }
}

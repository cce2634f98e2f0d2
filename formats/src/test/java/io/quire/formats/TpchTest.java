package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.trino.tpch.TpchColumn;
import io.trino.tpch.TpchEntity;
import io.trino.tpch.TpchTable;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.FieldVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TpchTest {
  private static final double SCALE = 0.01;

  @TempDir Path directory;

  /** Of values in their order, by row and column. */
  private static final class Sum {
    private final CRC32C crc = new CRC32C();
    private long rows;

    void add(Object value) {
      crc.update((value + "|").getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Override
    public String toString() {
      return rows + " rows, " + crc.getValue();
    }
  }

  /** What the generator's own getters give. */
  private static <E extends TpchEntity> Sum generated(TpchTable<E> table) {
    Sum sum = new Sum();
    for (E row : table.createGenerator(SCALE, 1, 1)) {
      sum.rows++;
      for (TpchColumn<E> column : table.getColumns()) {
        sum.add(
            switch (column.getType().getBase()) {
              case IDENTIFIER -> column.getIdentifier(row);
              case INTEGER -> column.getInteger(row);
              case DOUBLE -> BigDecimal.valueOf(Math.round(column.getDouble(row) * 100), 2);
              case DATE -> column.getDate(row);
              case VARCHAR -> column.getString(row);
            });
      }
    }
    return sum;
  }

  private static Sum read(Desk desk, List<Split> splits, Tpch tpch) {
    Sum sum = new Sum();
    for (Split split : splits) {
      try (RecordSource source =
          desk.inputs.read(
              Split.read(split.toBytes()),
              tpch.schema(),
              ReadOptions.DEFAULTS.withBatch(5_000, 1 << 20),
              desk.allocator,
              desk.bad::add)) {
        while (source.next()) {
          for (int row = 0; row < source.batch().getRowCount(); row++) {
            for (FieldVector vector : source.batch().getFieldVectors()) {
              sum.add(vector instanceof DateDayVector days ? days.get(row) : vector.getObject(row));
            }
          }
          sum.rows += source.batch().getRowCount();
        }
        assertThat(source.bytesRead()).isGreaterThanOrEqualTo(0);
      }
    }
    return sum;
  }

  @Test
  void read_eachTable_inAnyNumberOfParts_hasTheRowsOfTheGenerator() {
    Map<String, Long> rows = new HashMap<>();
    try (Desk desk = new Desk(directory)) {
      for (TpchTable<?> table : TpchTable.getTables()) {
        Tpch tpch = new Tpch(table.getTableName(), SCALE);
        Sum wanted = generated(table);
        assertThat(read(desk, tpch.cut(1), tpch)).hasToString(wanted.toString());
        assertThat(read(desk, tpch.cut(7), tpch)).hasToString(wanted.toString());
        rows.put(table.getTableName(), wanted.rows);
      }
    }
    assertThat(rows)
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "lineitem", 60_175L,
                "orders", 15_000L,
                "customer", 1_500L,
                "part", 2_000L,
                "partsupp", 8_000L,
                "supplier", 100L,
                "nation", 25L,
                "region", 5L));
  }

  @Test
  void read_ofTblFiles_hasTheRowsOfTheGenerator() throws IOException {
    try (Desk desk = new Desk(directory)) {
      for (TpchTable<?> table : TpchTable.getTables()) {
        Path path = directory.resolve(table.getTableName() + ".tbl");
        StringBuilder text = new StringBuilder();
        table.createGenerator(SCALE, 1, 1).forEach(row -> text.append(row.toLine()).append('\n'));
        Files.writeString(path, text);
        List<InputFile> files = desk.inputs.find(List.of(path.toString()));
        Tpch tpch = new Tpch(table.getTableName(), SCALE);
        assertThat(read(desk, Split.cut(files, Format.Csv.TBL, 300_000), tpch))
            .hasToString(generated(table).toString());
      }
    }
  }

  @Test
  void read_projection() {
    try (Desk desk = new Desk(directory)) {
      Tpch tpch = new Tpch("nation", 1);
      List<String> rows =
          desk.rows(
              tpch.cut(1),
              tpch.schema(),
              ReadOptions.DEFAULTS.withColumns(List.of("n_name", "n_nationkey")));
      assertThat(rows).hasSize(25).startsWith("ALGERIA|0", "ARGENTINA|1");
    }
  }

  @Test
  void tableOrScale_thatIsNot_isRefused() {
    assertThatThrownBy(() -> new Tpch("nations", 1))
        .isInstanceOf(FormatsException.BadRequest.class)
        .hasMessageContaining("no such table: found=nations known=[customer, orders");
    for (double scale : new double[] {0, -1, Double.NaN, 1e9}) {
      assertThatThrownBy(() -> new Tpch("nation", scale))
          .isInstanceOf(FormatsException.BadRequest.class);
    }
  }
}

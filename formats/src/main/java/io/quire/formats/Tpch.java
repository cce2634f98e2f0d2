package io.quire.formats;

import io.trino.tpch.TpchColumn;
import io.trino.tpch.TpchTable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * A table of TPC-H that is made where it is loaded. The rows are those of the specification's own
 * generator; together the parts are the table, in its order.
 *
 * @param table one of {@link #tables}
 * @param scale factor, above 0 to 100,000
 */
public record Tpch(String table, double scale) {
  private static final int DECIMAL_DIGITS = 15;
  private static final int DECIMAL_BITS = 128;

  public Tpch {
    if (!tables().contains(table)) {
      throw new FormatsException.BadRequest("no such table: found=" + table + " known=" + tables());
    }
    if (!(scale > 0 && scale <= 100_000)) {
      throw new FormatsException.BadRequest("not a scale: found=" + scale);
    }
  }

  /** The names of the eight tables. */
  public static List<String> tables() {
    return TpchTable.getTables().stream().map(TpchTable::getTableName).toList();
  }

  /** Its columns as in the specification, with the prefix: {@code l_orderkey}. None is null. */
  public Schema schema() {
    List<Field> fields = new ArrayList<>();
    for (TpchColumn<?> column : TpchTable.getTable(table).getColumns()) {
      fields.add(new Field(column.getColumnName(), FieldType.notNullable(type(column)), null));
    }
    return new Schema(fields);
  }

  private static ArrowType type(TpchColumn<?> column) {
    return switch (column.getType().getBase()) {
      case IDENTIFIER -> new ArrowType.Int(64, true);
      case INTEGER -> new ArrowType.Int(32, true);
      case DOUBLE -> new ArrowType.Decimal(DECIMAL_DIGITS, 2, DECIMAL_BITS);
      case DATE -> new ArrowType.Date(DateUnit.DAY);
      case VARCHAR -> new ArrowType.Utf8();
    };
  }

  /** Its splits. */
  public List<Split> cut(int parts) {
    return IntStream.range(0, parts)
        .<Split>mapToObj(part -> new Split.OfTpch(this, part, parts))
        .toList();
  }

  @Override
  public String toString() {
    return "tpch:" + table + "@" + scale;
  }
}

package io.quire.jet;

import com.hazelcast.function.FunctionEx;
import com.hazelcast.jet.Traverser;
import java.util.List;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/** What is made of the rows of a batch, one after the other. Confined to one thread. */
final class Rows<T> implements Traverser<T> {
  /** If so many in a row are left out it is the turn of others. */
  private static final int LEFT_OUT_MAX = 1_024;

  private final FunctionEx<? super Row, ? extends T> projection;
  private final Columns columns;
  private final List<ColumnValues> values;
  private final int count;
  private int next;

  Rows(VectorSchemaRoot batch, FunctionEx<? super Row, ? extends T> projection) {
    this.projection = projection;
    columns = Columns.of(batch.getSchema().getFields().stream().map(Field::getName).toList());
    values = batch.getFieldVectors().stream().map(ColumnValues::of).toList();
    count = batch.getRowCount();
  }

  /** The next item; null at the end, and after many rows that were left out. */
  @Override
  public @Nullable T next() {
    for (int looked = 0; looked < LEFT_OUT_MAX && next < count; looked++) {
      T item = projection.apply(row(next++));
      if (item != null) {
        return item;
      }
    }
    return null;
  }

  boolean atEnd() {
    return next == count;
  }

  private Row row(int number) {
    @Nullable Object[] all = new @Nullable Object[values.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = values.get(i).get(number);
    }
    return new Row(columns, all);
  }
}

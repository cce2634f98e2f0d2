package io.quire.columns;

import java.util.Arrays;
import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * Some columns of a row group, each with its number in the dataset. Owns the vectors; what it shows
 * is theirs, without a copy. Several threads may read it; one closes it when none does.
 */
public final class RowGroup implements AutoCloseable {
  private final int rows;
  private final int[] columns;
  private final VectorSchemaRoot root;

  private RowGroup(int rows, int[] columns, VectorSchemaRoot root) {
    this.rows = rows;
    this.columns = columns;
    this.root = root;
  }

  /**
   * Takes over the vectors, unless it throws.
   *
   * @param rows of the group; each vector has as many
   * @param columns the number of each vector, each once
   * @throws IllegalArgumentException if numbers, vectors and rows do not fit each other
   */
  public static RowGroup of(int rows, int[] columns, List<FieldVector> vectors) {
    if (columns.length != vectors.size()
        || Arrays.stream(columns).distinct().count() != columns.length) {
      throw new IllegalArgumentException(
          "not a number for each vector: columns=%s vectors=%d"
              .formatted(Arrays.toString(columns), vectors.size()));
    }
    for (FieldVector vector : vectors) {
      if (vector.getValueCount() != rows) {
        throw new IllegalArgumentException(
            "column has other rows: column=%s rows=%d wanted=%d"
                .formatted(vector.getName(), vector.getValueCount(), rows));
      }
    }
    List<FieldVector> all = List.copyOf(vectors);
    VectorSchemaRoot root =
        new VectorSchemaRoot(all.stream().map(FieldVector::getField).toList(), all, rows);
    return new RowGroup(rows, columns.clone(), root);
  }

  /**
   * This group with one more column, which is taken over with all that this one has; what was
   * before must not be used any more.
   */
  RowGroup with(int column, FieldVector vector) {
    int[] more = Arrays.copyOf(columns, columns.length + 1);
    more[columns.length] = column;
    return new RowGroup(rows, more, root.addVector(columns.length, vector));
  }

  /** How many rows each column has. */
  public int rows() {
    return rows;
  }

  /** The numbers of the columns, in the order in which they were given. */
  public int[] columns() {
    return columns.clone();
  }

  /**
   * The vector of a column; it stays the group's.
   *
   * @throws IllegalArgumentException if the group does not have it
   */
  public FieldVector column(int column) {
    for (int i = 0; i < columns.length; i++) {
      if (columns[i] == column) {
        return root.getVector(i);
      }
    }
    throw new IllegalArgumentException(
        "group does not have this column: column=" + column + " has=" + Arrays.toString(columns));
  }

  /** All of it, for what reads Arrow; it stays the group's and is not to be written to. */
  public VectorSchemaRoot root() {
    return root;
  }

  /** Closes the vectors. Further calls do nothing. */
  @Override
  public void close() {
    root.close();
  }
}

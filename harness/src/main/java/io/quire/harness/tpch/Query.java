package io.quire.harness.tpch;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A query over lineitem that is computed where the row groups are and merged from partial results,
 * in any order and grouping, always to the same exact answer. Stateless, for any number of threads.
 *
 * @param <P> partial result: immutable, with equals
 */
public sealed interface Query<P> permits Q1, Q6 {
  /** Ordinals of the {@link Lineitem} columns it reads. */
  List<Integer> columns();

  /** The partial result of no rows. */
  P empty();

  /**
   * Aggregates one row group.
   *
   * @param blocks the blocks of {@link #columns()}, in that order, each of exactly {@code rows}
   *     values; read only, and only during the call
   * @throws IllegalArgumentException if a block has another length or holds a value that TPC-H does
   *     not allow
   */
  P scan(int rows, List<MemorySegment> blocks);

  /**
   * @throws ArithmeticException if a sum leaves its range, which takes a scale above 10,000
   */
  P merge(P left, P right);

  void write(P partial, WireWriter out);

  /**
   * @throws WireReader.MalformedException if the bytes are no partial result of this query
   */
  P read(WireReader in);

  /** The answer in the form in which TPC-H prints it: a line a row, columns divided by bars. */
  List<String> lines(P total);
}

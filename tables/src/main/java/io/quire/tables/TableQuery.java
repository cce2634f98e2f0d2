package io.quire.tables;

import io.quire.columns.Aggregate;
import io.quire.columns.Expression;
import io.quire.columns.Filter;
import io.quire.columns.KeyMap;
import io.quire.columns.Pipeline;
import io.quire.columns.Value;
import io.quire.datasets.DatasetsException;
import io.quire.ns.NsObject;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * A question to a table, put together step by step and answered where its row groups are. Columns
 * go by their names; what is derived is numbered behind them. Begin with {@link Tables#query}.
 *
 * <p>A join is two questions: {@link #keys} collects the smaller side, and {@link
 * Expression.Lookup} looks into it in each row of the larger one. Whatever is sent along, maps
 * included, is at most 1 MiB as bytes; see {@link KeyMap}.
 *
 * <p>Steps are done in the order in which they were added, on the rows that are left. Confined to
 * one thread; may be answered more than once.
 */
public final class TableQuery {
  private final Tables tables;
  private final NsObject table;
  private final List<String> names;
  private final List<Pipeline.Step> steps = new ArrayList<>();
  private int derived;

  TableQuery(Tables tables, NsObject table, Schema schema) {
    this.tables = tables;
    this.table = table;
    names = schema.getFields().stream().map(field -> field.getName()).toList();
  }

  /**
   * The number of a column.
   *
   * @throws IllegalArgumentException if the table does not have it
   */
  public int column(String name) {
    int number = names.indexOf(name);
    if (number < 0) {
      throw new IllegalArgumentException(
          "no such column: table=%s column=%s known=%s".formatted(table.name(), name, names));
    }
    return number;
  }

  /** A column of numbers, to compute with; otherwise as {@link #column}. */
  public Expression of(String name) {
    return Expression.column(column(name));
  }

  /** Keeps the rows for which a filter is true. */
  public TableQuery keep(Filter filter) {
    steps.add(new Pipeline.Step.Keep(filter));
    return this;
  }

  /** Keeps the rows in which a column compares so with a value. */
  public TableQuery keep(String name, Filter.Op op, Value value) {
    return keep(new Filter.Compare(column(name), op, value));
  }

  /** Derives a column, and answers with its number. */
  public int derive(Expression expression) {
    steps.add(new Pipeline.Step.Derive(expression));
    return names.size() + derived++;
  }

  /**
   * Keeps the rows whose key is in a map, as an inner join does, and derives a column of what the
   * map has for it; answers with its number.
   */
  public int join(String key, KeyMap map) {
    int found = derive(new Expression.Lookup(of(key), map));
    keep(Filter.not(new Filter.IsNull(found)));
    return found;
  }

  /**
   * Aggregates the rows that are left. The answer counts every row exactly once, or the call fails.
   *
   * @return one row for each group, ordered by their keys, null last
   * @throws IllegalArgumentException if a step names a column that is not there before it, or the
   *     question is beyond 1 MiB
   * @throws DatasetsException.FunctionFailed if there are too many groups for one answer, a number
   *     does not fit, or a column is not of a type for what is done with it
   */
  public List<Aggregate.Row> aggregate(Aggregate aggregate, Duration deadline) {
    return tables.aggregate(table, new Pipeline(steps), aggregate, deadline);
  }

  /**
   * Collects two columns of integers or dates of the rows that are left, as a map for a join. Rows
   * in which one of them is null are left out.
   *
   * @throws IllegalArgumentException as {@link #aggregate}, and if a key is there twice in all or
   *     there are more than {@link KeyMap#SIZE_MAX}
   * @throws DatasetsException.FunctionFailed as {@link #aggregate}, and if a key is there twice in
   *     one place
   */
  public KeyMap keys(int key, int value, Duration deadline) {
    return tables.keys(table, new Pipeline(steps), key, value, deadline);
  }

  /** The values of a column, as a map that has 1 for each; otherwise as above. */
  public KeyMap keys(String key, Duration deadline) {
    List<Pipeline.Step> more = new ArrayList<>(steps);
    more.add(new Pipeline.Step.Derive(new Expression.Literal(BigDecimal.ONE)));
    return tables.keys(table, new Pipeline(more), column(key), names.size() + derived, deadline);
  }

  /** Refuses a question that names a column which is not there. */
  static void check(NsObject table, TableScan.Question question) {
    OptionalInt missing = question.missing();
    if (missing.isPresent()) {
      throw new IllegalArgumentException(
          "no such column: table=%s column=%d columns=%d"
              .formatted(table.name(), missing.getAsInt(), question.columns()));
    }
  }
}

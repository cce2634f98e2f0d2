package io.quire.tables;

import io.quire.base.WireReader.MalformedException;
import io.quire.columns.Aggregate;
import io.quire.columns.ColumnMemory;
import io.quire.columns.Filter;
import io.quire.columns.KeyMap;
import io.quire.columns.Partial;
import io.quire.columns.Pipeline;
import io.quire.datasets.Datasets;
import io.quire.datasets.DatasetsException;
import io.quire.datasets.Descriptor;
import io.quire.datasets.Progress;
import io.quire.formats.BadRowLimit;
import io.quire.formats.Inputs;
import io.quire.formats.ReadOptions;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Tables on one node: datasets whose extents are columns of row groups, in the form of Arrow. They
 * are loaded from files by all members in parallel, filtered and aggregated where they are, and
 * read here as Arrow batches without a copy.
 *
 * <p>Must be opened on every node. All operations may be called by any thread that may wait, and
 * throw what {@link Datasets} throws besides what is said of each.
 */
public final class Tables implements AutoCloseable {
  private final Datasets datasets;
  private final Inputs inputs;
  private final BufferAllocator views = ColumnMemory.open(Long.MAX_VALUE);

  /**
   * Registers its functions with the datasets of this node.
   *
   * @param settings of Hadoop's file systems, for input
   * @param loadingBytes for batches that are being loaded, beside the memory of the ager; a part
   *     that would need more fails. What is read lies in the ager's
   */
  public Tables(Datasets datasets, Map<String, String> settings, long loadingBytes) {
    this.datasets = datasets;
    inputs = Inputs.open(settings);
    BufferAllocator batches = ColumnMemory.open(loadingBytes);
    datasets.register(TableLoad.NAME, new TableLoad(inputs, batches));
    datasets.register(TableScan.NAME, new TableScan(views));
  }

  /** Finds files, and the columns that are in them. */
  public Inputs inputs() {
    return inputs;
  }

  /**
   * Loads a table. When this returns it is visible under its name on every node; nobody ever sees
   * half of it. Bad rows are left out and kept aside, up to the limit of the options, which counts
   * for all of the load and, so that it ends early, for each split.
   *
   * @param schema of the source
   * @throws TooManyBadRows if there are more bad rows in all than the options allow
   * @throws DatasetsException.FunctionFailed if a part could not be read, with the reason
   * @throws IllegalArgumentException if there are too many files to name in 1 MiB
   */
  public NsObject load(
      NsHandle namespace,
      String name,
      Lifetime lifetime,
      Source source,
      Schema schema,
      ReadOptions options,
      Progress progress) {
    return datasets.load(
        namespace,
        name,
        lifetime,
        TableSchema.write(TableSchema.projected(schema, options)),
        TableLoad.NAME,
        new LoadArguments(source, schema, options).toBytes(),
        Math.max(1, source.splits().size()),
        table -> judge(name, options.badRows(), table),
        progress);
  }

  private static void judge(String name, BadRowLimit limit, Descriptor table) {
    long bad = table.rowsAside();
    if (bad > limit.count() || bad > limit.share() * (table.rows() + bad)) {
      throw new TooManyBadRows(
          "too many bad rows: table=%s bad=%d good=%d maxCount=%d maxShare=%s"
              .formatted(name, bad, table.rows(), limit.count(), limit.share()));
    }
  }

  /** A load had more bad rows than it may. There is no table. */
  public static final class TooManyBadRows extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooManyBadRows(String message) {
      super(message);
    }
  }

  /**
   * The columns of a table.
   *
   * @throws DatasetsException.NotADataset if the object is no dataset
   * @throws IllegalArgumentException if it is a dataset but no table
   */
  public Schema schema(NsObject table) {
    try {
      return TableSchema.read(datasets.descriptor(table).schema());
    } catch (MalformedException e) {
      throw new IllegalArgumentException(
          "not a table: name=%s reason=%s".formatted(table.name(), e.getMessage()), e);
    }
  }

  /** How many rows of the source were bad. */
  public long badRows(NsObject table) {
    return datasets.descriptor(table).rowsAside();
  }

  /**
   * The bad rows of a table, each as a line of JSON: the file, the place in it, the reason and the
   * first of its text. Of each part the first 8 MiB were kept.
   *
   * @param deadlineEach for each part
   */
  public void badRows(NsObject table, Consumer<String> lines, Duration deadlineEach) {
    datasets.readAside(
        table,
        bytes ->
            new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8)
                .lines()
                .forEach(lines),
        deadlineEach);
  }

  /**
   * Filters and aggregates a table where its row groups are; those of which the statistics say that
   * they have no such row are not read. The answer counts every row exactly once, or the call
   * fails.
   *
   * @return one row for each group of the aggregate, in no order
   * @throws IllegalArgumentException if the table does not have a column
   * @throws DatasetsException.FunctionFailed if there are too many groups for one answer, a sum is
   *     beyond 128 bits, or a column is not of a type for it
   */
  public List<Aggregate.Row> aggregate(
      NsObject table, Filter filter, Aggregate aggregate, Duration deadline) {
    return aggregate(table, Pipeline.of(filter), aggregate, deadline);
  }

  /**
   * As above, of the rows that a pipeline keeps, and of the columns that it derives too.
   *
   * @throws IllegalArgumentException also if the question is beyond 1 MiB as bytes
   * @throws DatasetsException.FunctionFailed also if a number does not fit 64 bits
   */
  public List<Aggregate.Row> aggregate(
      NsObject table, Pipeline pipeline, Aggregate aggregate, Duration deadline) {
    Partial whole = aggregate.begin();
    scan(table, pipeline, new TableScan.End.Counted(aggregate), deadline)
        .forEach(partial -> whole.merge(Partial.read(aggregate, partial)));
    return whole.finish();
  }

  /**
   * Begins a question to a table: filters, derived columns and joins, done where its row groups
   * are.
   */
  public TableQuery query(NsObject table) {
    return new TableQuery(this, table, schema(table));
  }

  /** See {@link TableQuery#keys(int, int, Duration)}. */
  KeyMap keys(NsObject table, Pipeline pipeline, int key, int value, Duration deadline) {
    KeyMap.Builder whole = new KeyMap.Builder();
    scan(table, pipeline, new TableScan.End.Mapped(key, value), deadline)
        .forEach(partial -> whole.putAll(KeyMap.read(partial)));
    return whole.build();
  }

  private List<byte[]> scan(
      NsObject table, Pipeline pipeline, TableScan.End end, Duration deadline) {
    int columns = schema(table).getFields().size();
    TableScan.Question question = new TableScan.Question(columns, pipeline, end);
    TableQuery.check(table, question);
    return datasets.scan(table, TableScan.NAME, question.toBytes(), deadline, Progress.NONE);
  }

  /**
   * Reads columns of a table here, as a stream of Arrow batches, from wherever its row groups are.
   * Batches lie in the memory of the ager, or in what was pulled from other nodes, until they are
   * closed; nothing is copied. Close it. Other engines take it as it is, DuckDB by an Arrow stream.
   *
   * @param columns their names, in the order that is wanted; none for all
   * @param deadlineEach for each extent
   * @throws IllegalArgumentException if the table does not have a column
   */
  public ArrowReader read(NsObject table, List<String> columns, Duration deadlineEach) {
    List<Field> fields = schema(table).getFields();
    int[] numbers =
        columns.isEmpty()
            ? IntStream.range(0, fields.size()).toArray()
            : columns.stream().mapToInt(column -> number(table, fields, column)).toArray();
    return TableReader.open(
        datasets.groups(table, numbers, deadlineEach),
        numbers,
        IntStream.of(numbers).mapToObj(fields::get).toList(),
        views);
  }

  private static int number(NsObject table, List<Field> fields, String column) {
    List<String> names = fields.stream().map(Field::getName).toList();
    int number = names.indexOf(column);
    if (number < 0) {
      throw new IllegalArgumentException(
          "no such column: table=%s column=%s known=%s".formatted(table.name(), column, names));
    }
    return number;
  }

  /**
   * Closes its connections. Batches that are still open stay so; their memory is given back when
   * they are closed.
   */
  @Override
  public void close() {
    inputs.close();
  }
}

package io.quire.tables;

import io.quire.base.NodeId;
import io.quire.base.WireReader.MalformedException;
import io.quire.columns.Aggregate;
import io.quire.columns.ColumnBlock;
import io.quire.columns.ColumnMemory;
import io.quire.columns.Filter;
import io.quire.columns.KeyMap;
import io.quire.columns.Partial;
import io.quire.columns.Pipeline;
import io.quire.columns.RowGroupReader;
import io.quire.datasets.DatasetVersion;
import io.quire.datasets.Datasets;
import io.quire.datasets.DatasetsException;
import io.quire.datasets.Descriptor;
import io.quire.datasets.ExtentInfo;
import io.quire.datasets.ExtentSink;
import io.quire.datasets.LoadOptions;
import io.quire.datasets.Progress;
import io.quire.datasets.Restart;
import io.quire.datasets.ScanOrder;
import io.quire.datasets.ScanStream;
import io.quire.formats.BadRowLimit;
import io.quire.formats.FormatsException;
import io.quire.formats.Inputs;
import io.quire.formats.ReadOptions;
import io.quire.formats.SchemaText;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Principal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
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
  private static final int COLUMNS_MAX = 10_000;

  private final Datasets datasets;
  private final Inputs inputs;
  private final BufferAllocator views;
  private final BufferAllocator batches;
  private final boolean whole;

  /**
   * Registers its functions with the datasets of this node; once for these.
   *
   * @param settings of Hadoop's file systems, for input
   * @param loadingBytes for batches that are being loaded, beside the memory of the ager; a part
   *     that would need more fails. What is read lies in the ager's
   * @throws IllegalStateException if these datasets have tables already
   */
  public Tables(Datasets datasets, Map<String, String> settings, long loadingBytes) {
    this.datasets = datasets;
    whole = true;
    views = ColumnMemory.open(Long.MAX_VALUE);
    inputs = Inputs.open(settings);
    batches = ColumnMemory.open(loadingBytes);
    datasets.register(TableLoad.NAME, new TableLoad(inputs, batches));
    datasets.register(TableScan.NAME, new TableScan(views));
    datasets.register(TableRows.NAME, new TableRows(views));
  }

  private Tables(Datasets datasets, Tables ofNode) {
    this.datasets = datasets;
    inputs = ofNode.inputs;
    views = ofNode.views;
    batches = ofNode.batches;
    whole = false;
  }

  /**
   * The same tables for somebody else: see {@link Datasets#as}. Files are read with the rights of
   * the nodes, whoever asks. To close it does nothing.
   *
   * @throws IllegalStateException if this acts for a principal already
   */
  public Tables as(Principal principal) {
    return new Tables(datasets.as(principal), this);
  }

  /** Finds files, and the columns that are in them. It stays ours and is not to be closed. */
  public Inputs inputs() {
    return inputs;
  }

  /**
   * Loads a table. When this returns it is visible under its name on every node; nobody ever sees
   * half of it. Bad rows are left out and kept aside, up to the limit of the options, which counts
   * for all of the load and, so that it ends early, for each split. Blocks as {@link Datasets#load}
   * does, and throws what that throws, {@link io.quire.ns.NsException.NameTaken} among it.
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
    return load(namespace, name, lifetime, LoadOptions.DEFAULTS, source, schema, options, progress);
  }

  /**
   * As above, with options of the load, such as replicas; what is appended has as many.
   *
   * @throws DatasetsException.TooFewMembers if there are fewer nodes than replicas
   */
  public NsObject load(
      NsHandle namespace,
      String name,
      Lifetime lifetime,
      LoadOptions keeping,
      Source source,
      Schema schema,
      ReadOptions options,
      Progress progress) {
    return datasets.load(
        namespace,
        name,
        lifetime,
        keeping,
        TableSchema.write(TableSchema.projected(schema, options)),
        TableLoad.NAME,
        new LoadArguments(source, schema, options).toBytes(),
        Math.max(1, source.splits().size()),
        table -> judge(name, options.badRows(), table),
        Restart.WITH_FINISHED_PARTS,
        progress);
  }

  /**
   * Appends rows to a table: when this returns, its next version is visible on every node. It has
   * all rows of the one before, and behind them those of the source; whoever reads an older version
   * goes on with that. Bad rows are borne as by a load of these rows alone.
   *
   * @param schema of the source; with the columns that the options want it is that of the table.
   *     Usually {@link #schema}, by which the files are read then
   * @return the new version
   * @throws IllegalArgumentException if the columns are others than those of the table
   * @throws TooManyBadRows if there are more bad rows than the options allow
   * @throws DatasetsException.Gone if the table was deleted
   * @throws DatasetsException.FunctionFailed if a part could not be read, with the reason
   */
  public NsObject append(
      NsObject table, Source source, Schema schema, ReadOptions options, Progress progress) {
    List<Field> wanted = schema(table).getFields();
    List<Field> found = TableSchema.projected(schema, options).getFields();
    if (!found.equals(wanted)) {
      throw notTheColumns(table, found, wanted);
    }
    return datasets.append(
        table,
        TableLoad.NAME,
        new LoadArguments(source, schema, options).toBytes(),
        Math.max(1, source.splits().size()),
        more -> judge(table.name(), options.badRows(), more),
        Restart.WITH_FINISHED_PARTS,
        progress);
  }

  /**
   * Loads a table of the batches of a reader, which are read here, once, and spread over all nodes
   * in row groups of the usual size. Otherwise as the load of files.
   *
   * @param keeping how, with the number of replicas
   * @param rows not closed
   * @param mark a name for this load: if a table of this name was loaded with the same mark before,
   *     that is answered, nothing is loaded, and perhaps nothing read. So a load of which it is not
   *     known whether it happened can be done again
   * @throws IllegalArgumentException if it has no columns, two of one name, or one of a type that a
   *     table cannot have; if a batch is malformed, has a null in a column that may have none, or
   *     text that is not UTF-8
   * @throws java.io.UncheckedIOException if the reader fails so
   */
  public NsObject load(
      NsHandle namespace,
      String name,
      Lifetime lifetime,
      LoadOptions keeping,
      ArrowReader rows,
      Optional<UUID> mark,
      Progress progress) {
    Schema columns = columns(rows);
    checkTypes(columns);
    return datasets.loadGroups(
        namespace,
        name,
        lifetime,
        keeping,
        TableSchema.write(columns),
        mark,
        sink -> make(rows, columns, sink),
        progress);
  }

  /**
   * Appends the batches of a reader to a table, as {@link #load(NsHandle, String, Lifetime,
   * LoadOptions, ArrowReader, Optional, Progress)} loads them.
   *
   * @param mark as there; the table is answered as it is now
   * @throws IllegalArgumentException also if the columns are others than those of the table, by
   *     name or type; says which is the first, counted from 0
   * @throws DatasetsException.Gone if the table was deleted
   */
  public NsObject append(NsObject table, ArrowReader rows, Optional<UUID> mark, Progress progress) {
    Schema columns = schema(table);
    List<Field> found = columns(rows).getFields();
    if (sameColumns(found, columns.getFields())
        < Math.max(found.size(), columns.getFields().size())) {
      throw notTheColumns(table, found, columns.getFields());
    }
    return datasets.appendGroups(table, mark, sink -> make(rows, columns, sink), progress);
  }

  private static Schema columns(ArrowReader rows) {
    try {
      return rows.getVectorSchemaRoot().getSchema();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the columns", e);
    }
  }

  /** How many of the first are the same, but for what is told of nulls. */
  private static int sameColumns(List<Field> some, List<Field> others) {
    int same = 0;
    while (same < Math.min(some.size(), others.size())
        && sameColumn(some.get(same), others.get(same))) {
      same++;
    }
    return same;
  }

  private static boolean sameColumn(Field a, Field b) {
    return a.getName().equals(b.getName())
        && a.getType().equals(b.getType())
        && a.getDictionary() == null
        && a.getChildren().equals(b.getChildren());
  }

  private void checkTypes(Schema columns) {
    List<Field> fields = columns.getFields();
    if (fields.isEmpty() || fields.size() > COLUMNS_MAX) {
      throw new IllegalArgumentException(
          "not a number of columns: found=%d allowed=1..%d".formatted(fields.size(), COLUMNS_MAX));
    }
    Set<String> names = new HashSet<>();
    for (Field field : fields) {
      if (!names.add(field.getName())) {
        throw new IllegalArgumentException("a column more than once: column=" + field.getName());
      }
      try (FieldVector vector = field.createVector(batches)) {
        ColumnBlock.bytes(vector); // refuses what a block cannot have
      }
    }
  }

  private void make(ArrowReader rows, Schema columns, ExtentSink sink) throws IOException {
    AtomicInteger group = new AtomicInteger();
    try (BufferAllocator own = batches.newChildAllocator("append", 0, Long.MAX_VALUE);
        Regrouping groups =
            new Regrouping(
                columns,
                ReadOptions.DEFAULTS.batchRows(),
                ReadOptions.DEFAULTS.batchBytes(),
                own,
                some ->
                    TableLoad.write(
                        group.getAndIncrement(),
                        some.getRowCount(),
                        some.getFieldVectors(),
                        sink))) {
      groups.takeAll(rows);
    }
  }

  private static IllegalArgumentException notTheColumns(
      NsObject table, List<Field> found, List<Field> wanted) {
    return new IllegalArgumentException(
        "not the columns of the table: name=%s column=%d found=%s wanted=%s"
            .formatted(table.name(), sameColumns(found, wanted), text(found), text(wanted)));
  }

  /** Also of types that have no name as text. */
  private static String text(List<Field> fields) {
    try {
      return "[" + SchemaText.print(new Schema(fields)) + "]";
    } catch (FormatsException.Unsupported e) {
      return fields.toString();
    }
  }

  private static void judge(String name, BadRowLimit limit, Descriptor table) {
    long bad = table.rowsAside();
    if (bad > limit.count() || bad > limit.share() * (table.rows() + bad)) {
      throw new TooManyBadRows(
          "too many bad rows: table=%s bad=%d good=%d maxCount=%d maxShare=%s"
              .formatted(name, bad, table.rows(), limit.count(), limit.share()));
    }
  }

  /** A load had more bad rows than it may. Nothing was published. */
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

  /**
   * Some columns of a table.
   *
   * @param columns their names, in the order that is wanted; none for all
   * @throws IllegalArgumentException if it is no table, or does not have a column
   */
  public Schema schema(NsObject table, List<String> columns) {
    List<Field> fields = schema(table).getFields();
    return new Schema(IntStream.of(numbers(table, fields, columns)).mapToObj(fields::get).toList());
  }

  /** Whether the object is a table, by what the caller has of it; asks nobody. */
  public boolean isTable(NsObject object) {
    try {
      schema(object);
      return true;
    } catch (DatasetsException.NotADataset | IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * How many rows of its sources were bad, of all loads that made this version. Asks nobody.
   *
   * @throws DatasetsException.NotADataset if the object is no dataset
   */
  public long badRows(NsObject table) {
    return datasets.descriptor(table).rowsAside();
  }

  /**
   * The bad rows of a table, each as a line of JSON: the file, the place in it, the reason and the
   * first of its text. Of each part the first 8 MiB were kept.
   *
   * @param lines is given them by the calling thread, which waits for it
   * @param deadlineEach for each part
   * @throws DatasetsException.ExtentsLost if those of a part are in memory nowhere and have no copy
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
   * @throws DatasetsException.DeadlinePassed after the deadline, with the last failure
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
   * are. Asks nobody yet.
   *
   * @throws IllegalArgumentException if it is no table
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
    return read(table, columns, _ -> true, deadlineEach);
  }

  /** As above, of what one node loaded; nothing, if it loaded none. See {@link #shares}. */
  public ArrowReader read(
      NsObject table, List<String> columns, NodeId owner, Duration deadlineEach) {
    return read(table, columns, extent -> extent.owner().equals(owner), deadlineEach);
  }

  /**
   * As above, of a part of a version.
   *
   * @param later that version, or any after it
   * @throws DatasetsException.Gone if it is none of these
   */
  public ArrowReader read(
      NsObject later, TablePart part, List<String> columns, Duration deadlineEach) {
    List<ExtentInfo> extents = datasets.descriptor(later, part.version()).extents();
    int last = extents.isEmpty() ? -1 : extents.getLast().part();
    AtomicInteger before = new AtomicInteger();
    return read(
        later,
        columns,
        extent ->
            extent.part() <= last
                && extent.owner().equals(part.owner())
                && before.getAndIncrement() >= part.from(),
        deadlineEach);
  }

  private ArrowReader read(
      NsObject table, List<String> columns, Predicate<ExtentInfo> which, Duration deadlineEach) {
    List<Field> fields = schema(table).getFields();
    int[] numbers = numbers(table, fields, columns);
    return TableReader.open(
        datasets.groups(table, numbers, which, deadlineEach),
        numbers,
        IntStream.of(numbers).mapToObj(fields::get).toList(),
        views);
  }

  /**
   * Streams the rows of a table for which a filter is true, as Arrow batches. Rows and columns are
   * picked where the row groups are; groups of which the statistics say that they have no such row
   * are not read. Of each node two batches of 1 MiB or so may lie here: a slow reader slows the
   * nodes. Every row comes exactly once, or reading throws. Close it; that ends it everywhere.
   *
   * @param columns their names, in the order that is wanted, each once; none for all
   * @param deadline for all of it, the time included in which nobody reads
   * @throws IllegalArgumentException if the table does not have a column
   * @throws DatasetsException.Gone if the table was deleted
   */
  public ArrowReader rows(
      NsObject table, List<String> columns, Filter filter, ScanOrder order, Duration deadline) {
    List<Field> fields = schema(table).getFields();
    int[] wanted = numbers(table, fields, columns);
    if (IntStream.of(wanted).distinct().count() != wanted.length) {
      throw new IllegalArgumentException(
          "a column more than once: table=%s columns=%s".formatted(table.name(), columns));
    }
    TableRows.Question question = new TableRows.Question(fields.size(), wanted, filter);
    checkColumns(table, question.needed(), fields.size());
    ScanStream stream = datasets.stream(table, TableRows.NAME, question.toBytes(), order, deadline);
    return new RowGroupReader(
        views,
        IntStream.of(wanted).mapToObj(fields::get).toList(),
        new RowBatches(stream, wanted, views),
        stream::close);
  }

  private static void checkColumns(NsObject table, int[] needed, int columns) {
    for (int column : needed) {
      if (column >= columns) {
        throw new IllegalArgumentException(
            "no such column: table=%s column=%d columns=%d"
                .formatted(table.name(), column, columns));
      }
    }
  }

  /**
   * The memory of what {@link #read} gives. An engine that is handed a stream through Arrow's C
   * data interface wants an allocator of the same root: this one. It stays ours and is not to be
   * closed.
   */
  public BufferAllocator memory() {
    return views;
  }

  /**
   * Which nodes loaded how much of a table. Every row is in one share. A node reads its own share
   * from its memory as long as it has it; any other node can read it, too.
   *
   * @param columns whose bytes are counted; none for all
   * @return in the order of the nodes' names; none if the table has no rows
   * @throws IllegalArgumentException if the table does not have a column
   */
  public List<TableShare> shares(NsObject table, List<String> columns) {
    int[] numbers = numbers(table, schema(table).getFields(), columns);
    return TableShare.of(datasets.descriptor(table), numbers);
  }

  /** Names the version that is given, for a {@link TablePart}. */
  public DatasetVersion version(NsObject table) {
    return datasets.version(table);
  }

  /**
   * How much there is in a part of a version.
   *
   * @param later that version, or any after it
   * @param columns whose bytes are counted; none for all
   * @throws DatasetsException.Gone if it is none of these
   */
  public TableShare share(NsObject later, TablePart part, List<String> columns) {
    int[] numbers = numbers(later, schema(later).getFields(), columns);
    return TableShare.of(
        datasets.descriptor(later, part.version()), numbers, part.owner(), part.from());
  }

  private static int[] numbers(NsObject table, List<Field> fields, List<String> columns) {
    return columns.isEmpty()
        ? IntStream.range(0, fields.size()).toArray()
        : columns.stream().mapToInt(column -> number(table, fields, column)).toArray();
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
    if (whole) {
      inputs.close();
    }
  }
}

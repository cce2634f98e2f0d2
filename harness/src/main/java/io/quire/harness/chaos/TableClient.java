package io.quire.harness.chaos;

import static io.quire.harness.chaos.ObjectCalls.written;

import io.quire.ager.OrphanSearch;
import io.quire.columns.Aggregate;
import io.quire.columns.Aggregate.Kind;
import io.quire.columns.Aggregate.Measure;
import io.quire.columns.Filter;
import io.quire.columns.Value;
import io.quire.datasets.DatasetsException;
import io.quire.datasets.LoadOptions;
import io.quire.datasets.Progress;
import io.quire.formats.Format;
import io.quire.formats.FormatsException;
import io.quire.formats.InputFile;
import io.quire.formats.ReadOptions;
import io.quire.formats.Sampling;
import io.quire.node.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePage.Listed;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.sim.Action;
import io.quire.sim.Dice;
import io.quire.tables.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * A client that loads tables from files and from batches, appends to those of all clients, asks,
 * reads and drops them, and removes files of which nothing is needed. What a table holds is known
 * ({@link TableContents}), so every answer can be checked: it is exact, or an error. Confined to
 * its thread.
 */
final class TableClient {
  static final String PREFIX = "/table/";

  /** What stands in a journal for what a table is. */
  static final String TABLE = "dataset";

  private static final NamePattern ALL = NamePattern.startingWith(PREFIX);
  private static final Duration DEADLINE = Duration.ofSeconds(15);
  private static final long THINK_MILLIS_MAX = 60;
  private static final long REFUSED_MILLIS = 100;
  private static final int OWN_MAX = 3;
  private static final int ALL_MAX = 20;
  private static final int APPENDS_MAX = 8;
  private static final int REPLICAS_MAX = 3;
  private static final int TRIES = 3;
  private static final long SPLIT_BYTES = 8_000;
  private static final ReadOptions OPTIONS = ReadOptions.DEFAULTS.withBatch(250, 1 << 20);

  private final Node node;
  private final Journal journal;
  private final Dice dice;
  private final Path directory;
  private final BooleanSupplier over;
  private final ObjectCalls calls;
  private final List<NsObject> own = new ArrayList<>();
  private final String name;

  /**
   * @param directory for the files that are loaded
   */
  TableClient(
      String name, Node node, Journal journal, Dice dice, Path directory, BooleanSupplier over) {
    this.name = name;
    this.node = node;
    this.journal = journal;
    this.dice = dice;
    this.directory = directory;
    this.over = over;
    calls = new ObjectCalls(name, journal);
  }

  /** Works until it is told that it is over. */
  void run() {
    while (!over.getAsBoolean()) {
      try {
        act();
      } catch (NsException e) {
        calls.refused();
      } catch (RuntimeException e) {
        journal.broken("client failed: client=" + name + " cause=" + e);
        throw e;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      ChaosClient.pause(calls.takeRefused() ? REFUSED_MILLIS : dice.between(0, THINK_MILLIS_MAX));
    }
  }

  private Namespaces names() {
    return node.namespaces();
  }

  private void act() throws IOException {
    int draw = (int) dice.between(0, 99);
    if (draw < 20 && own.size() < OWN_MAX) {
      load();
    } else if (draw >= 20 && draw < 30 && !own.isEmpty()) {
      names().lookup(own.remove((int) dice.between(0, own.size() - 1)).xid()).ifPresent(this::drop);
    } else if (draw >= 30 && draw < 40) {
      append();
    } else if (draw == 40) {
      sweep();
    } else {
      ask();
    }
  }

  private void load() throws IOException {
    String table = PREFIX + calls.next();
    Sent rows = new Sent(table, TableContents.rows(table));
    LoadOptions keeping = LoadOptions.DEFAULTS.withReplicas((int) dice.between(1, REPLICAS_MAX));
    change(
        "load",
        new Part(table, Action.create(TABLE)),
        dice.chance(0.5)
            ? once(
                mark ->
                    rows.batches(
                        reader ->
                            node.tables()
                                .load(
                                    NsHandle.ROOT,
                                    table,
                                    Lifetime.DURABLE,
                                    keeping,
                                    reader,
                                    Optional.of(mark),
                                    Progress.NONE)))
            : () ->
                rows.source(
                    source ->
                        node.tables()
                            .load(
                                NsHandle.ROOT,
                                table,
                                Lifetime.DURABLE,
                                keeping,
                                source,
                                rows.schema(),
                                OPTIONS,
                                Progress.NONE)),
        own::add);
    rows.end();
  }

  /** To any table, of whichever client, unless that was done often enough. */
  private void append() throws IOException {
    NsObject table = any().orElse(null);
    if (table == null || appends(node, table) >= APPENDS_MAX) {
      return;
    }
    Sent rows = new Sent(table.name(), TableContents.APPENDED);
    change(
        "append",
        new Part(table.name(), Action.writeIfPresent(TABLE)),
        dice.chance(0.5)
            ? once(
                mark ->
                    rows.batches(
                        reader ->
                            node.tables().append(table, reader, Optional.of(mark), Progress.NONE)))
            : () ->
                rows.source(
                    source ->
                        node.tables().append(table, source, rows.schema(), OPTIONS, Progress.NONE)),
        _ -> {});
    rows.end();
  }

  /** Rows of a table, as they are sent: from a file, or in batches. */
  private final class Sent {
    private final String table;
    private final int rows;
    private final Path file;
    private final List<InputFile> files;

    Sent(String table, int rows) throws IOException {
      this.table = table;
      this.rows = rows;
      file = directory.resolve(table.substring(PREFIX.length()) + "." + name + ".csv");
      Files.writeString(file, TableContents.csv(table, rows));
      files = node.tables().inputs().find(List.of(file.toString()));
    }

    Schema schema() {
      return node.tables().inputs().infer(files, Format.Csv.DEFAULT, Sampling.DEFAULTS);
    }

    Made source(Function<Source, NsObject> sending) {
      return new Made(
          sending.apply(new Source.Files(files, Format.Csv.DEFAULT, SPLIT_BYTES)), true);
    }

    NsObject batches(Function<ArrowReader, NsObject> sending) {
      try (BufferAllocator allocator = new RootAllocator();
          ArrowReader reader = TableContents.batches(allocator, schema(), table, rows)) {
        return sending.apply(reader);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void end() throws IOException {
      Files.delete(file);
    }
  }

  /**
   * A version of a table.
   *
   * @param firstTry whether it is that which was made; others may have appended since, else
   */
  private record Made(NsObject table, boolean firstTry) {}

  /** Something that makes one. */
  private interface Making {
    Made make();
  }

  /** What it was not told of, it says again with the same mark: it happens once. */
  private Making once(Function<UUID, NsObject> upload) {
    UUID mark = new UUID(dice.nextLong(), dice.nextLong());
    return () -> {
      RuntimeException unknown = null;
      for (int attempt = 1; ; attempt++) {
        try {
          return new Made(upload.apply(mark), attempt == 1);
        } catch (DatasetsException | NsException | IllegalStateException e) {
          unknown = mayHaveBeen(e) ? e : unknown;
          if (attempt == TRIES || over.getAsBoolean()) {
            throw unknown == null ? e : unknown;
          }
          ChaosClient.pause(REFUSED_MILLIS);
        }
      }
    };
  }

  private static boolean mayHaveBeen(RuntimeException e) {
    return e instanceof NsException.Indeterminate
        || e instanceof DatasetsException.TakenBack
        || e instanceof IllegalStateException;
  }

  private void change(String verb, Part part, Making making, Consumer<NsObject> made) {
    calls.change(
        verb,
        List.of(part),
        () -> {
          Made version = making.make();
          made.accept(version.table);
          return written(1, version.firstTry ? version.table.version() : 0);
        },
        e -> {
          calls.refused();
          if (mayHaveBeen(e)) {
            return List.of(Result.UNKNOWN);
          }
          return e instanceof DatasetsException || e instanceof FormatsException
              ? List.of(Result.FAILED)
              : null;
        });
  }

  private void drop(NsObject table) {
    calls.change(
        "drop",
        List.of(new Part(table.name(), Action.writeIfVersion(table.version(), null))),
        () -> {
          names().delete(table);
          return written(1, 0);
        },
        e -> e instanceof NsException.Stale ? List.of(Result.REFUSED) : null);
  }

  /** Removes files of which nothing is needed, while others load and drop. */
  private void sweep() {
    try {
      var unused = node.datasets().orphans(OrphanSearch.Mode.REMOVE, DEADLINE);
    } catch (NsException e) {
      calls.refused();
    }
  }

  private Optional<NsObject> any() {
    List<String> all = names().listAll(NsHandle.ROOT, ALL).stream().map(Listed::name).toList();
    return all.isEmpty() ? Optional.empty() : names().lookup(NsHandle.ROOT, dice.pick(all));
  }

  /** Asks any table, of whichever client. */
  private void ask() {
    List<String> all = names().listAll(NsHandle.ROOT, ALL).stream().map(Listed::name).toList();
    if (all.isEmpty()) {
      return;
    }
    String table = dice.pick(all);
    Optional<NsObject> found =
        calls.readAs("lookup", table, TABLE, () -> names().lookup(NsHandle.ROOT, table));
    if (found.isPresent() && all.size() > ALL_MAX) {
      // Nobody drops those of clients that were killed.
      drop(found.get());
    } else if (found.isPresent()) {
      long from = dice.between(0, TableContents.ROWS_MIN);
      Question question = new Question(from, from + dice.between(0, TableContents.ROWS_SPREAD));
      Journal.Call call = journal.begin(name, "scan", List.of(new Part(table, Action.exists())));
      try {
        problem(node, found.get(), question).ifPresent(journal::broken);
        call.end(Result.FAILED); // A scan may end after the table was dropped: it tells no moment.
      } catch (DatasetsException | NsException e) {
        calls.refused();
        call.end(Result.FAILED);
      }
    }
  }

  /** Rows whose number is between these. */
  record Question(long from, long to) {
    static final Question ALL = new Question(0, Long.MAX_VALUE);
  }

  /** How often something was appended to a table, by what the caller has of it. */
  private static int appends(Node node, NsObject table) {
    return node.datasets().descriptor(table).appends().size();
  }

  /** What is wrong with the answer of a node, if anything. */
  static Optional<String> problem(Node node, NsObject table, Question question) {
    Map<String, List<Long>> wanted =
        TableContents.answer(table.name(), question.from, question.to, appends(node, table));
    Map<String, List<Long>> found = new TreeMap<>();
    Aggregate sums =
        new Aggregate(
            List.of(1), List.of(Measure.rows(), new Measure(Kind.SUM, 2)), TableContents.TEAMS + 1);
    Filter filter = new Filter.Between(0, Value.of(question.from), Value.of(question.to));
    for (Aggregate.Row row : node.tables().aggregate(table, filter, sums, DEADLINE)) {
      found.put(
          text(row.keys().getFirst()), row.values().stream().map(TableClient::whole).toList());
    }
    return found.equals(wanted)
        ? Optional.empty()
        : Optional.of(
            "a wrong answer: table=%s %s found=%s wanted=%s"
                .formatted(table.name(), question, found, wanted));
  }

  private static String text(Optional<Value> value) {
    return value.orElseThrow() instanceof Value.Bytes bytes
        ? new String(bytes.value(), StandardCharsets.UTF_8)
        : "";
  }

  private static long whole(Optional<Value> value) {
    return switch (value.orElseThrow()) {
      case Value.Whole whole -> whole.value();
      case Value.Exact exact -> exact.value().longValueExact();
      case Value other -> throw new IllegalArgumentException("not a whole number: " + other);
    };
  }

  /** All tables are there, and every answer is exact, on this node: empty if so. */
  static List<String> problems(Node node) {
    List<String> found = new ArrayList<>();
    for (Listed each : node.namespaces().listAll(NsHandle.ROOT, ALL)) {
      try {
        NsObject table = node.namespaces().lookup(each.xid()).orElseThrow();
        problem(node, table, Question.ALL).ifPresent(found::add);
      } catch (DatasetsException | NsException e) {
        found.add("a table cannot be asked: table=%s why=%s".formatted(each.name(), e));
      }
    }
    return found;
  }

  /** Drops all tables. */
  static int dropAll(Node node) {
    return node.namespaces().deleteAll(NsHandle.ROOT, ALL);
  }
}

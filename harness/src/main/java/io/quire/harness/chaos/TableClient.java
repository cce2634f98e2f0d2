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
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.arrow.flight.FlightRuntimeException;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * A client that loads tables from files, from batches and over Arrow Flight, appends to those of
 * all clients, asks, reads and drops them, and removes files of which nothing is needed. What a
 * table holds is known ({@link TableContents}), so every answer can be checked: it is exact, or an
 * error. Confined to its thread.
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
  private static final int APPENDS_MAX = 12;

  /** For how long all clients prefer the same table. */
  private static final Duration TURN = Duration.ofSeconds(3);

  /** They append to it at the same moment, so often. */
  private static final long MOMENT_MILLIS = 200;

  private static final int REPLICAS_MAX = 3;
  private static final int TRIES = 3;
  private static final long SPLIT_BYTES = 8_000;
  private static final ReadOptions OPTIONS = ReadOptions.DEFAULTS.withBatch(250, 1 << 20);

  private final Node node;
  private final RemoteTables remote;
  private final Journal journal;
  private final Dice dice;
  private final Path directory;
  private final BooleanSupplier over;
  private final ObjectCalls calls;
  private final List<NsObject> own = new ArrayList<>();
  private final String name;

  /**
   * @param remote what it asks over Arrow Flight
   * @param directory for the files that are loaded
   */
  TableClient(
      String name,
      Node node,
      RemoteTables remote,
      Journal journal,
      Dice dice,
      Path directory,
      BooleanSupplier over) {
    this.name = name;
    this.node = node;
    this.remote = remote;
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
    Way way = dice.pick(WAYS);
    change(
        "load-" + way.word(),
        new Part(table, Action.create(TABLE)),
        switch (way) {
          case FILE ->
              () ->
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
                                  Progress.NONE));
          case BATCHES ->
              once(
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
                                      Progress.NONE)));
          case UPLOAD -> once(mark -> rows.upload(mark, Map.of("replicas", keeping.replicas())));
        },
        own::add);
    rows.end();
  }

  /** To any table, of whichever client, unless that was done often enough. */
  private void append() throws IOException {
    boolean together = dice.chance(0.5);
    NsObject table = (together ? everybodys() : any()).orElse(null);
    if (table == null || appends(node, table) >= APPENDS_MAX) {
      return;
    }
    Sent rows = new Sent(table.name(), TableContents.APPENDED);
    if (together) {
      ChaosClient.pause(MOMENT_MILLIS - System.nanoTime() / 1_000_000 % MOMENT_MILLIS);
    }
    Way way = dice.pick(WAYS);
    change(
        Appends.VERB + way.word(),
        new Part(table.name(), Action.writeIfPresent(TABLE)),
        switch (way) {
          case FILE ->
              () ->
                  rows.source(
                      source ->
                          node.tables()
                              .append(table, source, rows.schema(), OPTIONS, Progress.NONE));
          case BATCHES ->
              once(
                  mark ->
                      rows.batches(
                          reader ->
                              node.tables()
                                  .append(table, reader, Optional.of(mark), Progress.NONE)));
          case UPLOAD -> once(mark -> rows.upload(mark, Map.of("append", true)));
        },
        _ -> {});
    rows.end();
  }

  /** How rows are sent. */
  private enum Way {
    /** From a file, which all nodes read. */
    FILE,

    /** In batches, to the node of the client. */
    BATCHES,

    /** In batches, to any node, over Arrow Flight. */
    UPLOAD;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final List<Way> WAYS = List.of(Way.values());

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
      return Made.told(sending.apply(new Source.Files(files, Format.Csv.DEFAULT, SPLIT_BYTES)));
    }

    Made batches(Function<ArrowReader, NsObject> sending) {
      return sent(reader -> Made.told(sending.apply(reader)));
    }

    /** Says how many rows there are, and nothing of versions. */
    Made upload(UUID mark, Map<String, Object> more) {
      Map<String, Object> command = new TreeMap<>(more);
      command.put("name", table);
      command.put("mark", mark);
      long all = sent(reader -> remote.send(command, reader));
      if (TableContents.appends(table, all) < 0) {
        journal.broken(
            "an upload made a wrong number of rows: table=%s rows=%d".formatted(table, all));
      }
      return new Made(looked(), 0);
    }

    private Optional<NsObject> looked() {
      try {
        return names().lookup(NsHandle.ROOT, table);
      } catch (NsException e) {
        return Optional.empty(); // It is made all the same.
      }
    }

    private <T> T sent(Sending<T> sending) {
      try (BufferAllocator allocator = new RootAllocator();
          ArrowReader reader = TableContents.batches(allocator, schema(), table, rows)) {
        return sending.of(reader);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void end() throws IOException {
      Files.delete(file);
    }
  }

  /** What becomes of batches. */
  private interface Sending<T> {
    T of(ArrowReader batches) throws IOException;
  }

  /**
   * A table that was made, or grew.
   *
   * @param table as it is then, or is by now; empty if it is gone, or cannot be looked up
   * @param version that was made; 0 if that is not known
   */
  private record Made(Optional<NsObject> table, long version) {
    static Made told(NsObject table) {
      return new Made(Optional.of(table), table.version());
    }
  }

  /** Something that makes one. */
  private interface Making {
    Made make();
  }

  /** What it was not told of, it says again with the same mark: it happens once. */
  private Making once(Function<UUID, Made> upload) {
    UUID mark = new UUID(dice.nextLong(), dice.nextLong());
    return () -> {
      RuntimeException unknown = null;
      for (int attempt = 1; ; attempt++) {
        try {
          Made made = upload.apply(mark);
          // Others may have appended since it was made, if that was an attempt before.
          return attempt == 1 ? made : new Made(made.table, 0);
        } catch (DatasetsException
            | NsException
            | FlightRuntimeException
            | IllegalStateException e) {
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
        || e instanceof IllegalStateException
        || (e instanceof FlightRuntimeException told && !RemoteTables.refused(told));
  }

  private void change(String verb, Part part, Making making, Consumer<NsObject> made) {
    calls.change(
        verb,
        List.of(part),
        () -> {
          Made version = making.make();
          version.table.ifPresent(made);
          return written(1, version.version);
        },
        e -> {
          calls.refused();
          if (mayHaveBeen(e)) {
            return List.of(Result.UNKNOWN);
          }
          return switch (e) {
            case DatasetsException _, FormatsException _, FlightRuntimeException _ ->
                List.of(Result.FAILED);
            default -> null;
          };
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
    return lookedUp(dice::pick);
  }

  /** The one that all clients take in these seconds. */
  private Optional<NsObject> everybodys() {
    long turn = System.nanoTime() / TURN.toNanos();
    return lookedUp(all -> all.get((int) (turn % all.size())));
  }

  private Optional<NsObject> lookedUp(Function<List<String>, String> pick) {
    List<String> all = names().listAll(NsHandle.ROOT, ALL).stream().map(Listed::name).toList();
    return all.isEmpty() ? Optional.empty() : names().lookup(NsHandle.ROOT, pick.apply(all));
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
      boolean outside = dice.chance(0.2);
      Journal.Call call =
          journal.begin(
              name, outside ? "scan-stream" : "scan", List.of(new Part(table, Action.exists())));
      try {
        (outside ? remoteProblem(found.get()) : problem(node, found.get(), question))
            .ifPresent(journal::broken);
        call.end(Result.FAILED); // A scan may end after the table was dropped: it tells no moment.
      } catch (DatasetsException | NsException | FlightRuntimeException e) {
        calls.refused();
        call.end(Result.FAILED);
      }
    }
  }

  /**
   * What is wrong with what the nodes give over Arrow Flight, if anything: all rows of some
   * version, which is no older than the one that was seen before.
   */
  private Optional<String> remoteProblem(NsObject table) {
    RemoteTables.Contents found = remote.read(table.name());
    int appends = TableContents.appends(table.name(), found.told());
    Map<String, List<Long>> wanted =
        TableContents.answer(table.name(), 0, Long.MAX_VALUE, Math.max(0, appends));
    return appends >= appends(node, table) && found.teams().equals(wanted)
        ? Optional.empty()
        : Optional.of(
            "a wrong stream: table=%s rows=%d appends=%d found=%s wanted=%s"
                .formatted(table.name(), found.told(), appends, found.teams(), wanted));
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

  /** Tables that cannot be asked, or give a wrong answer, on this node. */
  static List<String> problems(Node node) {
    List<String> found = new ArrayList<>();
    for (Listed each : node.namespaces().listAll(NsHandle.ROOT, ALL)) {
      try {
        problem(node, table(node, each), Question.ALL).ifPresent(found::add);
      } catch (DatasetsException | NsException e) {
        found.add("a table cannot be asked: table=%s why=%s".formatted(each.name(), e));
      }
    }
    return found;
  }

  /** How often something was appended to each table, by what this node has of it. */
  static Map<String, Integer> appends(Node node) {
    Map<String, Integer> counts = new TreeMap<>();
    for (Listed each : node.namespaces().listAll(NsHandle.ROOT, ALL)) {
      counts.put(each.name(), appends(node, table(node, each)));
    }
    return counts;
  }

  private static NsObject table(Node node, Listed listed) {
    return node.namespaces().lookup(listed.xid()).orElseThrow();
  }

  /** Drops all tables. */
  static int dropAll(Node node) {
    return node.namespaces().deleteAll(NsHandle.ROOT, ALL);
  }
}

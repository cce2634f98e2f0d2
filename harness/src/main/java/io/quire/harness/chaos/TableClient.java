package io.quire.harness.chaos;

import static io.quire.harness.chaos.ObjectCalls.written;

import io.quire.columns.Aggregate;
import io.quire.columns.Aggregate.Kind;
import io.quire.columns.Aggregate.Measure;
import io.quire.columns.Filter;
import io.quire.columns.Value;
import io.quire.datasets.DatasetsException;
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
import io.quire.tables.Tables;
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
import java.util.function.BooleanSupplier;

/**
 * A client that loads tables from files, asks those of all clients, reads and drops them. What a
 * table holds follows from its name, so every answer can be checked: it is exact, or an error.
 * Confined to its thread.
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
  private static final int ROWS_MIN = 300;
  private static final int ROWS_SPREAD = 2_000;
  private static final int TEAMS = 5;
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
    int draw = (int) dice.between(0, 9);
    if (draw < 2 && own.size() < OWN_MAX) {
      load();
    } else if (draw == 2 && !own.isEmpty()) {
      drop(own.remove((int) dice.between(0, own.size() - 1)));
    } else {
      ask();
    }
  }

  private void load() throws IOException {
    String table = PREFIX + calls.next();
    Path file = directory.resolve(table.substring(PREFIX.length()) + ".csv");
    Files.writeString(file, csv(table));
    Tables tables = node.tables();
    List<InputFile> files = tables.inputs().find(List.of(file.toString()));
    Source source = new Source.Files(files, Format.Csv.DEFAULT, SPLIT_BYTES);
    calls.change(
        "load",
        List.of(new Part(table, Action.create(TABLE))),
        () -> {
          NsObject made =
              tables.load(
                  NsHandle.ROOT,
                  table,
                  Lifetime.DURABLE,
                  source,
                  tables.inputs().infer(files, Format.Csv.DEFAULT, Sampling.DEFAULTS),
                  OPTIONS,
                  Progress.NONE);
          own.add(made);
          return written(1, made.version());
        },
        e -> {
          calls.refused();
          if (e instanceof DatasetsException.TakenBack) {
            return List.of(Result.UNKNOWN);
          }
          return e instanceof DatasetsException || e instanceof FormatsException
              ? List.of(Result.FAILED)
              : null;
        });
    Files.delete(file);
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
      long from = dice.between(0, ROWS_MIN);
      Question question = new Question(from, from + dice.between(0, ROWS_SPREAD));
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

  /** What is wrong with the answer of a node, if anything. */
  static Optional<String> problem(Node node, NsObject table, Question question) {
    Map<String, List<Long>> wanted = new TreeMap<>();
    for (long row = question.from; row <= Math.min(question.to, rows(table.name()) - 1L); row++) {
      List<Long> sums = wanted.computeIfAbsent(team(row), _ -> new ArrayList<>(List.of(0L, 0L)));
      sums.set(0, sums.get(0) + 1);
      sums.set(1, sums.get(1) + points(table.name(), row));
    }
    Map<String, List<Long>> found = new TreeMap<>();
    Aggregate sums =
        new Aggregate(List.of(1), List.of(Measure.rows(), new Measure(Kind.SUM, 2)), TEAMS + 1);
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

  private static String csv(String table) {
    StringBuilder text = new StringBuilder("id,team,points\n");
    for (int row = 0; row < rows(table); row++) {
      text.append(row).append(',').append(team(row)).append(',').append(points(table, row));
      text.append('\n');
    }
    return text.toString();
  }

  private static int rows(String table) {
    return ROWS_MIN + Math.floorMod(table.hashCode(), ROWS_SPREAD);
  }

  private static String team(long row) {
    return "team" + row % TEAMS;
  }

  private static long points(String table, long row) {
    return Math.floorMod(table.hashCode() + row * 7, 100);
  }
}

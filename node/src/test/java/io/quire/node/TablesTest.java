package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.columns.Aggregate;
import io.quire.columns.Aggregate.Kind;
import io.quire.columns.Aggregate.Measure;
import io.quire.columns.Expression;
import io.quire.columns.Filter;
import io.quire.columns.KeyMap;
import io.quire.columns.Value;
import io.quire.datasets.DatasetsException;
import io.quire.datasets.Progress;
import io.quire.datasets.ScanOrder;
import io.quire.formats.BadRowLimit;
import io.quire.formats.Format;
import io.quire.formats.InputFile;
import io.quire.formats.ReadOptions;
import io.quire.formats.Sampling;
import io.quire.formats.SchemaText;
import io.quire.formats.Tpch;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.tables.Source;
import io.quire.tables.TableQuery;
import io.quire.tables.Tables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tables from files, on a real node with less memory than data. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TablesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int ROWS = 40_000;
  private static final ReadOptions SMALL = ReadOptions.DEFAULTS.withBatch(1_000, 1 << 20);

  @TempDir private static Path directory;

  private Node node;
  private Tables tables;
  private List<InputFile> files;
  private Schema schema;

  @BeforeAll
  void start() throws IOException {
    node =
        Node.open(
            NodeConfig.load(null, List.of("memory=8MiB", "data=" + directory.resolve("data"))));
    tables = node.tables();
    for (int file = 0; file < 2; file++) {
      StringBuilder text = new StringBuilder("id,team,points\n");
      for (int row = file * ROWS / 2; row < (file + 1) * ROWS / 2; row++) {
        text.append(row).append(",team").append(row % 7).append(',');
        text.append(row % 5 == 0 ? "" : String.valueOf(row % 100)).append('\n');
      }
      Files.writeString(directory.resolve("points" + file + ".csv"), text);
    }
    files = tables.inputs().find(List.of(directory + "/points*.csv"));
    schema = tables.inputs().infer(files, Format.Csv.DEFAULT, Sampling.DEFAULTS);
  }

  @AfterAll
  void stop() {
    node.close();
  }

  private NsObject load(String name, Source source, Schema columns, ReadOptions options) {
    return tables.load(
        NsHandle.ROOT, name, Lifetime.DURABLE, source, columns, options, Progress.NONE);
  }

  private NsObject points(String name) {
    return load(name, new Source.Files(files, Format.Csv.DEFAULT, 100_000), schema, SMALL);
  }

  @Test
  void table_ofCsv_hasTheRowsOfItsFiles() {
    // Not all of it was looked at, so anything may be null.
    assertThat(SchemaText.print(schema)).isEqualTo("id:long?, team:string?, points:long?");
    NsObject table = points("/points");
    assertThat(tables.schema(table)).isEqualTo(schema);
    assertThat(tables.badRows(table)).isZero();
    assertThat(node.datasets().descriptor(table).rows()).isEqualTo(ROWS);
    Map<String, List<Long>> wanted = new TreeMap<>();
    for (int row = 1_000; row < ROWS; row++) {
      List<Long> team = wanted.computeIfAbsent("team" + row % 7, _ -> new ArrayList<>());
      if (team.isEmpty()) {
        team.addAll(List.of(0L, 0L));
      }
      team.set(0, team.get(0) + 1);
      team.set(1, team.get(1) + (row % 5 == 0 ? 0 : row % 100));
    }
    Map<String, List<Long>> found = new TreeMap<>();
    for (Aggregate.Row row :
        tables.aggregate(
            table,
            new Filter.Compare(0, Filter.Op.GE, Value.of(1_000)),
            new Aggregate(List.of(1), List.of(Measure.rows(), new Measure(Kind.SUM, 2)), 100),
            PATIENCE)) {
      found.put(text(row.keys().getFirst()), row.values().stream().map(TablesTest::whole).toList());
    }
    assertThat(found).isEqualTo(wanted);
  }

  private static String text(Optional<Value> value) {
    return value.orElseThrow() instanceof Value.Bytes bytes
        ? new String(bytes.value(), java.nio.charset.StandardCharsets.UTF_8)
        : "";
  }

  private static long whole(Optional<Value> value) {
    return switch (value.orElseThrow()) {
      case Value.Whole whole -> whole.value();
      case Value.Exact exact -> exact.value().longValueExact();
      default -> throw new IllegalArgumentException("not a whole number: " + value);
    };
  }

  @Test
  void aggregate_readsOnlyGroupsThatMayHaveSuchRows() {
    NsObject table = points("/skipped");
    long skipped = node.datasets().stats().groupsSkipped();
    Aggregate count = new Aggregate(List.of(), List.of(Measure.rows()), 1);
    Filter few = new Filter.Between(0, Value.of(20_500), Value.of(20_509));
    assertThat(whole(tables.aggregate(table, few, count, PATIENCE).getFirst().values().getFirst()))
        .isEqualTo(10);
    long groups = ROWS / 1_000;
    assertThat(node.datasets().stats().groupsSkipped() - skipped)
        .isBetween(groups - 4, groups + 20);
    Filter none = new Filter.Compare(0, Filter.Op.LT, Value.of(0));
    assertThat(whole(tables.aggregate(table, none, count, PATIENCE).getFirst().values().getFirst()))
        .isZero();
  }

  @Test
  void read_givesArrowBatchesInTheOrderOfTheFiles() throws IOException {
    NsObject table = points("/read");
    long row = 0;
    try (ArrowReader reader = tables.read(table, List.of("team", "id"), PATIENCE)) {
      while (reader.loadNextBatch()) {
        var batch = reader.getVectorSchemaRoot();
        BigIntVector ids = (BigIntVector) batch.getVector("id");
        VarCharVector teams = (VarCharVector) batch.getVector("team");
        for (int i = 0; i < batch.getRowCount(); i++, row++) {
          assertThat(ids.get(i)).isEqualTo(row);
          assertThat(teams.getObject(i)).hasToString("team" + row % 7);
        }
      }
    }
    assertThat(row).isEqualTo(ROWS);
    assertThatThrownBy(() -> tables.read(table, List.of("none"), PATIENCE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no such column: table=/read column=none known=[id, team, points]");
  }

  /** An engine that is not ours, over the extents where they lie. */
  @Test
  void duckDb_answersAsWeDo() throws Exception {
    NsObject table = points("/duckdb");
    assertThat(DuckDb.answer(tables, table))
        .hasSize(7)
        .isEqualTo(DuckDb.ours(tables, table))
        .isEqualTo(DuckDb.answer(tables, table));
    assertThat(node.ager().stats().pinnedBytes()).as("all was given back").isZero();
  }

  @Test
  void shares_areAllRowsByOwner() {
    NsObject table = points("/shares");
    assertThat(tables.isTable(table)).isTrue();
    assertThat(tables.shares(table, List.of()))
        .hasSize(1)
        .allSatisfy(
            share -> {
              assertThat(share.owner()).isEqualTo(node.self().node());
              assertThat(share.rows()).isEqualTo(ROWS);
              assertThat(share.groups()).isGreaterThanOrEqualTo(ROWS / 1_000);
              assertThat(share.bytes())
                  .isGreaterThan(tables.shares(table, List.of("id")).getFirst().bytes());
            });
    assertThat(tables.schema(table, List.of("points", "id")).getFields())
        .containsExactly(schema.findField("points"), schema.findField("id"));
  }

  @Test
  void append_isBehindTheRowsOfTheTable_andReadersKeepTheirVersion() throws IOException {
    Path file = Files.writeString(directory.resolve("more.csv"), "points,id,team\n7,1,x\n,2,y\n");
    NsObject first = points("/appended");
    Source more =
        new Source.Files(tables.inputs().find(List.of(file.toString())), Format.Csv.DEFAULT);
    Schema columns = tables.schema(first);
    Schema others = SchemaText.parse("id:string");
    assertThatThrownBy(() -> tables.append(first, more, others, SMALL, Progress.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "not the columns of the table: name=/appended column=0 found=[id:string]"
                + " wanted=[id:long?, team:string?, points:long?]");
    try (ArrowReader reader = tables.read(first, List.of("id"), PATIENCE)) {
      NsObject second = tables.append(first, more, columns, SMALL, Progress.NONE);
      assertThat(count(second)).isEqualTo(ROWS + 2);
      assertThat(lastTeam(second)).isEqualTo("y");
      assertThat(rows(reader)).isEqualTo(ROWS);
    }
    assertThat(count(first)).isEqualTo(ROWS);
    Files.writeString(file, "id,team\nx,b\ny,c\n");
    Source bad =
        new Source.Files(tables.inputs().find(List.of(file.toString())), Format.Csv.DEFAULT);
    assertThatThrownBy(
            () ->
                tables.append(
                    first, bad, columns, SMALL.withBadRows(BadRowLimit.ofCount(1)), Progress.NONE))
        .hasMessageContaining("bad");
    NsObject now = node.namespaces().lookup(NsHandle.ROOT, "/appended").orElseThrow();
    assertThat(count(now)).isEqualTo(ROWS + 2);
  }

  @Test
  void rows_areFilteredWhereTheyAre_andStreamed() throws IOException {
    NsObject table = points("/streamed");
    long skipped = node.datasets().stats().groupsSkipped();
    Filter some =
        Filter.and(
            new Filter.Between(0, Value.of(1_500), Value.of(9_499)),
            new Filter.IsNull(2),
            Filter.not(new Filter.Compare(1, Filter.Op.EQ, Value.of("team3"))));
    List<Long> wanted = new ArrayList<>();
    for (long row = 1_500; row < 9_500; row++) {
      if (row % 5 == 0 && row % 7 != 3) {
        wanted.add(row);
      }
    }
    for (ScanOrder order : ScanOrder.values()) {
      List<Long> found = new ArrayList<>();
      try (ArrowReader reader = tables.rows(table, List.of("team", "id"), some, order, PATIENCE)) {
        while (reader.loadNextBatch()) {
          var batch = reader.getVectorSchemaRoot();
          BigIntVector ids = (BigIntVector) batch.getVector("id");
          VarCharVector teams = (VarCharVector) batch.getVector("team");
          for (int i = 0; i < batch.getRowCount(); i++) {
            found.add(ids.get(i));
            assertThat(teams.getObject(i)).hasToString("team" + ids.get(i) % 7);
          }
        }
      }
      if (order == ScanOrder.ORDERED) {
        assertThat(found).isEqualTo(wanted);
      } else {
        assertThat(found).containsExactlyInAnyOrderElementsOf(wanted);
      }
    }
    assertThat(node.datasets().stats().groupsSkipped() - skipped)
        .isGreaterThanOrEqualTo(2L * (ROWS - 10_000) / 1_000);
    try (ArrowReader all =
        tables.rows(table, List.of(), Filter.all(), ScanOrder.ORDERED, PATIENCE)) {
      assertThat(rows(all)).isEqualTo(ROWS);
    }
    assertThatThrownBy(
            () ->
                tables.rows(table, List.of("id", "id"), Filter.all(), ScanOrder.ORDERED, PATIENCE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a column more than once: table=/streamed columns=[id, id]");
    assertThat(node.datasets().stats().streams()).isZero();
  }

  private long count(NsObject table) {
    Aggregate count = new Aggregate(List.of(), List.of(Measure.rows()), 1);
    return whole(
        tables.aggregate(table, Filter.all(), count, PATIENCE).getFirst().values().getFirst());
  }

  private static long rows(ArrowReader reader) throws IOException {
    long rows = 0;
    while (reader.loadNextBatch()) {
      rows += reader.getVectorSchemaRoot().getRowCount();
    }
    return rows;
  }

  private String lastTeam(NsObject table) throws IOException {
    String last = "";
    try (ArrowReader reader = tables.read(table, List.of("team"), PATIENCE)) {
      while (reader.loadNextBatch()) {
        var batch = reader.getVectorSchemaRoot();
        last = String.valueOf(batch.getVector("team").getObject(batch.getRowCount() - 1));
      }
    }
    return last;
  }

  @Test
  void badRows_areKeptAsideWithReasons_andFailTheLoadAboveTheLimit() throws IOException {
    Path file = directory.resolve("bad.csv");
    Files.writeString(file, "id,team\n1,a\nx,b\n3,c\n4\n");
    Source source =
        new Source.Files(tables.inputs().find(List.of(file.toString())), Format.Csv.DEFAULT);
    Schema columns = SchemaText.parse("id:long, team:string");
    NsObject table = load("/bad", source, columns, SMALL.withBadRows(BadRowLimit.ofCount(2)));
    assertThat(node.datasets().descriptor(table).rows()).isEqualTo(2);
    assertThat(tables.badRows(table)).isEqualTo(2);
    List<String> lines = new ArrayList<>();
    tables.badRows(table, lines::add, PATIENCE);
    assertThat(lines).hasSize(2);
    assertThat(lines.getFirst()).contains("bad.csv\"", "\"byte\":12", "\"reason\":", "\"x,b\"");
    assertThatThrownBy(
            () -> load("/worse", source, columns, SMALL.withBadRows(BadRowLimit.ofCount(1))))
        .isInstanceOf(DatasetsException.FunctionFailed.class)
        .hasMessageContaining("bad");
    assertThat(node.namespaces().lookup(NsHandle.ROOT, "/worse")).isEmpty();
  }

  /** Each split is within the limit, all together are not. */
  @Test
  void badRows_ofAllSplitsTogether_failTheLoad() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int row = 0; row < 4_000; row++) {
      text.append(row % 500 == 0 ? "x\n" : row + "\n");
    }
    Path file = Files.writeString(directory.resolve("many.csv"), text);
    Source source =
        new Source.Files(
            tables.inputs().find(List.of(file.toString())),
            Format.Csv.DEFAULT.withHeader(false),
            3_000);
    assertThatThrownBy(
            () ->
                load(
                    "/many",
                    source,
                    SchemaText.parse("f0:long"),
                    SMALL.withBadRows(BadRowLimit.ofCount(7))))
        .isInstanceOf(Tables.TooManyBadRows.class)
        .hasMessage("too many bad rows: table=/many bad=8 good=3992 maxCount=7 maxShare=1.0");
    assertThat(node.namespaces().lookup(NsHandle.ROOT, "/many")).isEmpty();
  }

  @Test
  void table_ofTpch_answersAsItsGeneratorDoes() {
    Tpch orders = new Tpch("orders", 0.01);
    NsObject table =
        load("/orders", new Source.Made(orders, 3), orders.schema(), ReadOptions.DEFAULTS);
    Aggregate count = new Aggregate(List.of(), List.of(Measure.rows()), 1);
    assertThat(
            whole(
                tables
                    .aggregate(table, Filter.all(), count, PATIENCE)
                    .getFirst()
                    .values()
                    .getFirst()))
        .isEqualTo(15_000);
  }

  @Test
  void query_keepsDerivesAndJoinsWhereTheRowsAre() {
    NsObject table = points("/query");
    TableQuery some = tables.query(table).keep("id", Filter.Op.LT, Value.of(30_000));
    some.keep("team", Filter.Op.EQ, Value.of("team3"));
    KeyMap third = some.keys(some.column("id"), some.column("points"), PATIENCE);
    Map<Long, Long> wanted = new TreeMap<>();
    for (long id = 3; id < 30_000; id += 7) {
      if (id % 5 != 0) {
        wanted.put(id, id % 100);
      }
    }
    assertThat(third.keys()).containsExactly(wanted.keySet().stream().mapToLong(n -> n).toArray());
    wanted.forEach((id, points) -> assertThat(third.find(id)).hasValue(points));
    TableQuery joined = tables.query(table);
    int points = joined.join("id", third);
    int doubled =
        joined.derive(Expression.column(points).plus(joined.of("points")).times(joined.of("id")));
    Aggregate.Row sums =
        joined
            .aggregate(
                new Aggregate(
                    List.of(), List.of(Measure.rows(), new Measure(Kind.SUM, doubled)), 1),
                PATIENCE)
            .getFirst();
    assertThat(whole(sums.values().get(0))).isEqualTo(wanted.size());
    assertThat(whole(sums.values().get(1)))
        .isEqualTo(wanted.entrySet().stream().mapToLong(e -> 2 * e.getKey() * e.getValue()).sum());
  }

  @Test
  void query_thatCannotBeAnswered_saysWhy() {
    NsObject table = points("/questions");
    assertThatThrownBy(() -> tables.query(table).column("none"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no such column: table=/questions column=none known=[id, team, points]");
    TableQuery early = tables.query(table).keep(new Filter.IsNull(3));
    early.derive(Expression.literal(1));
    assertThatThrownBy(() -> early.keys("id", PATIENCE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no such column: table=/questions column=3 columns=3");
    TableQuery text = tables.query(table);
    int length = text.derive(text.of("team"));
    assertThatThrownBy(
            () ->
                text.aggregate(
                    new Aggregate(List.of(length), List.of(Measure.rows()), 1), PATIENCE))
        .isInstanceOf(DatasetsException.FunctionFailed.class)
        .hasMessageContaining("neither integers nor decimals: column=1 of=BYTES");
    assertThatThrownBy(() -> tables.query(table).keys("points", PATIENCE))
        .isInstanceOf(DatasetsException.FunctionFailed.class)
        .hasMessageContaining("key is not unique");
    KeyMap.Builder large = new KeyMap.Builder();
    for (int i = 0; i < 400_000; i++) {
      large.put(i * 20_000L, 1);
    }
    TableQuery beyond = tables.query(table);
    beyond.join("id", large.build());
    assertThatThrownBy(() -> beyond.keys("id", PATIENCE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("arguments too large: bytes=")
        .hasMessageEndingWith(" max=1048576");
  }

  /** Beside what comes out, so that a join that reads no group is told apart from one that does. */
  @Test
  void query_readsOnlyGroupsThatMayHaveSuchRows() {
    NsObject table = points("/queried");
    long skipped = node.datasets().stats().groupsSkipped();
    TableQuery few =
        tables.query(table).keep(new Filter.Between(0, Value.of(20_500), Value.of(20_509)));
    assertThat(few.keys("id", PATIENCE).size()).isEqualTo(10);
    assertThat(node.datasets().stats().groupsSkipped() - skipped)
        .isBetween(ROWS / 1_000 - 4L, ROWS / 1_000 + 20L);
  }

  @Test
  void whatIsNoTable_isSaid() {
    NsObject text =
        node.namespaces().create(NsHandle.ROOT, "/text", "text", Lifetime.DURABLE, new byte[1]);
    assertThat(tables.isTable(text)).isFalse();
    assertThatThrownBy(() -> tables.schema(text)).isInstanceOf(DatasetsException.NotADataset.class);
    NsObject lines =
        node.datasets()
            .loadLines(
                NsHandle.ROOT,
                "/lines",
                Lifetime.DURABLE,
                new java.io.ByteArrayInputStream(new byte[] {'a', '\n'}),
                Progress.NONE);
    assertThatThrownBy(() -> tables.schema(lines))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("not a table: name=/lines reason=");
    NsObject table = points("/columns");
    Aggregate beyond = new Aggregate(List.of(3), List.of(Measure.rows()), 1);
    assertThatThrownBy(() -> tables.aggregate(table, Filter.all(), beyond, PATIENCE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no such column: table=/columns column=3 columns=3");
  }
}

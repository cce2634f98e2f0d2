package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.columns.ColumnMemory;
import io.quire.datasets.LoadOptions;
import io.quire.datasets.Progress;
import io.quire.formats.SchemaText;
import io.quire.ns.Lifetime;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.tables.TableShare;
import io.quire.tables.Tables;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.ObjIntConsumer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tables of Arrow batches that somebody else made, on a real node. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BatchesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Schema COLUMNS = SchemaText.parse("id:long, name:string?");

  @TempDir private static Path directory;

  private final BufferAllocator memory = ColumnMemory.open(Long.MAX_VALUE);
  private Node node;
  private Tables tables;

  @BeforeAll
  void start() {
    node =
        Node.open(
            NodeConfig.load(null, List.of("memory=16MiB", "data=" + directory.resolve("data"))));
    tables = node.tables();
  }

  @AfterAll
  void stop() {
    node.close();
    memory.close();
  }

  /** A stream of Arrow of batches of so many rows, whose ids count up. */
  private ArrowReader stream(Schema schema, int... batches) throws IOException {
    int[] next = {0};
    return stream(
        schema,
        (root, rows) -> {
          for (int i = 0; i < rows; i++) {
            ((BigIntVector) root.getVector(0)).setSafe(i, next[0]);
            if (next[0] % 5 != 0) {
              byte[] name = ("é" + next[0] % 100).getBytes(StandardCharsets.UTF_8);
              ((VarCharVector) root.getVector(1)).setSafe(i, name);
            }
            next[0]++;
          }
        },
        batches);
  }

  private ArrowReader stream(Schema schema, ObjIntConsumer<VectorSchemaRoot> fill, int... batches)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (VectorSchemaRoot root = VectorSchemaRoot.create(schema, memory);
        ArrowStreamWriter writer = new ArrowStreamWriter(root, null, bytes)) {
      writer.start();
      for (int rows : batches) {
        root.clear();
        root.allocateNew();
        fill.accept(root, rows);
        root.setRowCount(rows);
        writer.writeBatch();
      }
      writer.end();
    }
    return new ArrowStreamReader(new ByteArrayInputStream(bytes.toByteArray()), memory);
  }

  private NsObject load(String name, ArrowReader rows, Optional<UUID> mark) {
    return tables.load(
        NsHandle.ROOT, name, Lifetime.DURABLE, LoadOptions.DEFAULTS, rows, mark, Progress.NONE);
  }

  private NsObject load(String name, ArrowReader rows) {
    return load(name, rows, Optional.empty());
  }

  /** Ids and names, one behind the other. */
  private List<String> rows(NsObject table) throws IOException {
    List<String> rows = new ArrayList<>();
    try (ArrowReader reader = tables.read(table, List.of(), PATIENCE)) {
      while (reader.loadNextBatch()) {
        VectorSchemaRoot root = reader.getVectorSchemaRoot();
        for (int i = 0; i < root.getRowCount(); i++) {
          rows.add(root.getVector(0).getObject(i) + " " + root.getVector(1).getObject(i));
        }
      }
    }
    return rows;
  }

  private static List<String> expected(int... counts) {
    List<String> rows = new ArrayList<>();
    for (int count : counts) {
      for (int i = 0; i < count; i++) {
        rows.add(i + " " + (i % 5 == 0 ? "null" : "é" + i % 100));
      }
    }
    return rows;
  }

  private int groups(NsObject table) {
    return tables.shares(table, List.of()).stream().mapToInt(TableShare::groups).sum();
  }

  @Test
  void batches_becomeRowGroupsOfAGoodSize_inTheirOrder() throws IOException {
    try (ArrowReader reader = stream(COLUMNS, 100_000, 7, 0, 1, 3_000, 65_536, 40_000)) {
      NsObject table = load("/batches", reader);
      assertThat(tables.schema(table)).isEqualTo(COLUMNS);
      assertThat(rows(table)).isEqualTo(expected(208_544));
      assertThat(groups(table)).as("two, one of short ones, two").isEqualTo(5);
    }
    int[] many = new int[400];
    java.util.Arrays.fill(many, 50);
    try (ArrowReader reader = stream(COLUMNS, many)) {
      NsObject table = load("/short", reader);
      assertThat(rows(table)).isEqualTo(expected(20_000));
      assertThat(groups(table)).isEqualTo(1);
    }
  }

  @Test
  void longValues_makeRowGroupsOfFewRows() throws IOException {
    byte[] name = "x".repeat(1_000_000).getBytes(StandardCharsets.UTF_8);
    ObjIntConsumer<VectorSchemaRoot> fill =
        (root, rows) -> {
          for (int i = 0; i < rows; i++) {
            ((BigIntVector) root.getVector(0)).setSafe(i, i);
            ((VarCharVector) root.getVector(1)).setSafe(i, name);
          }
        };
    try (ArrowReader reader = stream(COLUMNS, fill, 40)) {
      NsObject table = load("/long", reader);
      assertThat(groups(table)).isBetween(3, 4);
      assertThat(rows(table)).hasSize(40);
    }
  }

  @Test
  void append_takesTheColumnsOfTheTable_andNoOthers() throws IOException {
    NsObject table;
    try (ArrowReader reader = stream(COLUMNS, 10)) {
      table = load("/grows", reader);
    }
    // What is told of nulls need not be the same.
    try (ArrowReader reader = stream(SchemaText.parse("id:long?, name:string?"), 20)) {
      table = tables.append(table, reader, Optional.empty(), Progress.NONE);
    }
    assertThat(rows(table)).isEqualTo(expected(10, 20));
    NsObject grown = table;
    Map<String, Integer> others =
        Map.of(
            "id:long", 1,
            "id:int, name:string?", 0,
            "id:long, name:long?", 1,
            "id:long, name:string?, more:long", 2,
            "name:string?, id:long", 0);
    for (String other : others.keySet()) {
      Schema columns = SchemaText.parse(other);
      try (ArrowReader reader = stream(columns, (_, _) -> {}, 1)) {
        assertThatThrownBy(() -> tables.append(grown, reader, Optional.empty(), Progress.NONE))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage(
                "not the columns of the table: name=/grows column=%d found=[%s]"
                        .formatted(others.get(other), other)
                    + " wanted=[id:long, name:string?]");
      }
    }
    assertThat(node.namespaces().lookup(grown.xid())).contains(grown);
  }

  @Test
  void loadWithAMark_thatIsDoneAgain_takesEffectOnce() throws IOException {
    Optional<UUID> mark = Optional.of(UUID.randomUUID());
    for (int again = 0; again < 2; again++) {
      try (ArrowReader reader = stream(COLUMNS, 10)) {
        assertThat(rows(load("/once", reader, mark))).isEqualTo(expected(10));
      }
    }
    try (ArrowReader reader = stream(COLUMNS, 10)) {
      assertThatThrownBy(() -> load("/once", reader)).isInstanceOf(NsException.NameTaken.class);
    }
    NsObject table = node.namespaces().lookup(NsHandle.ROOT, "/once").orElseThrow();
    Optional<UUID> more = Optional.of(UUID.randomUUID());
    for (int again = 0; again < 2; again++) {
      try (ArrowReader reader = stream(COLUMNS, 10)) {
        NsObject grown = tables.append(table, reader, more, Progress.NONE);
        assertThat(rows(grown)).isEqualTo(expected(10, 10));
      }
    }
  }

  @Test
  void whatCannotBeATable_isRefused_andLeavesNothing() throws IOException {
    assertRefused(
        stream(new Schema(List.of())), "not a number of columns: found=0 allowed=1..10000");
    Field id = COLUMNS.findField("id");
    assertRefused(stream(new Schema(List.of(id, id))), "a column more than once: column=id");
    Field none = new Field("none", FieldType.nullable(new ArrowType.Null()), null);
    assertRefused(stream(new Schema(List.of(none))), "");
    assertRefused(coded(), "dictionaries are not supported: field=coded");
    assertRefused(
        stream(COLUMNS, (_, _) -> {}, 3), "null in a column that may have none: column=id");
    Schema text = SchemaText.parse("name:string?");
    assertRefused(
        stream(
            text,
            (root, _) -> ((VarCharVector) root.getVector(0)).setSafe(2, new byte[] {'a', -1}),
            3),
        "malformed batch: reason=[Non-UTF-8 data");
    assertRefused(
        stream(
            text,
            (root, _) -> {
              ((VarCharVector) root.getVector(0)).setSafe(2, new byte[100]);
              root.getVector(0).getOffsetBuffer().setInt(8, 1_000_000);
            },
            3),
        "malformed batch: reason=[");
    // The end of the stream is missing.
    ArrowReader whole = stream(COLUMNS, 10);
    ArrowReader cut =
        new ArrowStreamReader(new ByteArrayInputStream(new byte[0]), memory) {
          @Override
          public VectorSchemaRoot getVectorSchemaRoot() throws IOException {
            return whole.getVectorSchemaRoot();
          }

          @Override
          public boolean loadNextBatch() throws IOException {
            if (whole.loadNextBatch()) {
              return true;
            }
            throw new IOException("broken");
          }
        };
    assertThatThrownBy(() -> load("/wrong", cut))
        .isInstanceOf(UncheckedIOException.class)
        .hasRootCauseMessage("broken");
    whole.close();
    assertThat(node.namespaces().lookup(NsHandle.ROOT, "/wrong")).isEmpty();
  }

  /** Numbers of texts, which come apart from them. */
  private ArrowReader coded() throws IOException {
    DictionaryEncoding encoding = new DictionaryEncoding(1, false, null);
    Field field =
        new Field("coded", new FieldType(true, new ArrowType.Int(32, true), encoding), null);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (VarCharVector texts = new VarCharVector("texts", memory);
        VectorSchemaRoot root = VectorSchemaRoot.create(new Schema(List.of(field)), memory);
        ArrowStreamWriter writer =
            new ArrowStreamWriter(
                root,
                new DictionaryProvider.MapDictionaryProvider(new Dictionary(texts, encoding)),
                bytes)) {
      texts.setSafe(0, "one".getBytes(StandardCharsets.UTF_8));
      texts.setValueCount(1);
      root.allocateNew();
      root.setRowCount(1);
      writer.start();
      writer.writeBatch();
      writer.end();
    }
    return new ArrowStreamReader(new ByteArrayInputStream(bytes.toByteArray()), memory);
  }

  private void assertRefused(ArrowReader reader, String message) throws IOException {
    try (reader) {
      assertThatThrownBy(() -> load("/wrong", reader))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(message);
    }
    assertThat(node.namespaces().lookup(NsHandle.ROOT, "/wrong")).isEmpty();
  }
}

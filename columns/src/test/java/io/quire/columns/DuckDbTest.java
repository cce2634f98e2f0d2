package io.quire.columns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.types.pojo.Field;
import org.duckdb.DuckDBConnection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Row groups in an engine that is not ours. */
final class DuckDbTest {
  private static final int GROUPS = 5;
  private static final int ROWS = 1000;

  private final Random random = new Random(3);
  private final Arena arena = Arena.ofShared();
  private final AtomicInteger released = new AtomicInteger();
  private BufferAllocator allocator;

  @BeforeEach
  void open() {
    allocator = ColumnMemory.open(Long.MAX_VALUE);
  }

  @AfterEach
  void close() {
    allocator.close();
    arena.close();
  }

  @Test
  void query_overSeveralGroups_hasOurAnswers() throws Exception {
    List<List<MemorySegment>> blocks = blocks();
    Filter filter =
        Filter.and(
            new Filter.Compare(0, Filter.Op.GE, Value.of(10)),
            new Filter.Prefix(1, (Value.Bytes) Value.of("b")));
    long[] ours = new long[2];
    for (List<MemorySegment> group : blocks) {
      try (RowGroup rows = view(group)) {
        BigIntVector numbers = (BigIntVector) rows.column(0);
        filter
            .select(rows)
            .forEach(
                row -> {
                  ours[0]++;
                  ours[1] += numbers.get(row);
                });
      }
    }
    assertThat(ours[0]).isPositive();
    assertThat(
            query(blocks, "select count(*), sum(n) from t where n >= 10 and starts_with(s, 'b')"))
        .containsExactly(String.valueOf(ours[0]), String.valueOf(ours[1]));
    // All was given back, by us and by the engine.
    assertThat(released).hasValue(2 * 2 * GROUPS);
  }

  /** But milliseconds that are beyond what it keeps, in microseconds. */
  @Test
  void allTypes_areReadByTheEngine() throws Exception {
    List<FieldVector> vectors = new ArrayList<>();
    List<Field> fields =
        RandomColumns.flat().stream()
            .filter(field -> !field.getName().contains("MILLISECOND"))
            .toList();
    for (Field field : fields) {
      vectors.add(RandomColumns.make(field, 100, 0.3, random, allocator));
    }
    int[] numbers = IntStream.range(0, fields.size()).toArray();
    List<String> ours = new ArrayList<>();
    StringBuilder counts = new StringBuilder();
    for (FieldVector vector : vectors) {
      ours.add(String.valueOf(100 - vector.getNullCount()));
      counts
          .append(counts.isEmpty() ? "select " : ", ")
          .append("count(\"" + vector.getName() + "\")");
    }
    RowGroup group = RowGroup.of(100, numbers, vectors);
    assertThat(query(fields, List.of(group), counts + " from t")).isEqualTo(ours);
  }

  /** The stream gives the addresses of the blocks. */
  @Test
  void reader_handsOnTheBytesOfTheBlocks() throws IOException {
    List<List<MemorySegment>> blocks = blocks();
    try (RowGroupReader reader = reader(blocks)) {
      for (List<MemorySegment> group : blocks) {
        assertThat(reader.loadNextBatch()).isTrue();
        assertThat(reader.getVectorSchemaRoot().getRowCount()).isEqualTo(ROWS);
        for (int i = 0; i < 2; i++) {
          FieldVector vector = reader.getVectorSchemaRoot().getVector(i);
          MemorySegment block = group.get(i);
          vector
              .getFieldBuffers()
              .forEach(
                  buffer ->
                      assertThat(buffer.memoryAddress())
                          .isBetween(block.address(), block.address() + block.byteSize()));
        }
      }
      assertThat(reader.loadNextBatch()).isFalse();
      assertThat(reader.getVectorSchemaRoot().getRowCount()).isZero();
      assertThat(released).hasValue(2 * GROUPS);
    }
  }

  @Test
  void groupWithOtherColumns_isRefused() throws IOException {
    List<List<MemorySegment>> blocks = blocks();
    RowGroup other =
        RowGroup.of(
            ROWS,
            new int[] {1},
            List.of(ColumnBlock.view(blocks.get(0).get(1), allocator, released::incrementAndGet)));
    try (RowGroupReader reader =
        new RowGroupReader(allocator, fields(blocks), List.of(other).iterator())) {
      assertThatThrownBy(reader::loadNextBatch)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("other columns");
      assertThat(released).hasValue(1);
    }
  }

  @Test
  void rowGroup_wantsWhatFits() {
    List<List<MemorySegment>> blocks = blocks();
    try (RowGroup group = view(blocks.get(0))) {
      List<FieldVector> vectors = group.root().getFieldVectors();
      assertThatThrownBy(() -> RowGroup.of(ROWS - 1, new int[] {0, 1}, vectors))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> RowGroup.of(ROWS, new int[] {1, 1}, vectors))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> RowGroup.of(ROWS, new int[] {1}, vectors))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(group.columns()).containsExactly(0, 1);
    }
  }

  private List<String> query(List<List<MemorySegment>> blocks, String sql) throws Exception {
    List<RowGroup> groups = new ArrayList<>();
    blocks.forEach(group -> groups.add(view(group)));
    return query(fields(blocks), groups, sql);
  }

  private List<String> query(List<Field> fields, List<RowGroup> groups, String sql)
      throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
        ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator)) {
      RowGroupReader reader = new RowGroupReader(allocator, fields, groups.iterator());
      Data.exportArrayStream(allocator, reader, stream);
      ((DuckDBConnection) connection).registerArrowStream("t", stream);
      try (Statement statement = connection.createStatement();
          ResultSet result = statement.executeQuery(sql)) {
        assertThat(result.next()).isTrue();
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          row.add(result.getString(i));
        }
        return row;
      }
    }
  }

  private RowGroupReader reader(List<List<MemorySegment>> blocks) {
    List<RowGroup> groups = new ArrayList<>();
    blocks.forEach(group -> groups.add(view(group)));
    return new RowGroupReader(allocator, fields(blocks), groups.iterator());
  }

  private static List<Field> fields(List<List<MemorySegment>> blocks) {
    return blocks.get(0).stream().map(ColumnBlock::field).toList();
  }

  private RowGroup view(List<MemorySegment> group) {
    List<FieldVector> vectors = new ArrayList<>();
    for (MemorySegment block : group) {
      vectors.add(ColumnBlock.view(block, allocator, released::incrementAndGet));
    }
    return RowGroup.of(ROWS, new int[] {0, 1}, vectors);
  }

  /** Of each group a column of numbers and one of text. */
  private List<List<MemorySegment>> blocks() {
    List<List<MemorySegment>> blocks = new ArrayList<>();
    for (int group = 0; group < GROUPS; group++) {
      try (BigIntVector numbers = new BigIntVector("n", allocator);
          VarCharVector texts = new VarCharVector("s", allocator)) {
        for (int row = 0; row < ROWS; row++) {
          if (random.nextInt(10) > 0) {
            numbers.setSafe(row, random.nextInt(100) - 50);
          }
          String text = "abc".charAt(random.nextInt(3)) + "x".repeat(random.nextInt(20));
          texts.setSafe(row, text.getBytes(StandardCharsets.UTF_8));
        }
        numbers.setValueCount(ROWS);
        texts.setValueCount(ROWS);
        blocks.add(List.of(Blocks.of(numbers, arena), Blocks.of(texts, arena)));
      }
    }
    return blocks;
  }
}

package io.quire.tables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.columns.ColumnMemory;
import io.quire.formats.SchemaText;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How batches of any size become row groups; no memory is left of them, whatever happens. */
final class RegroupingTest {
  private static final long SEED = 20_261_123;
  private static final Schema COLUMNS = SchemaText.parse("id:long, name:string?");
  private static final int ROWS_MAX = 1_000;
  private static final long BYTES_MAX = 64 << 10;

  private final BufferAllocator memory = ColumnMemory.open(Long.MAX_VALUE);

  @AfterEach
  void nothingIsLeft() {
    memory.close();
  }

  /** A batch of so many rows, whose names are so long. */
  private record Made(int rows, int nameBytes) {}

  private ArrowReader stream(List<Made> batches) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int next = 0;
    try (VectorSchemaRoot root = VectorSchemaRoot.create(COLUMNS, memory);
        ArrowStreamWriter writer = new ArrowStreamWriter(root, null, bytes)) {
      writer.start();
      for (Made batch : batches) {
        root.clear();
        root.allocateNew();
        for (int i = 0; i < batch.rows; i++) {
          ((BigIntVector) root.getVector(0)).setSafe(i, next);
          if (next % 7 != 0) {
            ((VarCharVector) root.getVector(1)).setSafe(i, name(next, batch.nameBytes));
          }
          next++;
        }
        root.setRowCount(batch.rows);
        writer.writeBatch();
      }
      writer.end();
    }
    return new ArrowStreamReader(new ByteArrayInputStream(bytes.toByteArray()), memory);
  }

  private static byte[] name(int id, int bytes) {
    String digits = Integer.toString(id);
    return (digits + "x".repeat(Math.max(0, bytes - digits.length())))
        .getBytes(StandardCharsets.UTF_8);
  }

  private void regroup(List<Made> batches, Consumer<VectorSchemaRoot> groups) throws IOException {
    try (ArrowReader reader = stream(batches);
        Regrouping regrouping = new Regrouping(COLUMNS, ROWS_MAX, BYTES_MAX, memory, groups)) {
      regrouping.takeAll(reader);
    }
  }

  /** The rows of each group; all rows have to be those that were put in, in their order. */
  private List<Integer> sizes(List<Made> batches) throws IOException {
    List<Integer> sizes = new ArrayList<>();
    int[] seen = {0};
    regroup(
        batches,
        group -> {
          sizes.add(group.getRowCount());
          for (int i = 0; i < group.getRowCount(); i++) {
            int id = seen[0]++;
            assertThat(((BigIntVector) group.getVector(0)).get(i)).isEqualTo(id);
            VarCharVector names = (VarCharVector) group.getVector(1);
            assertThat(names.isNull(i)).isEqualTo(id % 7 == 0);
            assertThat(id % 7 == 0 || names.getObject(i).toString().startsWith("" + id)).isTrue();
          }
        });
    assertThat(seen[0]).isEqualTo(batches.stream().mapToInt(Made::rows).sum());
    return sizes;
  }

  @Test
  void shortBatches_arePutTogether_andLongOnesDivided() throws IOException {
    assertThat(sizes(List.of())).isEmpty();
    assertThat(sizes(List.of(new Made(0, 0), new Made(1, 5), new Made(0, 0)))).containsExactly(1);
    List<Made> hundred = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      hundred.add(new Made(25, 5));
    }
    assertThat(sizes(hundred)).containsExactly(1_000, 1_000, 500);
    assertThat(sizes(List.of(new Made(ROWS_MAX, 5)))).containsExactly(1_000);
    assertThat(sizes(List.of(new Made(2_400, 5)))).containsExactly(800, 800, 800);
    assertThat(sizes(List.of(new Made(3, 5), new Made(900, 5), new Made(4, 5))))
        .containsExactly(907);
  }

  @Test
  void longValues_makeGroupsOfFewRows() throws IOException {
    assertThat(sizes(List.of(new Made(100, 5_000))))
        .hasSizeBetween(7, 12)
        .allMatch(rows -> rows <= 16);
    assertThat(sizes(List.of(new Made(1, 5), new Made(1, 200_000), new Made(1, 200_000))))
        .containsExactly(1, 1, 1);
  }

  @Test
  void batchesOfAnySize_keepTheirOrder_andNoGroupIsBeyondTheLimits() throws IOException {
    for (long seed = SEED; seed < SEED + 40; seed++) {
      Random random = new Random(seed);
      List<Made> batches = new ArrayList<>();
      for (int left = random.nextInt(30); left > 0; left--) {
        int rows = random.nextInt(random.nextBoolean() ? 20 : 2_500);
        batches.add(new Made(rows, random.nextInt(40)));
      }
      assertThat(sizes(batches)).as("seed=%d", seed).allMatch(rows -> rows <= ROWS_MAX);
    }
  }

  @Test
  void failureOfWhoTakesThem_leavesNoMemory() {
    int[] given = {0};
    assertThatThrownBy(
            () ->
                regroup(
                    List.of(new Made(900, 5), new Made(10, 5), new Made(995, 5)),
                    _ -> {
                      if (++given[0] == 2) {
                        throw new IllegalStateException("no room");
                      }
                    }))
        .hasMessage("no room");
  }
}

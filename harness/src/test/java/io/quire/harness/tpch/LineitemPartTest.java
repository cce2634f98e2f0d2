package io.quire.harness.tpch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.trino.tpch.LineItem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LineitemPartTest {
  @Test
  void load_everyColumn_holdsTheRowsOfTheGenerator() throws Exception {
    LineitemPart part = small(2, 3).withRowsPerGroup(1000);
    try (Arena arena = Arena.ofConfined()) {
      Iterator<LineItem> expected = part.rows().iterator();
      for (LoadedGroup group : LoadedGroup.load(part, arena)) {
        for (int row = 0; row < group.rows(); row++) {
          assertThat(values(group, row)).isEqualTo(values(expected.next()));
        }
      }
      assertThat(expected.hasNext()).isFalse();
    }
  }

  @Test
  void load_atScaleOne_beginsWithTheRowThatTpchPublishes() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      LoadedGroup first = LoadedGroup.load(LineitemPart.of(1, 1, 1000), arena).getFirst();
      assertThat(values(first, 0))
          .containsExactly(
              1L,
              155190L,
              7706L,
              1L,
              1700L,
              21168_23L,
              4L,
              2L,
              (long) 'N',
              (long) 'O',
              LocalDate.of(1996, 3, 13).toEpochDay(),
              LocalDate.of(1996, 2, 12).toEpochDay(),
              LocalDate.of(1996, 3, 22).toEpochDay(),
              "DELIVER IN PERSON",
              "TRUCK",
              "egular courts above the");
    }
  }

  @Test
  void load_groups_areFullUpToTheLast() throws Exception {
    List<Integer> sizes = new ArrayList<>();
    long rows =
        small(1, 2)
            .withRowsPerGroup(4096)
            .load(
                (group, groupRows, column, _, _) -> {
                  assertThat(group).isEqualTo(column == 0 ? sizes.size() : sizes.size() - 1);
                  if (column == 0) {
                    sizes.add(groupRows);
                  }
                });
    assertThat(sizes.subList(0, sizes.size() - 1)).isNotEmpty().containsOnly(4096);
    assertThat(sizes.getLast()).isBetween(1, 4096);
    assertThat(sizes.stream().mapToLong(size -> size).sum()).isEqualTo(rows);
  }

  @Test
  void load_partsOneAfterTheOther_giveTheWholeTable() throws Exception {
    List<List<Object>> whole = allRows(1);
    assertThat(whole).hasSize(60_175);
    assertThat(allRows(7)).isEqualTo(whole);
  }

  @Test
  void load_otherCommentPool_changesOnlyComments() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      LoadedGroup one = LoadedGroup.load(small(1, 4), arena).getFirst();
      LoadedGroup other = LoadedGroup.load(small(1, 4).withCommentPool(64 << 10), arena).getFirst();
      for (Lineitem column : Lineitem.values()) {
        assertThat(one.block(column).mismatch(other.block(column)) < 0)
            .as(column.name())
            .isEqualTo(column != Lineitem.COMMENT);
      }
      assertThat(other.block(Lineitem.COMMENT).byteSize())
          .isEqualTo(one.block(Lineitem.COMMENT).byteSize());
    }
  }

  @Test
  void load_blockOfAnotherSize_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                small(1, 4)
                    .withRowsPerGroup(100)
                    .load(
                        (_, _, _, bytes, fill) ->
                            fill.accept(MemorySegment.ofArray(new byte[(int) bytes + 1]))))
        .withMessage("block does not fit: column=ORDERKEY bytes=801 wanted=800");
  }

  @Test
  void load_whileInterrupted_stopsBeforeTheNextGroup() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> small(1, 1).load((_, _, _, _, _) -> {}))
        .isInstanceOf(InterruptedException.class)
        .hasMessage("interrupted while loading: group=0");
  }

  @Test
  void constructor_outOfRange_saysWhatIsAllowed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LineitemPart.of(Double.NaN, 1, 1))
        .withMessage("scale: found=NaN least=0.001");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LineitemPart.of(1, 0, 4))
        .withMessage("no such part: part=0 parts=4");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LineitemPart.of(1, 1, 4).withRowsPerGroup(0))
        .withMessage("rows per group: found=0 most=1048576");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LineitemPart.of(1, 1, 4).withCommentPool(1))
        .withMessage("comment pool: bytes=1 least=65536 most=314572800");
  }

  @Test
  void estimates_areWithinOnePercent() throws Exception {
    for (double scale : new double[] {0.01, 0.05, 0.1}) {
      long[] bytes = {0};
      long rows =
          LineitemPart.of(scale, 1, 1)
              .withCommentPool(LoadedGroup.SMALL_POOL)
              .load((_, _, _, blockBytes, _) -> bytes[0] += blockBytes);
      Percentage one = Percentage.withPercentage(1);
      assertThat(Lineitem.estimatedRows(scale)).as("scale=%s", scale).isCloseTo(rows, one);
      assertThat(Lineitem.estimatedBytes(scale)).as("scale=%s", scale).isCloseTo(bytes[0], one);
    }
    assertThat(Lineitem.estimatedRows(1)).isEqualTo(6_001_215);
    assertThat(Lineitem.estimatedBytes(1)).isCloseTo(772_829_280, within(1_000_000L));
  }

  @Test
  void text_offsetsOutsideTheBlock_areRefused() {
    MemorySegment block = MemorySegment.ofArray(new byte[] {0, 0, 0, 0, 2, 0, 0, 0, 'x'});
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ColumnLayout.text(block, 1, 0))
        .withMessage("offsets outside the text block: row=0 from=0 to=2 textBytes=1");
    assertThatThrownBy(() -> ColumnLayout.text(block, 1, 1))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessage("no such row: row=1 rows=1");
  }

  private static LineitemPart small(int part, int parts) {
    return LineitemPart.of(0.01, part, parts).withCommentPool(LoadedGroup.SMALL_POOL);
  }

  private static List<List<Object>> allRows(int parts) throws Exception {
    List<List<Object>> all = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      for (int part = 1; part <= parts; part++) {
        for (LoadedGroup group : LoadedGroup.load(small(part, parts), arena)) {
          for (int row = 0; row < group.rows(); row++) {
            all.add(values(group, row));
          }
        }
      }
    }
    return all;
  }

  private static List<Object> values(LoadedGroup group, int row) {
    List<Object> values = new ArrayList<>();
    for (Lineitem column : Lineitem.values()) {
      MemorySegment block = group.block(column);
      values.add(
          column.type() == Lineitem.Type.TEXT
              ? ColumnLayout.text(block, group.rows(), row)
              : (Object) ColumnLayout.number(column, block, row));
    }
    return values;
  }

  private static List<Object> values(LineItem item) {
    return List.of(
        item.orderKey(),
        item.partKey(),
        item.supplierKey(),
        (long) item.lineNumber(),
        item.quantity() * 100,
        Math.round(item.extendedPrice() * 100),
        Math.round(item.discount() * 100),
        Math.round(item.tax() * 100),
        (long) item.returnFlag().charAt(0),
        (long) item.status().charAt(0),
        (long) item.shipDate(),
        (long) item.commitDate(),
        (long) item.receiptDate(),
        item.shipInstructions(),
        item.shipMode(),
        item.comment());
  }
}

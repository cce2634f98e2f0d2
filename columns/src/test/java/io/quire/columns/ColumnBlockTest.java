package io.quire.columns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.WireReader.MalformedException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.types.UnionMode;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.util.TransferPair;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ColumnBlockTest {
  private static final Runnable NOTHING = () -> {};

  private final Random random = new Random(7);
  private final Arena arena = Arena.ofShared();
  private BufferAllocator allocator;

  @BeforeEach
  void open() {
    allocator = ColumnMemory.open(Long.MAX_VALUE);
  }

  /** Fails if anything was leaked. */
  @AfterEach
  void close() {
    allocator.close();
    arena.close();
  }

  static Stream<Field> fields() {
    return Stream.concat(RandomColumns.flat().stream(), RandomColumns.nested().stream());
  }

  @ParameterizedTest
  @MethodSource("fields")
  void view_hasTheValues_atTheAddressesOfTheBlock(Field field) {
    for (int rows : new int[] {0, 1, 7, 8, 63, 64, 65, 1000}) {
      for (double nulls : new double[] {0, 0.3, 1}) {
        try (FieldVector vector = RandomColumns.make(field, rows, nulls, random, allocator)) {
          MemorySegment block = Blocks.of(vector, arena);
          long before = allocator.getAllocatedMemory();
          AtomicInteger released = new AtomicInteger();
          try (FieldVector view =
              ColumnBlock.view(block.asReadOnly(), allocator, released::incrementAndGet)) {
            assertThat(Blocks.values(view)).isEqualTo(Blocks.values(vector));
            assertThat(view.getNullCount()).isEqualTo(vector.getNullCount());
            assertThat(view.getField()).isEqualTo(vector.getField());
            assertThat(allocator.getAllocatedMemory())
                .isLessThanOrEqualTo(before + block.byteSize() + 64);
            assertThatBuffersAreIn(block, view);
            assertThat(released).hasValue(0);
          }
          assertThat(released).hasValue(1);
          assertThat(ColumnBlock.field(block)).isEqualTo(vector.getField());
        }
      }
    }
  }

  private static void assertThatBuffersAreIn(MemorySegment block, FieldVector view) {
    for (ArrowBuf buffer : view.getFieldBuffers()) {
      if (buffer.capacity() > 0) {
        assertThat(buffer.memoryAddress())
            .isBetween(block.address(), block.address() + block.byteSize() - buffer.capacity());
        assertThat(buffer.memoryAddress() % 64).isZero();
      }
    }
    view.getChildrenFromFields().forEach(child -> assertThatBuffersAreIn(block, child));
  }

  @ParameterizedTest
  @MethodSource("fields")
  void arrowsOwnReader_opensTheBytes(Field field) throws IOException {
    for (int rows : new int[] {0, 100}) {
      try (FieldVector vector = RandomColumns.make(field, rows, 0.2, random, allocator)) {
        byte[] bytes = Blocks.of(vector, arena).toArray(ValueLayout.JAVA_BYTE);
        ByteArrayInputStream in = new ByteArrayInputStream(bytes);
        try (ArrowStreamReader reader = new ArrowStreamReader(in, allocator)) {
          assertThat(reader.loadNextBatch()).isTrue();
          assertThat(reader.getVectorSchemaRoot().getSchema().getFields())
              .containsExactly(vector.getField());
          assertThat(Blocks.values(reader.getVectorSchemaRoot().getVector(0)))
              .isEqualTo(Blocks.values(vector));
          assertThat(reader.loadNextBatch()).isFalse();
          assertThat(in.available()).isZero();
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("fields")
  void viewOfAView_makesTheSameBlock(Field field) {
    try (FieldVector vector = RandomColumns.make(field, 77, 0.2, random, allocator)) {
      MemorySegment block = Blocks.of(vector, arena);
      try (FieldVector view = ColumnBlock.view(block, allocator, NOTHING)) {
        assertThat(Blocks.of(view, arena).mismatch(block)).isEqualTo(-1);
      }
    }
  }

  /** The processor would end a write to such memory. */
  @Test
  void view_neverWritesToTheBlock(@TempDir Path directory) throws IOException {
    int number = 0;
    for (Field field : fields().toList()) {
      Path file = directory.resolve("block" + number++);
      try (FieldVector vector = RandomColumns.make(field, 100, 0.2, random, allocator);
          FileChannel channel =
              FileChannel.open(
                  file,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE)) {
        channel.write(Blocks.of(vector, arena).asByteBuffer());
        MemorySegment block = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        try (FieldVector view = ColumnBlock.view(block, allocator, NOTHING)) {
          TransferPair pair = view.getTransferPair(allocator);
          pair.transfer();
          try (FieldVector to = (FieldVector) pair.getTo()) {
            to.setValueCount(to.getValueCount());
            assertThat(Blocks.values(to)).isEqualTo(Blocks.values(vector));
          }
        }
      }
    }
  }

  @Test
  void release_comesWhenTheLastReaderCloses() {
    AtomicInteger released = new AtomicInteger();
    try (IntVector vector = ints(1, 2, 3)) {
      FieldVector view =
          ColumnBlock.view(Blocks.of(vector, arena), allocator, released::incrementAndGet);
      ArrowBuf kept = view.getDataBuffer();
      kept.getReferenceManager().retain();
      view.close();
      view.close();
      assertThat(released).hasValue(0);
      assertThat(kept.getInt(8)).isEqualTo(3);
      kept.close();
      assertThat(released).hasValue(1);
    }
  }

  @Test
  void view_thatFails_releasesOnce() {
    try (IntVector vector = ints(1, 2, 3);
        BufferAllocator small = allocator.newChildAllocator("small", 0, 64)) {
      MemorySegment block = Blocks.of(vector, arena);
      AtomicInteger released = new AtomicInteger();
      assertThatThrownBy(() -> ColumnBlock.view(block, small, released::incrementAndGet))
          .isInstanceOf(OutOfMemoryException.class);
      assertThat(released).hasValue(1);
      MemorySegment cut = block.asSlice(0, block.byteSize() - 1);
      assertThatThrownBy(() -> ColumnBlock.view(cut, allocator, released::incrementAndGet))
          .isInstanceOf(MalformedException.class);
      assertThat(released).hasValue(2);
      MemorySegment heap = MemorySegment.ofArray(block.toArray(ValueLayout.JAVA_BYTE));
      assertThatThrownBy(() -> ColumnBlock.view(heap, allocator, released::incrementAndGet))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(
              () -> ColumnBlock.view(block.asSlice(8), allocator, released::incrementAndGet))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(released).hasValue(4);
    }
  }

  @Test
  void write_wantsTheExactSize() {
    try (IntVector vector = ints(1)) {
      MemorySegment longer = arena.allocate(ColumnBlock.bytes(vector) + 1, 64);
      assertThatThrownBy(() -> ColumnBlock.write(vector, longer))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("bytes=" + longer.byteSize());
    }
  }

  @Test
  void types_thatABlockCannotHave_areRefused() {
    List<Field> fields = new ArrayList<>();
    fields.add(Field.nullable("view", new ArrowType.Utf8View()));
    fields.add(Field.nullable("null", new ArrowType.Null()));
    fields.add(
        new Field("union", FieldType.nullable(new ArrowType.Union(UnionMode.Sparse, null)), null));
    fields.add(
        new Field(
            "dictionary",
            new FieldType(
                true,
                new ArrowType.Int(32, true),
                new DictionaryEncoding(1, false, new ArrowType.Int(32, true))),
            null));
    for (Field field : fields) {
      try (FieldVector vector = field.createVector(allocator)) {
        assertThatThrownBy(() -> ColumnBlock.bytes(vector))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(field.getName());
      }
    }
  }

  @Test
  void metadata_areKept_andLimited() {
    FieldType type =
        new FieldType(true, new ArrowType.Int(32, true), null, Map.of("unit", "kg", "from", "a"));
    try (FieldVector vector = new Field("weight", type, null).createVector(allocator)) {
      vector.setValueCount(0);
      Field field = ColumnBlock.field(Blocks.of(vector, arena));
      assertThat(field.getName()).isEqualTo("weight");
      assertThat(field.getMetadata()).isEqualTo(type.getMetadata());
    }
    Field huge = Field.nullable("x".repeat(1 << 20), new ArrowType.Int(32, true));
    try (FieldVector vector = huge.createVector(allocator)) {
      assertThatThrownBy(() -> ColumnBlock.bytes(vector))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** As in docs/formats/column-block.md. */
  @Test
  void bytes_arePinned() {
    try (VarCharVector vector = new VarCharVector("c", allocator)) {
      vector.allocateNew();
      vector.setSafe(0, "ab".getBytes(StandardCharsets.UTF_8));
      vector.setNull(1);
      vector.setSafe(2, "c".getBytes(StandardCharsets.UTF_8));
      vector.setValueCount(3);
      byte[] bytes = Blocks.of(vector, arena).toArray(ValueLayout.JAVA_BYTE);
      assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(PINNED);
    }
  }

  private static final String PINNED =
      """
      ffffffff880000001000000000000a000e0006000d0008000a00000000000400
      1000000000010a000c000000080004000a000000080000000800000000000000
      01000000180000000000120018001400130012000c0000000800040012000000
      1400000014000000180000000000050114000000000000000000000004000400
      04000000010000006300000000000000ffffffffa80000001400000000000000
      0c0016000e001500100004000c000000c0000000000000000000040010000000
      00030a0018000c00080004000a00000014000000480000000300000000000000
      0000000003000000000000000000000001000000000000004000000000000000
      1000000000000000800000000000000003000000000000000000000001000000
      0300000000000000010000000000000000000000000000000000000000000000
      0500000000000000000000000000000000000000000000000000000000000000
      0000000000000000000000000000000000000000000000000000000000000000
      0000000002000000020000000300000000000000000000000000000000000000
      0000000000000000000000000000000000000000000000000000000000000000
      6162630000000000000000000000000000000000000000000000000000000000
      0000000000000000000000000000000000000000000000000000000000000000
      ffffffff00000000
      """
          .replace("\n", "");

  /**
   * Of each type a block with some bytes flipped, cut or longer. Either it is refused, or all that
   * is in it can be read.
   */
  @ParameterizedTest
  @MethodSource("fields")
  void damage_isRefused_orStaysInTheBlock(Field field) {
    int refused = 0;
    try (FieldVector vector = RandomColumns.make(field, 40, 0.2, random, allocator)) {
      MemorySegment good = Blocks.of(vector, arena);
      MemorySegment block = arena.allocate(good.byteSize() + 64, 64);
      for (int round = 0; round < 1000; round++) {
        block.copyFrom(good);
        long bytes = good.byteSize();
        for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
          // Metadata are a small part of it, and most of what can go wrong.
          long at = random.nextLong(random.nextBoolean() ? bytes : Math.min(bytes, 640));
          byte to = (byte) (random.nextBoolean() ? random.nextInt() : random.nextInt(3) - 1);
          block.set(ValueLayout.JAVA_BYTE, at, to);
        }
        if (random.nextInt(10) == 0) {
          bytes = random.nextLong(block.byteSize());
        }
        AtomicInteger released = new AtomicInteger();
        try (FieldVector view =
            ColumnBlock.view(block.asSlice(0, bytes), allocator, released::incrementAndGet)) {
          assertThatBuffersAreIn(block, view);
          Blocks.of(view, arena);
          readAll(view);
        } catch (MalformedException e) {
          refused++;
        }
        assertThat(released).hasValue(1);
      }
    }
    assertThat(refused).isGreaterThan(200);
  }

  @Test
  void everyCut_isRefused() {
    try (FieldVector vector =
        RandomColumns.make(RandomColumns.nested().get(1), 40, 0.2, random, allocator)) {
      MemorySegment block = Blocks.of(vector, arena);
      for (long bytes = 0; bytes < block.byteSize(); bytes++) {
        MemorySegment cut = block.asSlice(0, bytes);
        assertThatThrownBy(() -> ColumnBlock.view(cut, allocator, NOTHING))
            .isInstanceOf(MalformedException.class);
      }
    }
  }

  /** What Arrow makes of a value is its matter, as long as it does not leave the block. */
  private static void readAll(FieldVector view) {
    for (int i = 0; i < view.getValueCount(); i++) {
      try {
        view.getObject(i);
      } catch (DateTimeException | ArithmeticException e) {
        assertThat(e).isNotNull();
      }
    }
  }

  private IntVector ints(int... values) {
    IntVector vector = new IntVector("n", allocator);
    vector.allocateNew(values.length);
    for (int i = 0; i < values.length; i++) {
      vector.set(i, values[i]);
    }
    vector.setValueCount(values.length);
    return vector;
  }
}

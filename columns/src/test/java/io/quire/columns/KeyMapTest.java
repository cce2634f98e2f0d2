package io.quire.columns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.WireReader.MalformedException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.VarCharVector;
import org.junit.jupiter.api.Test;

final class KeyMapTest {
  private final Random random = new Random(4);

  @Test
  void maps_findWhatWasPut_alsoThroughBytes() {
    for (int round = 0; round < 200; round++) {
      int size = round % 20 == 0 ? 20_000 : random.nextInt(40);
      long spread = new long[] {50_000, 1L << 40, Long.MAX_VALUE}[random.nextInt(3)];
      boolean same = random.nextBoolean();
      Map<Long, Long> model = new HashMap<>();
      KeyMap.Builder builder = new KeyMap.Builder();
      for (int i = 0; i < size; i++) {
        long key = random.nextLong(-spread, spread);
        long value = same ? -7 : random.nextLong(-spread, spread);
        if (model.putIfAbsent(key, value) == null) {
          builder.put(key, value);
        }
      }
      KeyMap map = builder.build();
      KeyMap read = KeyMap.read(map.toBytes());
      assertThat(read).isEqualTo(map).hasSameHashCodeAs(map);
      assertThat(read.keys())
          .containsExactly(model.keySet().stream().mapToLong(n -> n).sorted().toArray());
      assertThat(map.size()).isEqualTo(model.size());
      model.forEach((key, value) -> assertThat(read.find(key)).hasValue(value));
      for (int i = 0; i < 100; i++) {
        long key = random.nextLong(-spread, spread);
        assertThat(map.find(key).isPresent()).isEqualTo(model.containsKey(key));
      }
    }
  }

  @Test
  void extremes_areKeys() {
    KeyMap map =
        new KeyMap.Builder()
            .put(Long.MIN_VALUE, Long.MAX_VALUE)
            .put(Long.MAX_VALUE, Long.MIN_VALUE + 1)
            .build();
    assertThat(KeyMap.read(map.toBytes())).isEqualTo(map);
    assertThat(map.find(Long.MAX_VALUE)).hasValue(Long.MIN_VALUE + 1);
  }

  @Test
  void keysThatLieClose_takeOneByteEach() {
    KeyMap.Builder builder = new KeyMap.Builder();
    for (int i = 0; i < 100_000; i++) {
      builder.put(i * 40L, 1);
    }
    assertThat(builder.build().toBytes()).hasSize(100_000 + 7);
  }

  @Test
  void keysThatAreThereTwice_areRefused() {
    KeyMap.Builder builder = new KeyMap.Builder().put(4, 1);
    assertThatThrownBy(() -> builder.put(4, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key is not unique: key=4 value=1 other=2");
    assertThatThrownBy(() -> builder.put(5, Long.MIN_VALUE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("not a value of a key: key=5 value=-9223372036854775808");
    KeyMap other = new KeyMap.Builder().put(5, 2).build();
    assertThat(builder.putAll(other).build().keys()).containsExactly(4, 5);
  }

  @Test
  void columns_areCollectedButForNulls() {
    try (BufferAllocator allocator = ColumnMemory.open(Long.MAX_VALUE)) {
      BigIntVector keys = new BigIntVector("k", allocator);
      DateDayVector values = new DateDayVector("v", allocator);
      VarCharVector texts = new VarCharVector("t", allocator);
      int rows = 2_000;
      keys.allocateNew(rows);
      values.allocateNew(rows);
      texts.allocateNew(rows);
      for (int row = 0; row < rows; row++) {
        if (row % 7 != 0) {
          keys.set(row, row * 3L);
        }
        if (row % 5 != 0) {
          values.set(row, -row);
        }
      }
      keys.setValueCount(rows);
      values.setValueCount(rows);
      texts.setValueCount(rows);
      try (RowGroup group = RowGroup.of(rows, new int[] {4, 2, 9}, List.of(keys, values, texts))) {
        Selection chosen = new Filter.Compare(4, Filter.Op.GE, Value.of(300)).select(group);
        KeyMap.Builder builder = new KeyMap.Builder();
        builder.add(group, chosen, 4, 2);
        KeyMap map = builder.build();
        for (int row = 0; row < rows; row++) {
          boolean there = row >= 100 && row % 7 != 0 && row % 5 != 0;
          assertThat(map.find(row * 3L).isPresent()).isEqualTo(there);
          if (there) {
            assertThat(map.find(row * 3L)).hasValue(-row);
          }
        }
        assertThatThrownBy(() -> builder.add(group, chosen, 9, 2))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("neither integers nor dates: column=9");
      }
    }
  }

  @Test
  void bytes_arePinned() {
    KeyMap map = new KeyMap.Builder().put(-3, 11).put(300, -12).build();
    byte[] bytes = map.toBytes();
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo("01" + "02000000" + "00" + "05af02" + "1617");
    assertThat(KeyMap.read(bytes)).isEqualTo(map);
  }

  @Test
  void otherBytes_areRefused() {
    byte[] bytes = new KeyMap.Builder().put(-3, 11).put(300, -12).put(9, 1).build().toBytes();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> KeyMap.read(cut)).isInstanceOf(MalformedException.class);
    }
    for (int i = 0; i < 5_000; i++) {
      byte[] other = bytes.clone();
      other[random.nextInt(other.length)] = (byte) random.nextInt(256);
      try {
        KeyMap read = KeyMap.read(other);
        assertThat(KeyMap.read(read.toBytes())).isEqualTo(read);
      } catch (MalformedException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
  }
}

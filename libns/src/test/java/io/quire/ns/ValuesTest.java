package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.sim.Dice;
import io.quire.sim.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ValuesTest {
  private final Values values = new Values(List.of(Point.class));

  /** A caller's class. */
  record Point(int x, String label, List<Long> more) {}

  private static Object sample() {
    Map<String, Object> map = new TreeMap<>();
    map.put("bytes", new byte[] {1, 2, 3});
    map.put("longs", new long[] {1, -1, Long.MAX_VALUE});
    map.put("texts", new String[] {"a", "ä\uD83D\uDE00", ""});
    map.put("list", new ArrayList<>(List.of(1, 2L, 3.5, true, "x")));
    map.put("point", new Point(7, "label", new ArrayList<>(List.of(5L))));
    map.put("map", new HashMap<>(Map.of("k", 1)));
    return map;
  }

  @Test
  void encodeAndDecode_giveTheSameBack() {
    Object sample = sample();
    assertThat(values.decode(values.encode(sample))).usingRecursiveComparison().isEqualTo(sample);
  }

  @Test
  void encode_classNotRegistered_isRefusedByName() {
    assertThatThrownBy(() -> Values.simple().encode(new Point(1, "", new ArrayList<>())))
        .isInstanceOf(NsException.BadValue.class)
        .hasMessageStartingWith(
            "cannot encode: class=io.quire.ns.ValuesTest$Point why=Class is not registered");
  }

  @Test
  void encode_tooLargeOrTooDeep_isRefused() {
    assertThatThrownBy(() -> values.encode(new byte[NsObject.VALUE_BYTES_MAX]))
        .isInstanceOf(NsException.BadValue.class);
    List<Object> deep = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      deep = new ArrayList<>(List.of(deep));
    }
    List<Object> outermost = deep;
    assertThatThrownBy(() -> values.encode(outermost)).isInstanceOf(NsException.BadValue.class);
  }

  @Test
  void decode_classOfAnotherRegistry_isRefused() {
    byte[] bytes = values.encode(new Point(1, "x", new ArrayList<>()));
    assertThatThrownBy(() -> Values.simple().decode(bytes))
        .isInstanceOf(NsException.BadValue.class)
        .hasMessageStartingWith("cannot decode: bytes=");
  }

  @Test
  void decode_bytesMissingOrLeftOver_isRefused() {
    byte[] bytes = values.encode(sample());
    for (int length = 0; length < bytes.length; length++) {
      byte[] part = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> values.decode(part)).isInstanceOf(NsException.BadValue.class);
    }
    assertThatThrownBy(() -> values.decode(Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOf(NsException.BadValue.class)
        .hasMessageContaining("bytes left over: 1");
  }

  @Test
  void decode_lengthsThatTheBytesCannotBack_makeNoRoom() {
    byte[] list = values.encode(new ArrayList<>(List.of("x")));
    byte[] array = values.encode(new byte[] {1});
    for (byte[] small : List.of(list, array)) {
      byte[] huge = new byte[small.length + 4];
      huge[0] = small[0];
      Arrays.fill(huge, 1, 5, (byte) 0xff);
      huge[5] = 7;
      assertThatThrownBy(() -> values.decode(huge))
          .isInstanceOf(NsException.BadValue.class)
          .hasMessageContaining("length");
    }
  }

  @Test
  void decode_deepNesting_doesNotEndTheStack() {
    byte[] one = values.encode(new ArrayList<>(List.of(new ArrayList<>())));
    byte[] deep = new byte[2_000_000];
    for (int i = 0; i + 2 <= deep.length; i += 2) {
      deep[i] = one[0];
      deep[i + 1] = one[1];
    }
    assertThatThrownBy(() -> values.decode(deep)).isInstanceOf(NsException.BadValue.class);
    assertThat(values.decode(values.encode("after"))).isEqualTo("after");
  }

  @Test
  void decode_corruptBytes_isAValueOrARefusalAndNothingElse() {
    byte[] good = values.encode(sample());
    Seeds.fresh(
        3_000,
        seed -> {
          Dice dice = new Dice(seed);
          byte[] bytes = dice.chance(0.2) ? new byte[(int) dice.between(0, 60)] : good.clone();
          if (bytes.length != good.length) {
            dice.nextBytes(bytes);
          }
          for (long flips = dice.between(1, 4); flips > 0 && bytes.length > 0; flips--) {
            bytes[(int) dice.between(0, bytes.length - 1)] = (byte) dice.nextInt();
          }
          try {
            values.decode(bytes);
          } catch (NsException.BadValue e) {
            assertThat(e).hasMessageStartingWith("cannot decode: bytes=" + bytes.length);
          }
        });
    assertThat(values.decode(good)).usingRecursiveComparison().isEqualTo(sample());
  }
}

package io.quire.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.ager.Copy;
import io.quire.base.NodeId;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LoadNoteTest {
  private static final LoadNote NOTE =
      new LoadNote(
          7,
          0,
          "/rides",
          new byte[] {1, 2, 3},
          40,
          Map.of(0, List.of(extent(0, 0), extent(0, 1)), 3, List.of(), 39, List.of(extent(39, 0))));

  private static ExtentInfo extent(int part, int column) {
    Copy copy = new Copy("file:///s", "durable/a-1-000001.quire", 8192, 9, 77, 5, "a-1");
    return new ExtentInfo(part, 0, column, 4, 9, 77, new NodeId("a"), copy);
  }

  @Test
  void read_ofANote_givesItBack() {
    LoadNote read = LoadNote.read(NOTE.toBytes().orElseThrow()).orElseThrow();
    assertThat(read).usingRecursiveComparison().isEqualTo(NOTE);
    assertThat(read.repeatable()).isTrue();
  }

  @Test
  void toBytes_ofMoreThanFits_isEmpty() {
    ExtentInfo[] many = new ExtentInfo[300_000];
    for (int i = 0; i < many.length; i++) {
      many[i] = extent(1, i);
    }
    assertThat(NOTE.with(Map.of(1, Arrays.asList(many))).toBytes().isPresent()).isFalse();
  }

  /** It comes from the log, but perhaps from another build. */
  @Test
  void read_ofAnyBytes_isANoteOrNone() {
    byte[] good = NOTE.toBytes().orElseThrow();
    int none = 0;
    for (long seed = 1; seed < 3_000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = Arrays.copyOf(good, random.nextInt(1, good.length + 8));
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      Optional<LoadNote> read = LoadNote.read(bytes);
      none += read.isEmpty() ? 1 : 0;
    }
    assertThat(none).isGreaterThan(2_000);
    assertThat(LoadNote.read(new byte[0])).isEmpty();
  }
}

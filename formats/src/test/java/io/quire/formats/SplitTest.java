package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.WireReader.MalformedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class SplitTest {
  private static final InputFile FILE = new InputFile("file:/a", 1_000, 5);

  private static final List<Split> EACH =
      List.of(
          new Split.OfFile(FILE, 10, 20, Format.Csv.DEFAULT.withComment('#').withNullText("\\N")),
          new Split.OfFile(FILE, 0, 1_000, Format.Csv.DEFAULT.withMultiline(true)),
          new Split.OfFile(FILE, 10, 20, Format.Csv.TBL),
          new Split.OfFile(FILE, 10, 20, Format.Csv.TSV),
          new Split.OfFile(FILE, 10, 20, new Format.JsonLines(true)),
          new Split.OfFile(FILE, 10, 20, new Format.Parquet()),
          new Split.OfFile(FILE, 10, 20, new Format.Raw(77)),
          new Split.OfTpch(new Tpch("lineitem", 0.01), 3, 8));

  @Test
  void cut_coversEachFileWithoutGaps_inPiecesOfAboutOneSize() {
    for (long target : new long[] {1, 7, 333, 999, 1_000, 1_001, Long.MAX_VALUE}) {
      List<InputFile> files = List.of(FILE, new InputFile("file:/b", 0, 5), FILE);
      List<Split> splits = Split.cut(files, Format.JsonLines.DEFAULT, target);
      long at = 0;
      long min = Long.MAX_VALUE;
      long max = 0;
      for (Split each : splits) {
        Split.OfFile split = (Split.OfFile) each;
        assertThat(split.file()).isEqualTo(FILE);
        assertThat(split.offset()).isEqualTo(at % 1_000);
        at += split.bytes();
        min = Math.min(min, split.bytes());
        max = Math.max(max, split.bytes());
      }
      assertThat(at).isEqualTo(2_000);
      assertThat(max).isLessThanOrEqualTo(target);
      assertThat(max - min).isLessThanOrEqualTo(1);
      assertThat(splits).isEqualTo(Split.cut(files, Format.JsonLines.DEFAULT, target));
    }
  }

  @Test
  void cut_multiline_isOneSplitAFile() {
    assertThat(Split.cut(List.of(FILE), Format.Csv.DEFAULT.withMultiline(true), 10)).hasSize(1);
  }

  @Test
  void cut_intoTooMany_isRefused() {
    InputFile large = new InputFile("file:/a", 1L << 50, 5);
    assertThatThrownBy(() -> Split.cut(List.of(large), Format.Csv.DEFAULT, 1 << 20))
        .isInstanceOf(FormatsException.BadRequest.class)
        .hasMessageContaining("max=1000000");
  }

  @Test
  void bytes_giveTheSplitAgain() {
    for (Split split : EACH) {
      assertThat(Split.read(split.toBytes())).isEqualTo(split);
    }
  }

  @Test
  void bytes_arePinned() {
    assertThat(EACH.stream().map(split -> HexFormat.of().formatHex(split.toBytes())))
        .containsExactlyElementsOf(PINNED);
  }

  @Test
  void read_ofAnyBytes_givesASplitOrIsMalformed() {
    Random random = new Random(5);
    List<byte[]> tries = new ArrayList<>();
    for (Split split : EACH) {
      byte[] bytes = split.toBytes();
      for (int length = 0; length < bytes.length; length++) {
        tries.add(Arrays.copyOf(bytes, length));
      }
      for (int i = 0; i < 2_000; i++) {
        byte[] flipped = bytes.clone();
        for (int n = random.nextInt(4); n >= 0; n--) {
          flipped[random.nextInt(flipped.length)] = (byte) random.nextInt();
        }
        tries.add(flipped);
      }
    }
    for (byte[] bytes : tries) {
      try {
        assertThat(Split.read(bytes).toBytes()).isNotEmpty();
      } catch (MalformedException e) {
        assertThat(e).hasMessageContaining("=");
      }
    }
  }

  private static final List<String> PINNED =
      List.of(
          "01010700000066696c653a2f61e80300000000000005000000000000000a00000000000000140000"
              + "0000000000012c2201020000005c4e230000",
          "01010700000066696c653a2f61e80300000000000005000000000000000000000000000000e80300"
              + "0000000000012c220100000000000100",
          "01010700000066696c653a2f61e80300000000000005000000000000000a00000000000000140000"
              + "0000000000017c000000000000000001",
          "01010700000066696c653a2f61e80300000000000005000000000000000a00000000000000140000"
              + "00000000000109000100000000000000",
          "01010700000066696c653a2f61e80300000000000005000000000000000a00000000000000140000"
              + "00000000000201",
          "01010700000066696c653a2f61e80300000000000005000000000000000a00000000000000140000"
              + "000000000003",
          "01010700000066696c653a2f61e80300000000000005000000000000000a00000000000000140000"
              + "0000000000044d000000",
          "0102080000006c696e656974656d7b14ae47e17a843f0300000008000000");
}

package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the bytes are: rows, bad rows or typed errors, and an end. */
final class FuzzTest {
  private static final Duration DEADLINE = Duration.ofMinutes(5);
  private static final Schema SCHEMA =
      SchemaText.parse("a:int?, b:string?, c:double?, d:decimal(9,2)?, e:date?, f:instant?");
  private static final List<Format> FORMATS =
      List.of(
          Format.Csv.DEFAULT.withHeader(false),
          Format.Csv.DEFAULT.withComment('#'),
          Format.Csv.DEFAULT.withHeader(false).withMultiline(true),
          Format.Csv.TSV,
          Format.Csv.TBL,
          Format.JsonLines.DEFAULT,
          new Format.JsonLines(true));

  @TempDir Path directory;

  private static void read(Desk desk, InputFile file, Format format) {
    try {
      desk.inputs.infer(List.of(file), format, Sampling.DEFAULTS);
    } catch (FormatsException e) {
      assertThat(e).hasMessageContaining("=");
    }
    long target = Math.max(1, file.bytes() / 3);
    for (Split split : Split.cut(List.of(file), format, target)) {
      ReadOptions options =
          ReadOptions.DEFAULTS.withBadRows(BadRowLimit.ANY).withRecordBytes(1 << 10);
      long good = 0;
      int badBefore = desk.bad.size();
      try (RecordSource source =
          desk.inputs.read(split, SCHEMA, options, desk.allocator, desk.bad::add)) {
        while (source.next()) {
          good += source.batch().getRowCount();
        }
        assertThat(source.rows()).isEqualTo(good + source.badRows());
        assertThat(source.badRows()).isEqualTo(desk.bad.size() - badBefore);
      } catch (FormatsException e) {
        assertThat(e).hasMessageContaining("=");
      }
    }
    desk.bad.clear();
  }

  @Test
  void lines_ofAnyBytes() {
    Assertions.assertTimeoutPreemptively(
        DEADLINE,
        () -> {
          Random random = new Random(21);
          String alphabet = "\n\n\n\r\"\"\",,,|{}[]::ab\\u0129.-e\t #é\ud83d\ude00";
          String[] words = {
            "{\"a\":1", ",\"b\":\"x\"", "}\n", "\"a\"", "2024-01-01", "1.5,", "null"
          };
          try (Desk desk = new Desk(directory)) {
            for (int i = 0; i < 150; i++) {
              StringBuilder text = new StringBuilder();
              for (int n = random.nextInt(300); n > 0; n--) {
                if (random.nextInt(4) == 0) {
                  text.append(words[random.nextInt(words.length)]);
                } else {
                  text.append(alphabet.charAt(random.nextInt(alphabet.length())));
                }
              }
              byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
              if (i % 3 == 0) {
                random.nextBytes(bytes);
              }
              InputFile file = desk.file("a", bytes);
              for (Format format : FORMATS) {
                read(desk, file, format);
              }
            }
          }
        });
  }

  @Test
  void parquet_withAnyBytesChanged() throws IOException {
    Path path = directory.resolve("a.parquet");
    ParquetSample.write(
        path,
        "message m { optional int32 a; optional binary b (STRING); optional double c; }",
        CompressionCodecName.SNAPPY,
        60,
        20,
        (group, row) -> group.append("a", row).append("b", "text " + row % 5).append("c", 0.5));
    byte[] good = Files.readAllBytes(path);
    Assertions.assertTimeoutPreemptively(
        DEADLINE,
        () -> {
          Random random = new Random(22);
          try (Desk desk = new Desk(directory)) {
            for (int i = 0; i < 600; i++) {
              byte[] bytes = good.clone();
              for (int n = random.nextInt(3); n >= 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
              }
              read(desk, desk.file("b.parquet", bytes), new Format.Parquet());
            }
          }
        });
  }
}

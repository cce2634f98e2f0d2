package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a file is cut into, its splits have the rows of the whole, in its order. */
final class CutTest {
  private static final ReadOptions ANY = ReadOptions.DEFAULTS.withBadRows(BadRowLimit.ANY);

  @TempDir Path directory;
  private Desk desk;

  @BeforeEach
  void open() {
    desk = new Desk(directory);
  }

  @AfterEach
  void close() {
    desk.close();
  }

  private void eachCut(InputFile file, Format format, String schema, Random random) {
    Schema columns = SchemaText.parse(schema);
    desk.bad.clear();
    List<String> rows = desk.rows(Desk.whole(file, format), columns, ANY);
    List<BadRow> bad = List.copyOf(desk.bad);
    List<List<Split>> cuts = new ArrayList<>();
    for (long target : new long[] {1, 2, 3, 7, 20, 100}) {
      if (file.bytes() / target < 400) {
        cuts.add(Split.cut(List.of(file), format, target));
      }
    }
    for (int i = 0; i < 4; i++) {
      long[] at = random.longs(random.nextInt(9), 0, file.bytes() + 1).sorted().toArray();
      List<Split> cut = new ArrayList<>();
      long before = 0;
      for (long each : at) {
        cut.add(new Split.OfFile(file, before, each - before, format));
        before = each;
      }
      cut.add(new Split.OfFile(file, before, file.bytes() - before, format));
      cuts.add(cut);
    }
    for (List<Split> cut : cuts) {
      desk.bad.clear();
      assertThat(desk.rows(cut, columns, ANY)).as(cut.toString()).isEqualTo(rows);
      assertThat(desk.bad).as(cut.toString()).isEqualTo(bad);
    }
  }

  @Test
  void csv_anyCut_givesTheSameRowsAndBadRows() throws IOException {
    Random random = new Random(11);
    String[] fields = {
      "1", "22", "", "\"q\"", "\"a,\"\"b\"", "é猫", "x y", "#c", "\"open", "\"a\"b"
    };
    String[] ends = {"\n", "\r\n", "\n\n", "\r\n\r\n", "\n#comment,\"x\n"};
    for (int i = 0; i < 60; i++) {
      boolean header = random.nextBoolean();
      StringBuilder text = new StringBuilder(random.nextInt(4) == 0 ? "\ufeff" : "");
      for (int n = random.nextInt(3); n > 0; n--) {
        text.append(ends[random.nextInt(4)]);
      }
      if (header) {
        text.append("b,x,a\n");
      }
      for (int row = random.nextInt(12); row > 0; row--) {
        for (int column = random.nextInt(20) == 0 ? 1 : 0; column < 3; column++) {
          text.append(column == 0 ? "" : ",").append(fields[random.nextInt(fields.length)]);
        }
        text.append(ends[random.nextInt(ends.length)]);
      }
      if (random.nextBoolean()) {
        text.append("7,8,9").append(random.nextBoolean() ? "\r" : "");
      }
      Format csv = Format.Csv.DEFAULT.withHeader(header).withComment('#');
      InputFile file = desk.file("a", text.toString());
      eachCut(file, csv, "a:string?, b:string?, x:string?", random);
    }
  }

  @Test
  void jsonLines_anyCut_givesTheSameRowsAndBadRows() throws IOException {
    Random random = new Random(12);
    String[] lines = {
      "{\"a\":1,\"b\":\"é\\n\"}", "{\"b\":\"x\"}", "", " ", "{}", "{\"a\":", "[1]", "{\"a\":2}\r"
    };
    for (int i = 0; i < 30; i++) {
      StringBuilder text = new StringBuilder();
      for (int row = random.nextInt(12); row >= 0; row--) {
        text.append(lines[random.nextInt(lines.length)]).append(row == 0 && i % 2 == 0 ? "" : "\n");
      }
      eachCut(
          desk.file("a", text.toString()), Format.JsonLines.DEFAULT, "a:int?, b:string?", random);
    }
  }

  @Test
  void parquet_anyCut_givesTheSameRows() throws IOException {
    Random random = new Random(13);
    for (int rowsAGroup : new int[] {1, 9, 1_000}) {
      Path path = directory.resolve("a.parquet");
      ParquetSample.write(
          path,
          "message m { required int32 a; optional binary b (STRING); }",
          CompressionCodecName.SNAPPY,
          50,
          rowsAGroup,
          (group, row) -> {
            group.append("a", row);
            if (row % 3 > 0) {
              group.append("b", "text".repeat(row));
            }
          });
      InputFile file = desk.inputs.find(List.of(path.toString())).getFirst();
      eachCut(file, new Format.Parquet(), "b:string?, a:int", random);
    }
  }

  @Test
  void lines_longerThanBuffersAndSplits_areReadOnce() throws IOException {
    Random random = new Random(14);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      text.append(i).append(',').append("y".repeat(random.nextInt(60_000))).append('\n');
    }
    InputFile file = desk.file("a", text.toString());
    Format csv = Format.Csv.DEFAULT.withHeader(false);
    Schema schema = SchemaText.parse("a:int, b:string?");
    List<String> rows = desk.rows(Desk.whole(file, csv), schema, ReadOptions.DEFAULTS);
    assertThat(rows).hasSize(40);
    for (long target : new long[] {10_000, 131_072, 500_000}) {
      assertThat(desk.rows(Split.cut(List.of(file), csv, target), schema, ReadOptions.DEFAULTS))
          .isEqualTo(rows);
    }
  }
}

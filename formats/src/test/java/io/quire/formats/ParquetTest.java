package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ObjIntConsumer;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.api.Binary;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ParquetTest {
  private static final ReadOptions ANY = ReadOptions.DEFAULTS.withBadRows(BadRowLimit.ANY);
  private static final Format PARQUET = new Format.Parquet();

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

  private InputFile write(String schema, int rows, ObjIntConsumer<Group> fill) throws IOException {
    return write(CompressionCodecName.UNCOMPRESSED, schema, rows, fill);
  }

  private InputFile write(
      CompressionCodecName codec, String schema, int rows, ObjIntConsumer<Group> fill)
      throws IOException {
    Path path = directory.resolve("a.parquet");
    ParquetSample.write(path, schema, codec, rows, 10, fill);
    return desk.inputs.find(List.of(path.toString())).getFirst();
  }

  @Test
  void read_eachType() throws IOException {
    String schema =
        """
        message m {
          required boolean a; required int32 b; required int64 c; required float d;
          required double e; required int96 f; required binary g; required binary h (STRING);
          required binary i (ENUM); required binary j (JSON); required int32 k (DATE);
          required int32 l (TIME(MILLIS,true)); required int64 m (TIME(MICROS,false));
          required int64 n (TIME(NANOS,false)); required int64 o (TIMESTAMP(MILLIS,true));
          required int64 p (TIMESTAMP(MICROS,false)); required int64 q (TIMESTAMP(NANOS,true));
          required int32 r (DECIMAL(9,2)); required int64 s (DECIMAL(18,3));
          required binary t (DECIMAL(38,1)); required fixed_len_byte_array(5) u (DECIMAL(11,0));
          required fixed_len_byte_array(16) v (UUID); required fixed_len_byte_array(2) w;
          required int32 x (INTEGER(8,true)); required int32 y (INTEGER(16,false));
          required int32 z (INTEGER(32,false)); required int64 zz (INTEGER(64,false));
          optional int32 n1; optional binary n2 (STRING);
        }
        """;
    ByteBuffer int96 = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    int96.putLong(0, 1_000_000_007L).putInt(8, 2_440_588 + 2);
    InputFile file =
        write(
            schema,
            2,
            (group, row) -> {
              group.append("a", true).append("b", -5).append("c", Long.MIN_VALUE);
              group.append("d", 1.5f).append("e", -0.1);
              group.append("f", Binary.fromConstantByteArray(int96.array()));
              group.append("g", Binary.fromConstantByteArray(new byte[] {'x', (byte) 0xff}));
              group.append("h", "hé").append("i", "e").append("j", "{}").append("k", 19_782);
              group.append("l", 1_234).append("m", 5L).append("n", 6L).append("o", 1_500L);
              group.append("p", 1_500_000L).append("q", 7L).append("r", -123).append("s", 4_567L);
              group.append("t", Binary.fromConstantByteArray(BigInteger.TEN.pow(30).toByteArray()));
              group.append("u", Binary.fromConstantByteArray(new byte[] {-1, -1, -1, -1, -2}));
              group.append("v", Binary.fromString("0123456789abcdef"));
              group.append("w", Binary.fromString("ww")).append("x", -8).append("y", 65_535);
              group.append("z", -1).append("zz", -1L);
              if (row == 1) {
                group.append("n1", 9).append("n2", "");
              }
            });
    Schema found = desk.inputs.infer(List.of(file), PARQUET, Sampling.DEFAULTS);
    assertThat(SchemaText.print(found))
        .isEqualTo(
            "a:bool, b:int, c:long, d:float, e:double, f:timestamp(ns), g:binary, h:string,"
                + " i:string, j:string, k:date, l:time(ms), m:time, n:time(ns), o:instant(ms),"
                + " p:timestamp, q:instant(ns), r:decimal(9,2), s:decimal(18,3), t:decimal(38,1),"
                + " u:decimal(11,0), v:binary, w:binary, x:byte, y:int, z:long, zz:decimal(20,0),"
                + " n1:int?, n2:string?");
    List<String> rows = desk.rows(Desk.whole(file, PARQUET), found, ReadOptions.DEFAULTS);
    String common =
        "true|-5|-9223372036854775808|1.5|-0.1|1970-01-03T00:00:01.000000007|x\u00ff|hé|e|{}|19782"
            + "|1970-01-01T00:00:01.234|5|6|1500|1970-01-01T00:00:01.500|7|-1.23|4.567|"
            + BigInteger.TEN.pow(29)
            + ".0|-2|0123456789abcdef|ww|-8|65535|4294967295|18446744073709551615|";
    assertThat(rows).containsExactly(common + "null|null", common + "9|");
  }

  @Test
  void read_eachCodec() throws IOException {
    for (CompressionCodecName codec :
        List.of(
            CompressionCodecName.UNCOMPRESSED,
            CompressionCodecName.SNAPPY,
            CompressionCodecName.GZIP,
            CompressionCodecName.ZSTD,
            CompressionCodecName.LZ4_RAW)) {
      InputFile file =
          write(
              codec,
              "message m { required int32 a; required binary b (STRING); }",
              25,
              (group, row) -> group.append("a", row).append("b", "text of " + row));
      List<String> rows = desk.rows(file, PARQUET, "a:int, b:string", ANY);
      assertThat(rows).as(codec.name()).hasSize(25).endsWith("24|text of 24");
    }
  }

  @Test
  void read_widerTypesProjectionAndMissingColumns() throws IOException {
    InputFile file =
        write(
            "message m { required int32 a; required float b; required int32 c (DECIMAL(5,2)); }",
            2,
            (group, row) -> group.append("a", row).append("b", 1.5f).append("c", row));
    assertThat(
            desk.rows(
                file,
                PARQUET,
                "x:string?, c:decimal(20,2), a:long, b:double",
                ANY.withColumns(List.of("a", "x", "c", "b"))))
        .containsExactly("0|null|0.00|1.5", "1|null|0.01|1.5");
    assertThat(desk.rows(file, PARQUET, "x:string?", ANY)).containsExactly("null", "null");
    for (String schema : List.of("a:short", "a:string", "b:float, c:decimal(4,2)", "x:int")) {
      assertThatThrownBy(() -> desk.rows(file, PARQUET, schema, ANY))
          .as(schema)
          .isInstanceOf(FormatsException.BadSchema.class);
    }
  }

  @Test
  void read_valuesThatTheSchemaDoesNotTake_areBadRowsByTheirNumberInTheFile() throws IOException {
    InputFile file =
        write(
            "message m { optional int32 a; required binary b (STRING); required int32 c; }",
            30,
            (group, row) -> {
              if (row % 10 != 3) {
                group.append("a", row);
              }
              byte[] text = {'x', (byte) (row == 15 ? 0xff : 'y')};
              group.append("b", Binary.fromConstantByteArray(text)).append("c", row);
            });
    List<String> rows =
        desk.rows(
            Split.cut(List.of(file), PARQUET, file.bytes() / 3),
            SchemaText.parse("a:int, b:string, c:int"),
            ANY);
    assertThat(rows).hasSize(26).doesNotContain("15|xy|15").contains("14|xy|14", "16|xy|16");
    assertThat(desk.bad)
        .allMatch(row -> row.place() == BadRow.Place.ROW)
        .extracting(BadRow::at)
        .containsExactly(3L, 13L, 15L, 23L);
  }

  @Test
  void nestedAndOtherTypes_areRefusedByName_andOtherColumnsCanBeRead() throws IOException {
    InputFile file =
        write(
            """
            message m { required int32 a; required group b { required int32 c; }
              repeated int32 d; required fixed_len_byte_array(12) e (INTERVAL); }
            """,
            1,
            (group, row) -> {
              group.append("a", 1);
              group.addGroup("b").append("c", 2);
              group.append("e", Binary.fromString("123456789012"));
            });
    assertThatThrownBy(() -> desk.inputs.infer(List.of(file), PARQUET, Sampling.DEFAULTS))
        .isInstanceOf(FormatsException.Unsupported.class)
        .hasMessageContaining("nested column: file=" + file.uri() + " column=b");
    for (String column : List.of("b", "d", "e")) {
      assertThatThrownBy(() -> desk.rows(file, PARQUET, column + ":int", ANY))
          .isInstanceOf(FormatsException.Unsupported.class)
          .hasMessageContaining("column=" + column);
    }
    assertThat(desk.rows(file, PARQUET, "a:int", ANY)).containsExactly("1");
  }

  @Test
  void read_ofWhatIsNotParquet_isSaid() throws IOException {
    for (String text : List.of("", "PAR1", "PAR1PAR1", "x".repeat(1_000), "PAR1....\0\0\0\0PAR1")) {
      InputFile file = desk.file("b", text);
      assertThatThrownBy(() -> desk.rows(file, PARQUET, "a:int", ANY))
          .as(text)
          .isInstanceOf(FormatsException.NotTheFormat.class);
    }
  }

  @Test
  void progress_countsTheBytesOfRowGroups() throws IOException {
    InputFile file =
        write("message m { required int32 a; }", 30, (group, row) -> group.append("a", row));
    try (RecordSource source =
        desk.inputs.read(
            Desk.whole(file, PARQUET).getFirst(),
            SchemaText.parse("a:int"),
            ANY.withBatch(10, 1 << 20),
            desk.allocator,
            BadRows.IGNORED)) {
      long before = -1;
      while (source.next()) {
        assertThat(source.bytesRead()).isBetween(before + 1, file.bytes());
        before = source.bytesRead();
      }
      assertThat(source.bytesRead()).isEqualTo(file.bytes());
    }
  }
}

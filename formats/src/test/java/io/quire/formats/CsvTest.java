package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CsvTest {
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

  private List<String> rows(String text, Format.Csv csv, String schema) throws IOException {
    return desk.rows(desk.file("a.csv", text), csv, schema, ANY);
  }

  @Test
  void read_eachType() throws IOException {
    String schema =
        "a:bool, b:byte, c:short, d:int, e:long, f:float, g:double, h:decimal(15,2), i:date,"
            + " j:time(ms), k:timestamp, l:timestamp(ns), m:instant(s), n:string, o:binary,"
            + " p:decimal(38,3)";
    String header = "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p\n";
    assertThat(
            rows(
                header
                    + "true,-128,32767,+7,-9223372036854775808,1.5,-1e-3,12.3,2024-02-29,23:59:59.25,"
                    + "2024-02-29 01:02:03.000004,1969-12-31T23:59:59.999999999,"
                    + "2024-02-29T01:00:00+02:00,\"ä,\"\"x\",bytes,"
                    + "-12345678901234567890123456789012345.678\n"
                    + "0,1,2,3,4,nan,-Infinity,-0.05,0001-01-01,00:00,2024-02-29,2024-02-29T01:02,"
                    + "2024-02-29,\"\",é,1e3",
                Format.Csv.DEFAULT,
                schema))
        .containsExactly(
            "true|-128|32767|7|-9223372036854775808|1.5|-0.001|12.30|19782|23:59:59.250"
                    .replace("23:59:59.250", "1970-01-01T23:59:59.250")
                + "|2024-02-29T01:02:03.000004|1969-12-31T23:59:59.999999999|1709161200|ä,\"x|bytes"
                + "|-12345678901234567890123456789012345.678",
            "false|1|2|3|4|NaN|-Infinity|-0.05|-719162|1970-01-01T00:00|2024-02-29T00:00"
                + "|2024-02-29T01:02|1709164800||"
                + new String("é".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1)
                + "|1000.000");
    assertThat(desk.bad).isEmpty();
  }

  @Test
  void read_whatDoesNotFit_isABadRowAndNeverAnotherValue() throws IOException {
    bad("byte", "128", "-129", "1.0", "", "x", "1 ", "--1", "0x1");
    bad("long", "9223372036854775808", "-9223372036854775809", "99999999999999999999", "+", "-");
    bad("float", "1e39", "1f", "0x1p3");
    bad("double", "1e309", "1d", " 1", ".", "1e", "1e+", "infinit");
    bad(
        "decimal(4,2)",
        "1.234",
        "100",
        "1e2",
        "1e-3",
        "1e999999999",
        "1e-999999999",
        "nan",
        "1..2");
    bad("bool", "yes", "2", "tru");
    bad("date", "2023-02-29", "2024-13-01", "2024-1-1", "2024/01/01", "2024-01-01 ", "today");
    bad("time(ms)", "24:00", "1:00", "01:60", "01:02:60", "01:02:03.0001", "01:02:03.", "01:02:");
    bad("timestamp(s)", "2024-01-01 01:02:03.5", "2024-01-01T01:02Z", "2024-01-01x01:02");
    bad("timestamp(ns)", "1600-01-01", "2300-01-01 00:00");
    bad("instant", "2024-01-01 01:02", "2024-01-01 01:02+1", "2024-01-01 01:02+19:00");
  }

  private void bad(String type, String... texts) throws IOException {
    for (String text : texts) {
      desk.bad.clear();
      assertThat(rows("x,y\n" + text + ",1\n", Format.Csv.DEFAULT, "x:" + type + ", y:int"))
          .as(type + " " + text)
          .isEmpty();
      assertThat(desk.bad).hasSize(1);
      assertThat(desk.bad.getFirst().at()).isEqualTo(4);
      assertThat(desk.bad.getFirst().text()).isEqualTo(text + ",1");
    }
  }

  @Test
  void read_badRows_areGivenWithPlaceReasonAndText_andTheRestIsRead() throws IOException {
    assertThat(
            rows(
                "id,name\n1,a\nx,b\n3\n4,d,e\n5,\"open\n6,f\n7,\"g\"h\n,i\n9,j",
                Format.Csv.DEFAULT,
                "id:int, name:string"))
        .containsExactly("1|a", "6|f", "9|j");
    assertThat(desk.reasons())
        .containsExactly(
            "12: not a value: wanted=int found=[x] column=id",
            "16: fields of a row: found=1 wanted=2",
            "18: fields of a row: found=3 wanted=2",
            "24: quote not closed",
            "36: character behind a closing quote",
            "43: null in a column that takes none: column=id");
    assertThat(desk.bad.get(3))
        .isEqualTo(
            new BadRow(
                desk.inputs.find(List.of(directory + "/a.csv")).getFirst().uri(),
                BadRow.Place.BYTE,
                24,
                "quote not closed",
                "5,\"open"));
  }

  @Test
  void read_malformedUtf8_isABadRow() throws IOException {
    byte[] text = "x\nä\n?\nö\n".getBytes(StandardCharsets.UTF_8);
    text[5] = (byte) 0xc3;
    InputFile file = desk.file("a.csv", text);
    assertThat(desk.rows(file, Format.Csv.DEFAULT, "x:string", ANY)).containsExactly("ä", "ö");
    assertThat(desk.reasons()).containsExactly("5: not UTF-8");
    assertThat(desk.bad.getFirst().text()).isEqualTo("\ufffd");
  }

  @Test
  void read_lineEnds_marksAndEmptyLines() throws IOException {
    assertThat(
            rows(
                "\ufeffa,b\r\n\r\n1,x\r\n\n2,y\rz\n\n3,\"\r\"\r\n4,w",
                Format.Csv.DEFAULT,
                "a:int, b:string"))
        .containsExactly("1|x", "2|y\rz", "3|\r", "4|w");
    assertThat(desk.bad).isEmpty();
  }

  @Test
  void read_nullsQuotesAndComments() throws IOException {
    assertThat(rows("a,b\n1,\n2,\"\"\n,x\n", Format.Csv.DEFAULT, "a:int?, b:string?"))
        .containsExactly("1|null", "2|", "null|x");
    Format.Csv other =
        Format.Csv.DEFAULT.withNullText("\\N").withComment('#').withDelimiter(';').withQuote('\'');
    assertThat(rows("#x\na;b\n#1;2\n1;'\\N'\n2;\\N\n3;'#;'''\n", other, "a:int, b:string?"))
        .containsExactly("1|\\N", "2|null", "3|#;'");
    assertThat(rows("a\tb\n1\t\"x\n", Format.Csv.TSV, "a:int, b:string")).containsExactly("1|\"x");
    assertThat(rows("1|x|\n2||\n3|y\n4|y|z\n", Format.Csv.TBL, "a:int, b:string?"))
        .containsExactly("1|x", "2|null");
    assertThat(desk.bad).hasSize(2);
  }

  @Test
  void read_byHeader_findsColumnsInAnyOrder_andMissingOnesAreNull() throws IOException {
    assertThat(rows("c,b,x\n1,2,3\n", Format.Csv.DEFAULT, "a:int?, b:int, c:int"))
        .containsExactly("null|2|1");
    assertThatThrownBy(() -> rows("c,b\n1,2\n", Format.Csv.DEFAULT, "a:int, b:int, c:int"))
        .isInstanceOf(FormatsException.BadSchema.class)
        .hasMessageContaining("column missing")
        .hasMessageContaining("column=a");
    assertThatThrownBy(() -> rows("b,b\n1,2\n", Format.Csv.DEFAULT, "b:int"))
        .isInstanceOf(FormatsException.BadSchema.class)
        .hasMessageContaining("column twice in the header");
  }

  @Test
  void read_multiline_hasLineFeedsInFields_andFailsWhereRecordsCannotBeToldApart()
      throws IOException {
    Format.Csv csv = Format.Csv.DEFAULT.withMultiline(true);
    assertThat(rows("a,b\n1,\"x\n\ny\r\n#\"\r\n\n2,z\n", csv, "a:int, b:string"))
        .containsExactly("1|x\n\ny\r\n#", "2|z");
    assertThat(rows("a,b\nx,\"x\ny\"\n2,z\n", csv, "a:int, b:string")).containsExactly("2|z");
    assertThat(desk.bad.getFirst().text()).isEqualTo("x,\"x\ny\"\n");
    assertThatThrownBy(() -> rows("a,b\n1,x\n2,\"z\n3,y\n", csv, "a:int, b:string"))
        .isInstanceOf(FormatsException.NotTheFormat.class)
        .hasMessageContaining("quote not closed at=8");
    assertThatThrownBy(() -> rows("a,b\n1,\"x\"y\n", csv, "a:int, b:string"))
        .isInstanceOf(FormatsException.NotTheFormat.class)
        .hasMessageContaining("character behind a closing quote at=4");
  }

  @Test
  void read_projection_givesTheWantedColumnsInTheWantedOrder() throws IOException {
    InputFile file = desk.file("a.csv", "a,b,c\n1,x,3\n4,5,6\n");
    assertThat(
            desk.rows(
                file,
                Format.Csv.DEFAULT,
                "a:int, b:int, c:int",
                ANY.withColumns(List.of("c", "a"))))
        .containsExactly("3|1", "6|4");
    assertThatThrownBy(
            () -> desk.rows(file, Format.Csv.DEFAULT, "a:int", ANY.withColumns(List.of("d"))))
        .isInstanceOf(FormatsException.BadSchema.class)
        .hasMessage("no such column: wanted=d known=[a]");
  }

  @Test
  void read_recordsThatAreTooLong_areBadRows() throws IOException {
    String line = "y".repeat(300_000);
    String text = "x\n1\n" + line + "\n2\n" + "z".repeat(2_000) + "\n3\n" + line;
    InputFile file = desk.file("a.csv", text);
    ReadOptions options = ANY.withRecordBytes(1 << 10);
    assertThat(desk.rows(file, Format.Csv.DEFAULT, "x:string", options))
        .containsExactly("1", "2", "3");
    assertThat(desk.reasons())
        .containsExactly(
            "4: record too long: max=1024",
            "300007: record too long: max=1024",
            "302010: record too long: max=1024");
    assertThat(desk.bad.getFirst().text()).isEqualTo("y".repeat(BadRow.TEXT_BYTES_MAX));

    // Up to the limit they are read, whatever the sizes of buffers.
    assertThat(desk.rows(file, Format.Csv.DEFAULT, "x:string", ANY)).hasSize(6);
  }

  @Test
  void read_beyondTheLimits_fails() throws IOException {
    StringBuilder text = new StringBuilder("x\n");
    for (int i = 0; i < 5_000; i++) {
      text.append(i % 10 == 9 ? "x\n" : i + "\n");
    }
    InputFile file = desk.file("a.csv", text.toString());
    tooMany(file, BadRowLimit.NONE, 1, 10);
    tooMany(file, BadRowLimit.ofCount(99), 100, 1_000);
    tooMany(file, BadRowLimit.ofShare(0.09), 100, 1_000);
    tooMany(file, BadRowLimit.ofCount(499), 500, 5_000);
    for (BadRowLimit limit : List.of(BadRowLimit.ofCount(500), BadRowLimit.ofShare(0.1))) {
      assertThat(
              desk.rows(file, Format.Csv.DEFAULT, "x:int", ReadOptions.DEFAULTS.withBadRows(limit)))
          .hasSize(4_500);
    }
    // A share is judged at the end, too.
    InputFile small = desk.file("b.csv", "x\n1\n2\ny\n");
    tooMany(small, BadRowLimit.ofShare(0.3), 1, 3);
  }

  private void tooMany(InputFile file, BadRowLimit limit, long bad, long rows) {
    assertThatThrownBy(
            () ->
                desk.rows(
                    file, Format.Csv.DEFAULT, "x:int", ReadOptions.DEFAULTS.withBadRows(limit)))
        .isInstanceOfSatisfying(
            FormatsException.TooManyBadRows.class,
            e -> {
              assertThat(e.bad()).isEqualTo(bad);
              assertThat(e.rows()).isEqualTo(rows);
            })
        .hasMessageContaining("last=[not a value: wanted=int found=[");
  }

  @Test
  void read_withoutMemory_failsAndGivesAllBack() throws IOException {
    InputFile file = desk.file("a.csv", "x\n" + ("y".repeat(1_000) + "\n").repeat(1_000));
    try (BufferAllocator small = desk.allocator.newChildAllocator("small", 0, 100_000)) {
      try (RecordSource source =
          desk.inputs.read(
              Desk.whole(file, Format.Csv.DEFAULT).getFirst(),
              SchemaText.parse("x:string"),
              ANY,
              small,
              BadRows.IGNORED)) {
        assertThatThrownBy(source::next).isInstanceOf(OutOfMemoryException.class);
        assertThatThrownBy(source::next).isInstanceOf(IllegalStateException.class);
      }
      assertThat(small.getAllocatedMemory()).isZero();
    }
  }

  @Test
  void batches_haveAtMostTheirRowsAndBytes_andAreTheSameObject() throws IOException {
    StringBuilder text = new StringBuilder("x,y\n");
    for (int i = 0; i < 1_000; i++) {
      text.append(i).append(',').append(i % 7 == 3 ? "" : "s".repeat(i % 200)).append('\n');
    }
    text.append("1000,").append("s".repeat(5_000)).append("\n1001,\n");
    InputFile file = desk.file("a.csv", text.toString());
    for (int rowsMax : new int[] {1, 7, 100, 10_000}) {
      for (long bytesMax : new long[] {1_024, 3_000, 1 << 20}) {
        ReadOptions options = ANY.withBatch(rowsMax, bytesMax);
        List<String> rows = new ArrayList<>();
        try (RecordSource source =
            desk.inputs.read(
                Desk.whole(file, Format.Csv.DEFAULT).getFirst(),
                SchemaText.parse("x:int, y:string?"),
                options,
                desk.allocator,
                BadRows.IGNORED)) {
          VectorSchemaRoot batch = source.batch();
          long before = 0;
          while (source.next()) {
            assertThat(source.batch()).isSameAs(batch);
            assertThat(batch.getRowCount()).isBetween(1, rowsMax);
            VarCharVector names = (VarCharVector) batch.getVector("y");
            long bytes = names.getOffsetBuffer().getInt(4L * batch.getRowCount());
            bytes += 4L * batch.getRowCount();
            assertThat(batch.getRowCount() == 1 || bytes <= bytesMax).isTrue();
            for (int i = 0; i < batch.getRowCount(); i++) {
              rows.add(Desk.text(batch, i));
            }
            assertThat(source.bytesRead()).isBetween(before, file.bytes());
            before = source.bytesRead();
          }
          assertThat(source.bytesRead()).isEqualTo(file.bytes());
          assertThat(source.rows()).isEqualTo(1_002);
          assertThat(source.next()).isFalse();
          assertThat(batch.getRowCount()).isZero();
        }
        assertThat(rows).hasSize(1_002);
        assertThat(rows.get(3)).isEqualTo("3|null");
        assertThat(rows.get(201)).isEqualTo("201|s");
        assertThat(rows.getLast()).isEqualTo("1001|null");
      }
    }
  }
}

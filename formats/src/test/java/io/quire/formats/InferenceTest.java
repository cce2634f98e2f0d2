package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InferenceTest {
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

  private String infer(String text, Format format, Sampling sampling) throws IOException {
    return SchemaText.print(desk.inputs.infer(List.of(desk.file("a", text)), format, sampling));
  }

  private String infer(String text) throws IOException {
    return infer(text, Format.Csv.DEFAULT, Sampling.DEFAULTS);
  }

  /** The type of a column with these values. */
  private String type(String... values) throws IOException {
    String schema = infer("x,y\n1," + String.join("\n1,", values) + "\n");
    return schema.substring("x:long, y:".length());
  }

  @Test
  void csv_narrowestTypeOfAllValues() throws IOException {
    assertThat(type("true", "FALSE")).isEqualTo("bool");
    assertThat(type("1", "-9223372036854775808")).isEqualTo("long");
    assertThat(type("1", "1.5", "-2e10")).isEqualTo("double");
    assertThat(type("2024-02-29", "0001-01-01")).isEqualTo("date");
    assertThat(type("2024-02-29", "2024-02-29 10:00")).isEqualTo("timestamp");
    assertThat(type("2024-02-29T10:00:00.5Z", "2024-02-29 10:00+01:00")).isEqualTo("instant");
    assertThat(type("1", "")).isEqualTo("long?");
    assertThat(type("", "")).isEqualTo("string?");
    // What is of no narrower type, or would lose something in it.
    assertThat(type("true", "1")).isEqualTo("string");
    assertThat(type("1", "2024-02-29")).isEqualTo("string");
    assertThat(type("2023-02-29")).isEqualTo("string");
    assertThat(type("2024-02-29 10:00", "2024-02-29 10:00Z")).isEqualTo("string");
    assertThat(type("007", "12")).isEqualTo("string");
    assertThat(type("0", "-0.5")).isEqualTo("double");
    assertThat(type("9223372036854775808")).isEqualTo("decimal(38,0)");
    assertThat(type("9223372036854775808", "0.5")).isEqualTo("string");
    assertThat(type("1".repeat(39))).isEqualTo("string");
    assertThat(type("\"\"", "1")).isEqualTo("string");
  }

  @Test
  void csv_decimals_ifWanted() throws IOException {
    Sampling decimals = Sampling.DEFAULTS.withDecimals(true);
    Format csv = Format.Csv.DEFAULT;
    assertThat(infer("x\n1.5\n-20.125\n3\n", csv, decimals)).isEqualTo("x:decimal(18,3)");
    assertThat(infer("x\n1\n2\n", csv, decimals)).isEqualTo("x:long");
    assertThat(infer("x\n1.5\n1e5\n", csv, decimals)).isEqualTo("x:double");
    assertThat(infer("x\n12345678901234567890.25\n", csv, decimals)).isEqualTo("x:decimal(38,2)");
    assertThat(infer("x\n0." + "1".repeat(38) + "\n", csv, decimals)).isEqualTo("x:double");
  }

  @Test
  void csv_namesOfColumns() throws IOException {
    assertThat(infer("a b,,c\n1,2,3\n")).isEqualTo("\"a b\":long, f1:long, c:long");
    assertThat(infer("1,x\n2,y\n", Format.Csv.DEFAULT.withHeader(false), Sampling.DEFAULTS))
        .isEqualTo("f0:long, f1:string");
    assertThat(infer("1|x|\n2|y|\n", Format.Csv.TBL, Sampling.DEFAULTS))
        .isEqualTo("f0:long, f1:string");
    assertThatThrownBy(() -> infer("a,a\n1,2\n")).isInstanceOf(FormatsException.BadSchema.class);
    assertThatThrownBy(() -> infer("a\n"))
        .isInstanceOf(FormatsException.BadSchema.class)
        .hasMessage("nothing to find columns in: files=1 rows=0");
    assertThatThrownBy(() -> infer("")).isInstanceOf(FormatsException.BadSchema.class);
  }

  @Test
  void columns_mayBeNull_ifNotAllWasSeen() throws IOException {
    assertThat(infer("a\n1\n2\n3\n", Format.Csv.DEFAULT, new Sampling(1, 3, false)))
        .isEqualTo("a:long?");
    assertThat(infer("a\n1\n2\n3\n", Format.Csv.DEFAULT, new Sampling(1, 4, false)))
        .isEqualTo("a:long");
    List<InputFile> files = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      files.add(desk.file("f" + i, i == 4 ? "b,a\nx,1.5\n" : "a\n1\n"));
    }
    Format csv = Format.Csv.DEFAULT;
    assertThat(SchemaText.print(desk.inputs.infer(files, csv, new Sampling(9, 10, false))))
        .isEqualTo("a:double, b:string?");
    assertThat(SchemaText.print(desk.inputs.infer(files, csv, new Sampling(2, 10, false))))
        .isEqualTo("a:double?, b:string?");
  }

  @Test
  void json_columnsInTheOrderOfTheirFirstAppearance() throws IOException {
    assertThat(
            infer(
                """
                {"b":1,"a":"2024-01-01","n":null,"s":"12"}
                {"a":"2024-01-02","b":2.5,"t":true,"o":{"x":1},"s":"x"}
                {"broken
                """,
                Format.JsonLines.DEFAULT,
                Sampling.DEFAULTS))
        .isEqualTo("b:double, a:date, n:string?, s:string, t:bool?, o:string?");
    assertThat(infer("{\"a\":1}\n{\"a\":\"1\"}", Format.JsonLines.DEFAULT, Sampling.DEFAULTS))
        .isEqualTo("a:string");
  }

  /** What was inferred from all rows reads all rows, and loses none of their text. */
  @Test
  void whatWasInferred_readsAllThatWasSeen() throws IOException {
    Random random = new Random(8);
    String[] values = {
      "1",
      "-1",
      "0",
      "true",
      "false",
      "1.5",
      "-2.25e3",
      "2024-02-29",
      "2024-02-29 01:02:03",
      "x",
      "",
      "\"\"",
      "007",
      "9223372036854775807",
      "9223372036854775808",
      "2024-02-29T01:02Z",
      "+5",
      ".5",
      "5.",
      "nan",
      "1".repeat(39),
      "0.123456789012345678901234567890123456789",
      "é",
      "\" \""
    };
    for (int i = 0; i < 300; i++) {
      int columns = 1 + random.nextInt(4);
      int kinds = 1 + random.nextInt(4);
      String[] some =
          random.ints(kinds, 0, values.length).mapToObj(n -> values[n]).toArray(String[]::new);
      StringBuilder text = new StringBuilder();
      for (int column = 0; column < columns; column++) {
        text.append("c").append(column).append(",");
      }
      text.append("end\n");
      int rows = 1 + random.nextInt(20);
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          text.append(some[random.nextInt(kinds)]).append(',');
        }
        text.append("1\n");
      }
      InputFile file = desk.file("a", text.toString());
      Sampling sampling = Sampling.DEFAULTS.withDecimals(random.nextBoolean());
      Schema schema = desk.inputs.infer(List.of(file), Format.Csv.DEFAULT, sampling);
      assertThat(desk.rows(Desk.whole(file, Format.Csv.DEFAULT), schema, ReadOptions.DEFAULTS))
          .as("%s of %s", SchemaText.print(schema), text)
          .hasSize(rows);
      assertThat(SchemaText.parse(SchemaText.print(schema))).isEqualTo(schema);
    }
  }
}

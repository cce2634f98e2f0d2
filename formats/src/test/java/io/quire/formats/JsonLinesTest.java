package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JsonLinesTest {
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

  private List<String> rows(String text, Format format, String schema) throws IOException {
    return desk.rows(desk.file("a.jsonl", text), format, schema, ANY);
  }

  @Test
  void read_valuesOfEachKind() throws IOException {
    assertThat(
            rows(
                """
                {"a": 1, "b": "x", "c": true, "d": 1.25, "e": "2024-02-29", "f": "1e2"}

                {"b": "\\u00e9\\ud83d\\ude00\\n", "unknown": {"a": [1]}, "a": -2, "d": 3}
                {"a": 3, "b": {"k": [1, "é"]}, "c": null}\r
                 \t
                {"a": 4, "b": [ ] , "c": false}
                {"a": 5, "b": 12.50, "f": 7}
                """,
                Format.JsonLines.DEFAULT,
                "a:int, b:string, c:bool?, d:decimal(9,2)?, e:date?, f:double?"))
        .containsExactly(
            "1|x|true|1.25|19782|100.0",
            "-2|é😀\n|null|3.00|null|null",
            "3|{\"k\": [1, \"é\"]}|null|null|null|null",
            "4|[ ]|false|null|null|null",
            "5|12.50|null|null|null|7.0");
    assertThat(desk.bad).isEmpty();
  }

  @Test
  void read_badRows_areGivenWithPlaceReasonAndText_andTheRestIsRead() throws IOException {
    assertThat(
            rows(
                """
                {"a":1}
                {"a":1e400}
                {"a":12345678901}
                [1]
                {"a":1} {"a":2}
                {"a":1,"a":2}
                {"a":[1]}
                {"b":1}
                {"a":1,"s":"\\ud800"}
                {"a":
                {"a":1,"s":{"x":}}
                {"a":"7"}
                3
                {"a":NaN}
                {"a":2}""",
                Format.JsonLines.DEFAULT,
                "a:int, s:string?"))
        .containsExactly("1|null", "7|null", "2|null");
    assertThat(desk.reasons())
        .extracting(reason -> reason.replaceAll("not JSON:.*", "not JSON"))
        .containsExactly(
            "8: not a value: wanted=int found=[1e400] column=a",
            "20: out of range: wanted=int found=[12345678901] column=a",
            "38: not an object",
            "42: more than one value in a line",
            "58: field twice: name=a",
            "72: an object or array in a column of values: column=a",
            "82: null in a column that takes none: column=a",
            "90: half of a surrogate pair: column=s",
            "111: not JSON",
            "117: not JSON",
            "146: not an object",
            "148: not JSON");
    assertThat(desk.bad.get(2).text()).isEqualTo("[1]");
  }

  @Test
  void read_unknownFields_areRefusedIfSo() throws IOException {
    String text = "{\"a\":1}\n{\"a\":2,\"x\":1}\n{\"b\":1,\"a\":3}\n";
    ReadOptions projected = ANY.withColumns(List.of("a"));
    assertThat(
            desk.rows(
                desk.file("a.jsonl", text), new Format.JsonLines(true), "a:int, b:int?", projected))
        .containsExactly("1", "3");
    assertThat(desk.reasons()).containsExactly("8: unknown field: name=x");
  }

  @Test
  void read_deepNesting_isABadRow() throws IOException {
    assertThat(
            rows(
                "{\"a\":" + "[".repeat(100_000) + "\n{\"a\":1}\n{\"b\":" + "{\"b\":".repeat(9_999),
                Format.JsonLines.DEFAULT,
                "a:string"))
        .containsExactly("1");
    assertThat(desk.bad).hasSize(2);
  }
}

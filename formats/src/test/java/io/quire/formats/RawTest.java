package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RawTest {
  @TempDir Path directory;

  @Test
  void read_intoOtherColumns_isRefused() throws IOException {
    try (Desk desk = new Desk(directory)) {
      InputFile file = desk.file("a", "abc");
      for (String schema : List.of("data:string", "a:binary, b:binary")) {
        assertThatThrownBy(() -> desk.rows(file, Format.Raw.DEFAULT, schema, ReadOptions.DEFAULTS))
            .isInstanceOf(FormatsException.BadSchema.class)
            .hasMessage("raw bytes are one column of binary: found=" + schema);
      }
    }
  }

  @Test
  void read_anyCut_givesTheSameBlocks() throws IOException {
    try (Desk desk = new Desk(directory)) {
      Format raw = new Format.Raw(4);
      for (String text : List.of("abcdefghij", "abcdefgh", "a")) {
        InputFile file = desk.file("a", text);
        var schema = desk.inputs.infer(List.of(file), raw, Sampling.DEFAULTS);
        assertThat(SchemaText.print(schema)).isEqualTo("data:binary");
        for (int target = 1; target <= 11; target++) {
          assertThat(desk.rows(Split.cut(List.of(file), raw, target), schema, ReadOptions.DEFAULTS))
              .containsExactly(text.split("(?<=\\G.{4})"));
        }
      }
    }
  }
}

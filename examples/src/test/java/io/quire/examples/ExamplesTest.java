package io.quire.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each example says what its comments promise. */
@Timeout(400)
class ExamplesTest {
  @TempDir private static Path directory;

  /** A program. */
  private interface Main {
    void main(String[] arguments) throws Exception;
  }

  private static List<String> said(Main program, String data) throws Exception {
    PrintStream terminal = System.out;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try (PrintStream here = new PrintStream(said, true, StandardCharsets.UTF_8)) {
      System.setOut(here);
      program.main(new String[] {directory.resolve(data).toString()});
    } finally {
      System.setOut(terminal);
    }
    return said.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void firstObject() throws Exception {
    assertThat(said(FirstObject::main, "first")).contains("hello, world");
  }

  @Test
  void catalogue() throws Exception {
    assertThat(said(Catalogue::main, "catalogue"))
        .containsSubsequence("months: 9", "listed: 300")
        .contains("Renamed 2026/02/1", "Deleted 2026/02/1", "full: 899");
  }

  @Test
  void oneWriter() throws Exception {
    assertThat(said(OneWriter::main, "writer"))
        .containsSubsequence("read: 2", "denied: a second writer", "mode: WRITE");
  }

  @Test
  void tableFromCsv() throws Exception {
    assertThat(said(TableFromCsv::main, "table"))
        .containsSubsequence(
            "city:string, km:double", "rides: Whole[value=2]", "km: Real[value=7.5]");
  }
}

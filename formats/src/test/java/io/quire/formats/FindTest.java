package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.security.AccessControlException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FindTest {
  @TempDir Path directory;

  /** Lists nothing, or reads nothing, of what is named so. */
  public static final class Locked extends RawLocalFileSystem {
    @Override
    public URI getUri() {
      return URI.create("locked:///");
    }

    @Override
    public FileStatus[] listStatus(org.apache.hadoop.fs.Path path) throws IOException {
      if (path.getName().equals("closed")) {
        throw new AccessControlException("not yours");
      }
      return super.listStatus(path);
    }

    @Override
    public FSDataInputStream open(org.apache.hadoop.fs.Path path, int buffer) throws IOException {
      throw new AccessControlException("not yours");
    }
  }

  @Test
  void find_globsDirectoriesAndPaths_givesEachFileOnceSorted() throws IOException {
    Files.createDirectories(directory.resolve("b/c"));
    Files.createDirectories(directory.resolve("b/_temporary"));
    for (String name : List.of("2.csv", "1.csv", "3.tsv", "_SUCCESS", "b/x", "b/c/y")) {
      Files.writeString(directory.resolve(name), name);
    }
    Files.writeString(directory.resolve("b/_temporary/z"), "z");
    Files.writeString(directory.resolve("b/.hidden"), "z");
    Files.setLastModifiedTime(directory.resolve("1.csv"), FileTime.fromMillis(1_700_000_000_000L));
    String root = directory.toString();

    try (Inputs inputs = Inputs.open(Map.of())) {
      List<InputFile> files =
          inputs.find(
              List.of(
                  root + "/*.{csv,tsv}", "file:" + root + "/b", root + "/1.csv", root + "/[12]*"));

      assertThat(files)
          .extracting(file -> file.uri().substring(("file:" + root + "/").length()))
          .containsExactly("1.csv", "2.csv", "3.tsv", "b/c/y", "b/x");
      assertThat(files.getFirst())
          .isEqualTo(new InputFile("file:" + root + "/1.csv", 5, 1_700_000_000_000L));
      assertThat(inputs.find(List.of(root + "/_*"))).hasSize(1);
      assertThat(inputs.find(List.of(root + "/*"))).hasSize(5);
    }
  }

  @Test
  void find_nothing_isSaidByPattern() throws IOException {
    Files.createDirectories(directory.resolve("empty"));
    try (Inputs inputs = Inputs.open(Map.of())) {
      for (String name : List.of("/none", "/*.csv", "/empty", "/none/x/*")) {
        assertThatThrownBy(() -> inputs.find(List.of(directory + name)))
            .isInstanceOf(FormatsException.NothingFound.class)
            .hasMessage("no file found: pattern=" + directory + name);
      }
    }
  }

  @Test
  void find_withUnknownScheme_isSaid() {
    try (Inputs inputs = Inputs.open(Map.of())) {
      assertThatThrownBy(() -> inputs.find(List.of("nosuch://host/x")))
          .isInstanceOf(FormatsException.UnknownScheme.class)
          .hasMessageContaining("scheme=nosuch");
    }
  }

  @Test
  void find_whatIsNoPath_isSaid() {
    try (Inputs inputs = Inputs.open(Map.of())) {
      for (String pattern : List.of("file:relative", "hdfs:", "\0", "/a/{b")) {
        assertThatThrownBy(() -> inputs.find(List.of(pattern)))
            .as(pattern)
            .isInstanceOf(FormatsException.class);
      }
    }
  }

  @Test
  void find_andRead_withoutPermission_isSaid() throws IOException {
    Files.createDirectories(directory.resolve("closed"));
    Files.writeString(directory.resolve("a.csv"), "x\n1\n");
    try (Inputs inputs = Inputs.open(Map.of("fs.locked.impl", Locked.class.getName()));
        Desk desk = new Desk(directory)) {
      assertThatThrownBy(() -> inputs.find(List.of("locked:" + directory + "/closed")))
          .isInstanceOf(FormatsException.NoPermission.class)
          .hasMessageContaining("path=locked:" + directory + "/closed");

      List<InputFile> files = inputs.find(List.of("locked:" + directory + "/a.csv"));
      assertThatThrownBy(
              () ->
                  inputs.read(
                      Split.cut(files, Format.Csv.DEFAULT, 10).getFirst(),
                      SchemaText.parse("x:int"),
                      ReadOptions.DEFAULTS,
                      desk.allocator,
                      BadRows.IGNORED))
          .isInstanceOf(FormatsException.NoPermission.class);
    }
  }

  @Test
  void find_onAClusterThatIsNotThere_failsSoon() {
    try (Inputs inputs = Inputs.open(Map.of("dfs.client.failover.max.attempts", "1"))) {
      assertThatThrownBy(() -> inputs.find(List.of("hdfs://127.0.0.1:1/x")))
          .isInstanceOf(FormatsException.Unreadable.class);
    }
  }

  @Test
  void read_ofAFileThatChanged_isRefused() throws IOException {
    try (Desk desk = new Desk(directory)) {
      InputFile before = desk.file("a.csv", "x\n1\n");
      desk.file("a.csv", "x\n12\n");
      assertThatThrownBy(() -> desk.rows(before, Format.Csv.DEFAULT, "x:int", ReadOptions.DEFAULTS))
          .isInstanceOf(FormatsException.FileChanged.class)
          .hasMessageContaining("bytesWanted=4")
          .hasMessageContaining("bytes=5");

      Files.delete(directory.resolve("a.csv"));
      assertThatThrownBy(() -> desk.rows(before, Format.Csv.DEFAULT, "x:int", ReadOptions.DEFAULTS))
          .isInstanceOf(FormatsException.FileChanged.class)
          .hasMessageContaining("found=nothing");
    }
  }
}

package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkspaceTest {
  @Test
  void close_withTreeInside_deletesAllOfIt() throws IOException {
    Path root;
    try (Workspace workspace = Workspace.open("test")) {
      root = workspace.path();
      Files.writeString(workspace.directory("node-1/flash").resolve("file"), "bytes");
      assertThat(root.getFileName().toString()).startsWith("quire-test-");
    }

    assertThat(root).doesNotExist();
  }

  @Test
  void close_withLinkOutOfIt_leavesTheTarget(@TempDir Path outside) throws IOException {
    Path precious = Files.writeString(outside.resolve("precious"), "bytes");
    try (Workspace workspace = Workspace.open("test")) {
      Files.createSymbolicLink(workspace.path().resolve("link"), outside);
    }

    assertThat(precious).exists();
  }

  @Test
  void close_whenKept_leavesTheDirectory() throws IOException {
    Path file;
    try (Workspace workspace = Workspace.open("test")) {
      file = Files.writeString(workspace.path().resolve("node-1.log"), "why it failed");
      workspace.keep("node-1 ended");
    }

    assertThat(file).exists();
    assertThat(file.resolveSibling("kept")).hasContent("node-1 ended");
    for (String left : List.of("node-1.log", "kept", "owner", "")) {
      Files.delete(file.resolveSibling(left));
    }
  }

  @Test
  void open_besideAKeptOneOfADeadProcess_leavesIt() throws IOException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    Path dead = Files.createDirectory(temporary.resolve("quire-sweep-1"));
    Path kept = Files.createDirectory(temporary.resolve("quire-sweep-2"));
    for (Path directory : List.of(dead, kept)) {
      Files.writeString(directory.resolve("owner"), ProcessHandle.current().pid() + " long ago");
    }
    Path why = Files.writeString(kept.resolve("kept"), "it failed");

    Workspace.open("sweep").close();

    assertThat(dead).doesNotExist();
    assertThat(why).exists();
    for (String left : List.of("kept", "owner", "")) {
      Files.delete(kept.resolve(left));
    }
  }

  @Test
  void open_twiceWithOneName_givesTwoDirectories() {
    try (Workspace one = Workspace.open("test");
        Workspace other = Workspace.open("test")) {
      assertThat(one.path()).isNotEqualTo(other.path());
    }
  }
}

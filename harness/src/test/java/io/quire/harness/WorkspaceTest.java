package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    Files.delete(file);
    Files.delete(file.getParent());
  }

  @Test
  void open_twiceWithOneName_givesTwoDirectories() {
    try (Workspace one = Workspace.open("test");
        Workspace other = Workspace.open("test")) {
      assertThat(one.path()).isNotEqualTo(other.path());
    }
  }
}

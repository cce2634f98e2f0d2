package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** File systems that are full, and syncs that fail. Needs root. */
@Timeout(400)
class DisksIT {
  private static final byte[] SOME = new byte[100_000];

  @TempDir private Path directory;

  @BeforeAll
  static void needsRoot() {
    String missing = Disks.missing();
    assumeTrue(missing == null, missing);
  }

  @Test
  void filled_diskTakesNothing_andEmptiedItDoes() throws Exception {
    try (Disks disks = Disks.mount(List.of(directory))) {
      Path file = directory.resolve("file");
      Files.write(file, SOME);
      disks.fill(0);
      assertThatThrownBy(() -> Files.write(directory.resolve("other"), SOME))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("No space left");
      assertThat(Files.readAllBytes(file)).isEqualTo(SOME);
      disks.empty(0);
      Files.write(directory.resolve("other"), SOME);
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void sync_ofAProcessThatIsHarmed_fails_andLaterDoesNot() throws Exception {
    assumeTrue(Disks.callsCanFail(), "there is no strace");
    try (Disks disks = Disks.mount(List.of(directory))) {
      Path file = Files.write(directory.resolve("file"), SOME);
      String loop = "while read -r _; do sync -d " + file + " 2>&1 || true; echo done; done";
      Process victim = new ProcessBuilder("bash", "-c", loop).start();
      try (var in = victim.outputWriter(StandardCharsets.UTF_8);
          var out = victim.inputReader(StandardCharsets.UTF_8)) {
        try (AutoCloseable _ = disks.failSyncs(victim.pid())) {
          in.write("go\n");
          in.flush();
          assertThat(out.readLine()).contains("Input/output error");
          assertThat(out.readLine()).isEqualTo("done");
        }
        in.write("go\n");
        in.flush();
        assertThat(out.readLine()).isEqualTo("done");
      }
      assertThat(victim.waitFor()).isZero();
    }
  }
}

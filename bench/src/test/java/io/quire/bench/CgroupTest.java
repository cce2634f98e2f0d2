package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.bench.Contender.Unavailable;
import io.quire.harness.ChildProcess;
import io.quire.harness.Launch;
import io.quire.harness.Reaper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root, and a system that lets it make groups; elsewhere it is skipped and says why. */
final class CgroupTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @Test
  void process_isInTheGroup_andTheGroupGoesWithIt(@TempDir Path directory) throws Exception {
    String name;
    try (Reaper reaper = Reaper.open();
        Cgroup group = make("told")) {
      name = "quire-bench-" + ProcessHandle.current().pid() + "-told";
      Launch launch = group.around(Launch.of("child", directory, "cat", "/proc/self/cgroup"));
      ChildProcess child = reaper.start(launch);
      assertThat(child.awaitExit(LIMIT)).isZero();
      assertThat(Files.readString(child.log())).contains("/" + name);
    }
    try (Cgroup again = make("told")) {
      assertThat(again).isNotNull();
    }
  }

  /** A shell that keeps a gigabyte in a variable is ended by the kernel before it has it. */
  @Test
  void process_thatWantsMore_isEnded(@TempDir Path directory) {
    List<String> hog =
        List.of("/bin/sh", "-c", "x=$(head -c 1000000000 /dev/zero | tr '\\0' x); :");
    try (Reaper reaper = Reaper.open();
        Cgroup group = make("hog")) {
      Launch launch = Launch.of("hog", directory, hog.toArray(String[]::new));
      assertThat(reaper.start(group.around(launch)).awaitExit(LIMIT)).isNotZero();
    }
  }

  private static Cgroup make(String name) {
    try {
      return Cgroup.make(name, 64 << 20);
    } catch (Unavailable e) {
      return Assumptions.abort(String.valueOf(e.getMessage()));
    }
  }
}

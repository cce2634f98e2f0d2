package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(200)
final class ClassArchiveIT {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir private Path directory;

  @Test
  void classesOfJars_areMappedByJvmsThatTestsStart() throws Exception {
    Path loaded = directory.resolve("loaded.txt");
    JavaCommand command =
        JavaCommand.of(WorkerNode.class.getName(), "no-such.conf")
            .withOptions("-Xlog:class+load:file=" + loaded);
    try (Reaper reaper = Reaper.open()) {
      ChildProcess child = reaper.start(command.launch("node", directory));
      child.awaitExit(LIMIT);
      assertThat(child.logTail(5)).as("nothing is said of the archive").hasSize(1);
    }

    assertThat(Files.readString(loaded))
        .contains(WorkerNode.class.getName() + " source: shared objects file (top)");
  }
}

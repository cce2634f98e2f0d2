package io.quire.worlds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Searches the models of the protocol: {@code model/check}. */
@Timeout(value = 40, unit = TimeUnit.MINUTES)
class ModelIT {
  private static final Path CHECK = Path.of("../model/check");

  @Test
  void check_cleanRunsAreCleanAndPlantedBugsAreCaught() throws IOException, InterruptedException {
    assumeInstalled("spin");
    assumeInstalled("gcc");
    Path output = Path.of("target/model.txt");
    Process check =
        new ProcessBuilder(CHECK.toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      check.waitFor();
    } finally {
      check.descendants().forEach(ProcessHandle::destroy);
      check.destroy();
    }
    assertThat(check.exitValue()).as(Files.readString(output)).isZero();
  }

  private static void assumeInstalled(String tool) {
    boolean installed = false;
    for (String directory : System.getenv("PATH").split(":")) {
      installed |= Files.isExecutable(Path.of(directory, tool));
    }
    assumeTrue(
        installed, "the models are not checked: " + tool + " is missing, install package " + tool);
  }
}

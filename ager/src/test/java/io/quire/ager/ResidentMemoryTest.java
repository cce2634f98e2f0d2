package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class ResidentMemoryTest {
  private static final long BUDGET = 256L << 20;

  /**
   * The heap and the direct memory are limited to a quarter of the budget each, so the region is
   * neither.
   */
  @Test
  void process_thatAllocatesAtRandom_holdsTheBudgetAnd64MebibytesBesideItsHeap()
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms64m",
                "-Xmx64m",
                "-XX:MaxDirectMemorySize=64m",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                ResidentMemory.class.getName(),
                String.valueOf(BUDGET))
            .redirectErrorStream(true)
            .start();
    try {
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).as(output).isZero();
      String last = output.substring(output.lastIndexOf('\n') + 1);
      assertThat(last).startsWith("resident=");
      long resident = Long.parseLong(last.substring("resident=".length()));
      assertThat(resident).isBetween(BUDGET, BUDGET + BUDGET / 50 + (64L << 20));
    } finally {
      process.destroyForcibly();
    }
  }
}

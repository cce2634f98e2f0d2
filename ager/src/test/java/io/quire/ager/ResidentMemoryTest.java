package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class ResidentMemoryTest {
  private static final long BUDGET = 256L << 20;
  private static final Pattern LAST = Pattern.compile("before=(\\d+) resident=(\\d+)");
  private static final long STORM_BUDGET = 128L << 20;

  @TempDir Path directory;

  private record Resident(long before, long highest) {}

  /**
   * The heap and the direct memory are limited to a quarter of the budget each, so the region is
   * neither.
   */
  @Test
  void process_thatAllocatesAtRandom_holdsTheBudgetAnd64MebibytesBesideItsHeap() throws Exception {
    Resident resident = run(BUDGET, 64 << 20, "mapped");
    assertThat(resident.highest).isBetween(BUDGET, BUDGET + BUDGET / 50 + (64L << 20));
  }

  @Test
  void process_inAStormOfPageIns_growsByTheBudgetAnd64MebibytesBesideItsHeap() throws Exception {
    checkGrowth(run(STORM_BUDGET, 64 << 20, "mapped", directory.toString()));
  }

  /** There the region is direct memory. */
  @Test
  void process_inAStormOfPageInsWithoutMmap_growsByTheBudgetAnd64MebibytesBesideItsHeap()
      throws Exception {
    long direct = STORM_BUDGET + (64 << 20);
    checkGrowth(run(STORM_BUDGET, direct, "allocated", directory.toString()));
  }

  /** What the runtime needs to begin with is not the ager's. */
  private static void checkGrowth(Resident resident) {
    assertThat(resident.highest - resident.before)
        .isBetween(STORM_BUDGET, STORM_BUDGET + STORM_BUDGET / 50 + (64L << 20));
  }

  private static Resident run(long budget, long directBytes, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xms64m",
            "-Xmx64m",
            "-XX:MaxDirectMemorySize=" + directBytes,
            "-XX:+AlwaysPreTouch",
            "-XX:+UseSerialGC",
            // The scratch memory of the optimizing compiler is not what is measured.
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            ResidentMemory.class.getName(),
            String.valueOf(budget)));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).as(output).isZero();
      Matcher last = LAST.matcher(output.substring(output.lastIndexOf('\n') + 1));
      assertThat(last.matches()).as(output).isTrue();
      Resident resident =
          new Resident(Long.parseLong(last.group(1)), Long.parseLong(last.group(2)));
      System.out.printf("resident: %s budget=%d %s%n", resident, budget, List.of(arguments));
      return resident;
    } finally {
      process.destroyForcibly();
    }
  }
}

package io.quire.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SystemClockTest {
  private static final Duration SUSPENDED = Duration.ofDays(1);
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** In a time namespace, the machine was suspended for that long. */
  private static final List<String> NAMESPACE =
      List.of("unshare", "--time", "--fork", "--boottime", "" + SUSPENDED.toSeconds());

  @TempDir Path directory;

  @Test
  void nanos_afterTheMachineWasSuspended_haveCountedThat() throws Exception {
    assumeTrue(run(NAMESPACE, List.of("true")).isPresent(), "time namespaces need Linux and root");
    long before = Long.parseLong(run(List.of(), probe()).orElseThrow());
    long after = Long.parseLong(run(NAMESPACE, probe()).orElseThrow());

    Duration counted = Duration.ofNanos(after - before);
    assertThat(counted).isCloseTo(SUSPENDED, Duration.ofSeconds(1));
  }

  private static List<String> probe() throws Exception {
    List<String> path = new ArrayList<>();
    for (Class<?> each : List.of(SystemClock.class, ClockProbe.class)) {
      path.add(
          Path.of(each.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
    }
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        String.join(System.getProperty("path.separator"), path),
        ClockProbe.class.getName());
  }

  /** What a command wrote, or nothing if it cannot be run or fails. */
  private Optional<String> run(List<String> in, List<String> command) throws Exception {
    List<String> line = new ArrayList<>(in);
    line.addAll(command);
    Path out = directory.resolve("out");
    Process process;
    try {
      process = new ProcessBuilder(line).redirectOutput(out.toFile()).start();
    } catch (IOException e) {
      return Optional.empty();
    }
    if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("does not end: command=" + line);
    }
    return process.exitValue() == 0
        ? Optional.of(Files.readString(out, StandardCharsets.UTF_8).strip())
        : Optional.empty();
  }
}

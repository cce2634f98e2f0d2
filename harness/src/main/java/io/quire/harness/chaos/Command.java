package io.quire.harness.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Short commands of the operating system that do harm or undo it. */
final class Command {
  private static final int SECONDS_MAX = 20;
  private static final List<Path> PLACES =
      List.of(Path.of("/usr/sbin"), Path.of("/sbin"), Path.of("/usr/bin"), Path.of("/bin"));

  private Command() {}

  static boolean exists(String program) {
    return PLACES.stream().anyMatch(place -> Files.isExecutable(place.resolve(program)));
  }

  static boolean asRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  /**
   * Runs a command to its end.
   *
   * @return what it wrote
   * @throws UncheckedIOException if it does not end well
   */
  static String run(String... line) {
    return run(List.of(line), "");
  }

  /** As {@link #run(String...)}, with something to read. */
  static String run(List<String> line, String input) {
    try {
      Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
      try (var in = process.outputWriter(StandardCharsets.UTF_8)) {
        in.write(input);
      }
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException("does not end: command=" + line);
      }
      if (process.exitValue() != 0) {
        throw new IOException(
            "command=%s input=%s exit=%d output=%s"
                .formatted(line, input.strip(), process.exitValue(), output.strip()));
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted: command=" + line, e);
    }
  }

  /** As {@link #run(String...)}; what it says does not matter. */
  static void attempt(String... line) {
    try {
      run(line);
    } catch (UncheckedIOException e) {
      // There was nothing to do.
    }
  }
}

package io.quire.harness;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What it takes to start a process.
 *
 * @param name of the child in messages, unique among those that live at the same time
 * @param line program and arguments
 * @param environment added to that of this JVM
 * @param directory the process works in; must exist
 * @param log file to which its standard output and error are appended
 */
public record Launch(
    String name, List<String> line, Map<String, String> environment, Path directory, Path log) {
  /** Copies the collections. */
  public Launch {
    line = List.copyOf(line);
    environment = Map.copyOf(environment);
  }

  /** A launch in that directory, with the log {@code <name>.log} there. */
  public static Launch of(String name, Path directory, String... line) {
    return new Launch(name, List.of(line), Map.of(), directory, directory.resolve(name + ".log"));
  }

  /** The same with other additions to the environment. */
  public Launch withEnvironment(Map<String, String> added) {
    return new Launch(name, line, added, directory, log);
  }
}

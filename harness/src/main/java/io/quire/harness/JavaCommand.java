package io.quire.harness;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A child JVM: the Java and the class path of this one, the options that every JVM of Quire gets,
 * and those named here. It ends when this JVM does, see {@link ParentWatch}.
 *
 * @param mainClass whose {@code main} runs
 * @param arguments of {@code main}
 * @param options for the JVM after the common ones, so that they override those
 * @param classPath entries searched before the class path of this JVM
 * @param deaf whether it ignores SIGINT: Ctrl-C reaches a whole group of processes at once, and the
 *     one that the user started is to end the others in good order
 */
public record JavaCommand(
    String mainClass,
    List<String> arguments,
    List<String> options,
    List<Path> classPath,
    boolean deaf) {
  /**
   * Environment variable with options for all children, and theirs, between the common ones and
   * those of a command; separated by spaces. The tests have their processes compiled lightly: few
   * of them live long enough to earn more.
   */
  static final String CHILD_OPTIONS = "QUIRE_CHILD_JAVA_OPTS";

  private static final String COMMON_OPTIONS = "jvm.options";

  /** Copies the lists. */
  public JavaCommand {
    arguments = List.copyOf(arguments);
    options = List.copyOf(options);
    classPath = List.copyOf(classPath);
  }

  /** The command for a main class, with the common options only. */
  public static JavaCommand of(String mainClass, String... arguments) {
    return new JavaCommand(mainClass, List.of(arguments), List.of(), List.of(), false);
  }

  /** The same with more options, such as {@code -Xmx256m} or {@code -Dkey=value}. */
  public JavaCommand withOptions(String... added) {
    List<String> all = Stream.concat(options.stream(), Stream.of(added)).toList();
    return new JavaCommand(mainClass, arguments, all, classPath, deaf);
  }

  /** The same with entries searched before all others. */
  public JavaCommand withClassPath(Path... first) {
    List<Path> all = Stream.concat(Stream.of(first), classPath.stream()).toList();
    return new JavaCommand(mainClass, arguments, options, all, deaf);
  }

  /** The same, ignoring SIGINT. */
  public JavaCommand deafToInterrupts() {
    return new JavaCommand(mainClass, arguments, options, classPath, true);
  }

  /**
   * Writes options and class path to {@code <name>.args} in the directory, which keeps the command
   * line of the process short, and returns its launch.
   *
   * @throws UncheckedIOException if the file cannot be written
   */
  public Launch launch(String name, Path directory) {
    ClassArchive archive = classPath.isEmpty() ? ClassArchive.ofThisJvm() : null;
    return archive == null
        ? launch(name, directory, List.of(), System.getProperty("java.class.path"))
        : launch(name, directory, archive.options(), archive.classPath());
  }

  /** The same with options before its own, and what is searched behind its own entries. */
  Launch launch(String name, Path directory, List<String> before, String path) {
    Path file = directory.resolve(name + ".args");
    try {
      Files.write(file, argumentFile(before, path));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write an argument file: path=" + file, e);
    }
    List<String> line = new ArrayList<>();
    if (deaf) {
      // An ignored signal stays ignored over exec, and a JVM respects that.
      line.addAll(List.of("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh"));
    }
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.add("@" + file);
    line.add(Guarded.class.getName());
    line.add(mainClass);
    line.addAll(arguments);
    return Launch.of(name, directory, line.toArray(String[]::new));
  }

  private List<String> argumentFile(List<String> before, String rest) throws IOException {
    List<String> lines = new ArrayList<>(commonOptions());
    String more = System.getenv().getOrDefault(CHILD_OPTIONS, "");
    Stream.of(more.split(" ")).filter(each -> !each.isEmpty()).forEach(lines::add);
    Stream.concat(before.stream(), options.stream()).forEach(each -> lines.add(quoted(each)));
    List<String> path = new ArrayList<>();
    classPath.forEach(entry -> path.add(entry.toString()));
    path.add(rest);
    lines.add("-cp");
    lines.add(quoted(String.join(File.pathSeparator, path)));
    return lines;
  }

  private static List<String> commonOptions() throws IOException {
    try (InputStream file = JavaCommand.class.getResourceAsStream(COMMON_OPTIONS);
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(
                    Objects.requireNonNull(file, COMMON_OPTIONS), StandardCharsets.UTF_8))) {
      return reader.readAllLines();
    }
  }

  private static String quoted(String argument) {
    return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}

package io.quire.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigUtil;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Reads settings one by one and collects what is wrong with all of them. Confined to one thread.
 */
final class ConfigReader {
  private final Config config;
  private final Set<String> known = new HashSet<>();
  private final List<String> problems = new ArrayList<>();

  ConfigReader(Config config) {
    this.config = config;
  }

  String text(String path, String otherwise) {
    return read(path, otherwise, () -> config.getString(path));
  }

  List<String> texts(String path, List<String> otherwise) {
    return read(path, otherwise, () -> config.getStringList(path));
  }

  long bytes(String path, long otherwise) {
    return read(path, otherwise, () -> config.getBytes(path));
  }

  int number(String path, int otherwise) {
    return read(path, otherwise, () -> config.getInt(path));
  }

  Duration duration(String path, Duration otherwise) {
    return read(path, otherwise, () -> config.getDuration(path));
  }

  /**
   * Turns something read into something meant; an {@link IllegalArgumentException} is a problem.
   */
  <S, T> T meant(String path, S read, T otherwise, Function<S, T> meaning) {
    try {
      return meaning.apply(read);
    } catch (IllegalArgumentException e) {
      problems.add(path + ": " + e.getMessage());
      return otherwise;
    }
  }

  void problem(String path, String what) {
    problems.add(path + ": " + what);
  }

  /**
   * @throws ConfigProblems if anything was wrong, with all of it
   */
  void end() {
    for (var entry : config.entrySet()) {
      String path = String.join(".", ConfigUtil.splitPath(entry.getKey()));
      if (!known.contains(path)) {
        problems.add(
            path
                + ": unknown key at "
                + entry.getValue().origin().description()
                + "; allowed: "
                + String.join(", ", known.stream().sorted().toList()));
      }
    }
    if (!problems.isEmpty()) {
      throw new ConfigProblems(problems);
    }
  }

  private <T> T read(String path, T otherwise, Supplier<T> value) {
    known.add(path);
    if (!config.hasPath(path)) {
      return otherwise;
    }
    try {
      return value.get();
    } catch (ConfigException e) {
      problems.add(path + ": " + e.getMessage());
      return otherwise;
    }
  }
}

package io.quire.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Reads settings one by one and collects what is wrong with all of them: where, which key, what was
 * found and what is allowed. Confined to one thread.
 */
final class ConfigReader {
  private static final int SHOWN_MAX = 60;

  private final Config config;
  private final TreeSet<String> known = new TreeSet<>();
  private final List<String> problems = new ArrayList<>();

  ConfigReader(Config config) {
    this.config = config;
  }

  /** Text that is not blank. */
  String text(String path, String otherwise) {
    return read(path, otherwise, "text", () -> config.getString(path), text -> !text.isBlank());
  }

  String textOrNone(String path) {
    return read(path, "", "text", () -> config.getString(path), _ -> true);
  }

  List<String> texts(String path, List<String> otherwise) {
    return read(path, otherwise, "a list of texts", () -> config.getStringList(path), _ -> true);
  }

  long bytes(String path, long otherwise, long min) {
    return read(
        path,
        otherwise,
        "a size of at least %d bytes, such as 64 MiB".formatted(min),
        () -> config.getBytes(path),
        found -> found >= min);
  }

  int number(String path, int otherwise, int min, int max) {
    return read(
            path,
            (double) otherwise,
            "a whole number, %d..%d".formatted(min, max),
            () -> config.getNumber(path).doubleValue(),
            found -> found == Math.rint(found) && found >= min && found <= max)
        .intValue();
  }

  boolean flag(String path, boolean otherwise) {
    return read(path, otherwise, "true or false", () -> config.getBoolean(path), _ -> true);
  }

  Duration duration(String path, Duration otherwise, Duration min, Duration max) {
    return read(
        path,
        otherwise,
        "%d..%d ms, such as 3s or 500 ms".formatted(min.toMillis(), max.toMillis()),
        () -> config.getDuration(path),
        found -> found.compareTo(min) >= 0 && found.compareTo(max) <= 0);
  }

  /**
   * Turns something read into something meant; an {@link IllegalArgumentException} is a problem.
   */
  <S, T> T meant(String path, S read, T otherwise, Function<S, T> meaning) {
    try {
      return meaning.apply(read);
    } catch (IllegalArgumentException e) {
      problem(path, String.valueOf(e.getMessage()));
      return otherwise;
    }
  }

  void problem(String path, String what) {
    problems.add(place(path) + what);
  }

  /**
   * @param source where the settings come from, for the message
   * @throws ConfigProblems if anything was wrong, with all of it
   */
  void end(String source) {
    refuseUnknown("", config.root());
    if (!problems.isEmpty()) {
      throw new ConfigProblems(source, problems);
    }
  }

  private <T> T read(
      String path, T otherwise, String allowed, Supplier<T> value, Predicate<T> good) {
    known.add(path);
    if (!config.hasPath(path)) {
      return otherwise;
    }
    try {
      T found = value.get();
      if (good.test(found)) {
        return found;
      }
    } catch (ConfigException e) {
      // Told below, with what was found and what is allowed.
    }
    String found = config.getValue(path).render(ConfigRenderOptions.concise());
    problem(path, "found=%s allowed=%s".formatted(shortened(found), allowed));
    return otherwise;
  }

  private void refuseUnknown(String prefix, ConfigObject object) {
    for (var entry : object.entrySet()) {
      String path = prefix + ConfigUtil.joinPath(entry.getKey());
      if (known.contains(path)) {
        continue;
      }
      if (entry.getValue() instanceof ConfigObject inner && !inner.isEmpty()) {
        refuseUnknown(path + ".", inner);
      } else {
        problems.add(
            place(path, entry.getValue()) + "unknown key, " + Closest.hint(path, known, "allowed"));
      }
    }
  }

  private String place(String path) {
    return config.hasPath(path) ? place(path, config.getValue(path)) : path + ": ";
  }

  private static String place(String path, ConfigValue value) {
    int line = value.origin().lineNumber();
    return line < 0 ? path + ": " : "line %d: %s: ".formatted(line, path);
  }

  private static String shortened(String text) {
    return text.length() <= SHOWN_MAX ? text : text.substring(0, SHOWN_MAX) + "...";
  }
}

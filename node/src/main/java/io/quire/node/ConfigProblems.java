package io.quire.node;

import java.util.List;

/** The configuration is not usable; nothing was started or changed. */
public final class ConfigProblems extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient List<String> problems;

  ConfigProblems(String source, List<String> problems) {
    super("bad configuration: " + source + String.join("; ", problems));
    this.problems = List.copyOf(problems);
  }

  /** All of them: each with the key, what was found and what is allowed. */
  public List<String> problems() {
    return problems;
  }
}

package io.quire.node;

import java.util.List;

/** The configuration is not usable; nothing was started or changed. */
public final class ConfigProblems extends RuntimeException {
  private static final long serialVersionUID = 1;

  ConfigProblems(List<String> problems) {
    super("bad configuration: " + String.join("; ", problems));
  }
}

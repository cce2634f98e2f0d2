package io.quire.ns;

import java.util.regex.Pattern;

/**
 * Who asks, by the name under which access is given: a node by the common name of its certificate,
 * which is the node's own, and whoever comes over HTTP by what its token stands for.
 *
 * @param name 1 to 64 letters, digits and {@code . _ @ : -}, the first a letter or digit; upper and
 *     lower case differ
 */
public record Principal(String name) implements Comparable<Principal> {
  private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}");

  /** Refuses what is no name. */
  public Principal {
    if (!ALLOWED.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "not a principal: name=" + name + " allowed=" + ALLOWED.pattern());
    }
  }

  @Override
  public int compareTo(Principal other) {
    return name.compareTo(other.name);
  }

  @Override
  public String toString() {
    return name;
  }
}

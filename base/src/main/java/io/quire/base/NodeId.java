package io.quire.base;

import java.util.regex.Pattern;

/**
 * The name of a node: chosen by whoever runs the cluster, unique in it, the same after a restart.
 * Any other text is an {@link IllegalArgumentException}.
 *
 * @param name 1 to 32 characters: lower-case letters, digits and inner hyphens
 */
public record NodeId(String name) implements Comparable<NodeId> {
  private static final Pattern ALLOWED = Pattern.compile("[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?");

  public NodeId {
    if (!ALLOWED.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "not a node name: name=" + name + " allowed=" + ALLOWED.pattern());
    }
  }

  @Override
  public int compareTo(NodeId other) {
    return name.compareTo(other.name);
  }

  @Override
  public String toString() {
    return name;
  }
}

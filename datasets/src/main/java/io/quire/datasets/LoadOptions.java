package io.quire.datasets;

/**
 * How a load keeps what it makes. {@link #DEFAULTS} has the usual values, the {@code with} methods
 * change one.
 *
 * @param replicas by how many nodes each extent is held before the dataset is visible, 1 to 3: by
 *     the one that loaded it, and by others, which write it to their flash at once. The loss of all
 *     but one of these loses nothing
 */
public record LoadOptions(int replicas) {
  static final int REPLICAS_MAX = 3;

  /** Each extent is held by the node that loaded it. */
  public static final LoadOptions DEFAULTS = new LoadOptions(1);

  public LoadOptions {
    if (replicas < 1 || replicas > REPLICAS_MAX) {
      throw new IllegalArgumentException(
          "replicas out of range: replicas=" + replicas + " allowed=1.." + REPLICAS_MAX);
    }
  }

  /**
   * The same with another number of members that hold each extent.
   *
   * @throws IllegalArgumentException if it is not 1 to {@value #REPLICAS_MAX}
   */
  public LoadOptions withReplicas(int nodes) {
    return new LoadOptions(nodes);
  }
}

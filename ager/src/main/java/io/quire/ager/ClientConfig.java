package io.quire.ager;

import java.util.regex.Pattern;

/**
 * What a client of an {@link Ager} may hold in memory. {@link #of} has no limit and no guarantee;
 * the {@code with} methods change one. What cannot be is an {@link IllegalArgumentException}.
 *
 * @param name unique among the clients that are open: 1 to 64 lower-case letters, digits, and inner
 *     dots, hyphens and underscores
 * @param limitBytes 1 at least; of its drafts and of its extents in memory; never exceeded
 * @param guaranteedBytes so much others cannot take from it by their drafts, whether it uses it at
 *     the moment or not; at most its limit
 * @param priority of whatever waits for room, the higher is served first; and of two extents the
 *     one whose client has the lower goes first
 */
public record ClientConfig(String name, long limitBytes, long guaranteedBytes, int priority) {
  /** Of all that is allocated without a client. */
  public static final String DEFAULT = "default";

  private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?");

  public ClientConfig {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "not a name of a client: name=%s allowed=%s".formatted(name, NAME.pattern()));
    }
    if (guaranteedBytes < 0 || limitBytes < guaranteedBytes || limitBytes < 1) {
      throw new IllegalArgumentException(
          "not in order: 0 <= guaranteedBytes=%d <= limitBytes=%d"
              .formatted(guaranteedBytes, limitBytes));
    }
  }

  /** No limit but the budget, nothing guaranteed, priority 0: what all have without a client. */
  public static ClientConfig of(String name) {
    return new ClientConfig(name, Long.MAX_VALUE, 0, 0);
  }

  /** As this one, with another limit: 1 at least, and what is guaranteed. */
  public ClientConfig withLimitBytes(long bytes) {
    return new ClientConfig(name, bytes, guaranteedBytes, priority);
  }

  /** As this one, with so much guaranteed: 0 to its limit. */
  public ClientConfig withGuaranteedBytes(long bytes) {
    return new ClientConfig(name, limitBytes, bytes, priority);
  }

  /** As this one, with another priority: any number, the higher is served first. */
  public ClientConfig withPriority(int wanted) {
    return new ClientConfig(name, limitBytes, guaranteedBytes, wanted);
  }
}

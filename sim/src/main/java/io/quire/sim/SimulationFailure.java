package io.quire.sim;

import org.jspecify.annotations.Nullable;

/** Something that must not be was, in the world of this seed at this virtual time. */
public final class SimulationFailure extends AssertionError {
  private static final long serialVersionUID = 1;

  private final long seed;
  private final long nanos;

  SimulationFailure(long seed, long nanos, String message, @Nullable Throwable cause) {
    super(message + ": seed=" + seed + " at=" + World.text(nanos), cause);
    this.seed = seed;
    this.nanos = nanos;
  }

  public long seed() {
    return seed;
  }

  /** Virtual nanoseconds since the world began. */
  public long nanos() {
    return nanos;
  }
}

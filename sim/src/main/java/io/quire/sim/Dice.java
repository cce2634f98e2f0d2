package io.quire.sim;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * The chance of one component of a world. Each has its own stream, so that one more draw here does
 * not change what falls elsewhere. Confined to the world's thread.
 */
public final class Dice implements RandomGenerator {
  private final SplittableRandom stream;

  /** The same seed gives the same stream. */
  public Dice(long seed) {
    stream = new SplittableRandom(seed);
  }

  @Override
  public long nextLong() {
    return stream.nextLong();
  }

  /** True with this probability; draws even if it is 0, so that rates do not shift the stream. */
  public boolean chance(double probability) {
    return stream.nextDouble() < probability;
  }

  /** Evenly from {@code low} to {@code high}, both included. */
  public long between(long low, long high) {
    return stream.nextLong(low, high + 1);
  }

  public <T> T pick(List<T> from) {
    return from.get(stream.nextInt(from.size()));
  }
}

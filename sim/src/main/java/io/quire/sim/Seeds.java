package io.quire.sim;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongConsumer;

/**
 * Runs a test over many seeds and says how to run a failed one again. The system property {@value
 * #SEED} names the first seed of fresh runs, and then there is one only unless {@value #COUNT} says
 * how many.
 */
public final class Seeds {
  public static final String SEED = "quire.sim.seed";
  public static final String COUNT = "quire.sim.count";

  private static final int FAILURES_MAX = 10;
  private static final System.Logger LOGGER = System.getLogger(Seeds.class.getName());

  private Seeds() {}

  /** Runs seeds that no run before has seen, or the one that {@value #SEED} names. */
  public static void fresh(int count, LongConsumer body) {
    Long named = Long.getLong(SEED);
    long from = named != null ? named : ThreadLocalRandom.current().nextLong(1L << 48);
    int times = Integer.getInteger(COUNT, named != null ? 1 : count);
    LOGGER.log(Level.INFO, () -> "seeds: from=" + from + " count=" + times);
    forEach(from, times, body);
  }

  /**
   * Runs {@code count} seeds, all of them even if some fail, but stops after ten failures.
   *
   * @throws AssertionError naming the seeds that failed, the first failure being its cause
   */
  public static void forEach(long from, int count, LongConsumer body) {
    List<String> lines = new ArrayList<>();
    Throwable first = null;
    long seed = from;
    for (; seed < from + count && lines.size() < FAILURES_MAX; seed++) {
      try {
        body.accept(seed);
      } catch (RuntimeException | AssertionError e) {
        first = first == null ? e : first;
        lines.add("replay: -D" + SEED + "=" + seed + "  " + firstLine(e));
      }
    }
    if (first != null) {
      throw new AssertionError(
          lines.size() + " of " + (seed - from) + " seeds failed\n" + String.join("\n", lines),
          first);
    }
  }

  private static String firstLine(Throwable error) {
    return error.toString().lines().findFirst().orElse("");
  }
}

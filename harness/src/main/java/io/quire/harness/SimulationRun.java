package io.quire.harness;

import io.quire.base.Rules;
import io.quire.sim.Probes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;

/**
 * Many simulations of the protocol, on all processors.
 *
 * @param seeds how many were run
 * @param events that happened in all
 * @param violations what broke, by seed
 * @param probes places that were reached, with how often
 */
public record SimulationRun(
    int seeds, long events, Map<Long, String> violations, Map<String, Long> probes) {
  private static final int SEED_MINUTES_MAX = 10;

  /** Is told how many worlds are done and how many of them broke; by several threads. */
  @FunctionalInterface
  public interface Watcher {
    void done(int worlds, int broken);
  }

  /** Runs {@code seeds} worlds from {@code from} on. */
  public static SimulationRun of(long from, int seeds, Watcher watcher)
      throws InterruptedException {
    return of(from, seeds, Rules.ALL, watcher);
  }

  /** As {@link #of(long, int, Watcher)}, with a rule of the protocol broken perhaps. */
  static SimulationRun of(long from, int seeds, Rules rules, Watcher watcher)
      throws InterruptedException {
    Probes probes = new Probes();
    TreeMap<Long, String> violations = new TreeMap<>();
    AtomicInteger done = new AtomicInteger();
    long[] events = new long[1];
    try (ExecutorService workers =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      List<Future<?>> running =
          LongStream.range(from, from + seeds)
              .<Future<?>>mapToObj(
                  seed ->
                      workers.submit(
                          () -> {
                            one(seed, rules, probes, violations, events);
                            watcher.done(done.incrementAndGet(), violations.size());
                          }))
              .toList();
      for (Future<?> each : running) {
        each.get(SEED_MINUTES_MAX, TimeUnit.MINUTES);
      }
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("a simulation did not end: from=" + from, e);
    }
    return new SimulationRun(seeds, events[0], violations, counts(probes));
  }

  private static void one(
      long seed, Rules rules, Probes probes, TreeMap<Long, String> violations, long[] events) {
    String violation = null;
    ProtocolSimulation.Result result = null;
    try {
      result = ProtocolSimulation.run(seed, rules);
    } catch (RuntimeException | AssertionError e) {
      violation = String.valueOf(e.getMessage()).strip();
    }
    synchronized (violations) {
      if (result != null) {
        probes.addAll(result.probes());
        events[0] += result.events();
      }
      if (violation != null) {
        violations.put(seed, violation);
      }
    }
  }

  private static Map<String, Long> counts(Probes probes) {
    Map<String, Long> counts = new TreeMap<>();
    for (String each : probes.toString().split(" ")) {
      int equals = each.indexOf('=');
      if (equals > 0) {
        counts.put(each.substring(0, equals), Long.parseLong(each.substring(equals + 1)));
      }
    }
    return counts;
  }

  /** For JSON. */
  public Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("seeds", seeds);
    json.put("violations", violations.size());
    json.put("failing_seeds", violations.keySet());
    json.put("probes", probes);
    json.put("events", events);
    return json;
  }
}

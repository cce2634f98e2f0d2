package io.quire.worlds;

import io.quire.base.Rules;
import io.quire.sim.Probes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.stream.LongStream;

/**
 * Many simulations of the protocol, on all processors.
 *
 * @param seeds how many were run
 * @param events that happened in all
 * @param violations what broke, by the arguments of {@code quire sim} that run it again
 * @param probes places that were reached, with how often
 */
public record SimulationRun(
    int seeds, long events, Map<String, String> violations, Map<String, Long> probes) {
  /** If no world ends for so long, none will. */
  private static final Duration STUCK = Duration.ofMinutes(10);

  /** Is told how many of the worlds are done and how many of them broke; by several threads. */
  @FunctionalInterface
  public interface Watcher {
    void done(int worlds, int of, int broken);
  }

  /** Runs {@code seeds} worlds from {@code from} on. */
  public static SimulationRun of(long from, int seeds, Watcher watcher)
      throws InterruptedException {
    return of(
        LongStream.range(from, from + seeds).boxed().toList(),
        seed -> ProtocolSimulation.run(seed, Rules.ALL),
        seed -> "--seeds 1 --seed " + seed,
        watcher);
  }

  /** As {@link #of(long, int, Watcher)}, of worlds with clients of the lock server. */
  public static SimulationRun locks(long from, int seeds, Watcher watcher)
      throws InterruptedException {
    return locks(from, seeds, Rules.ALL, watcher);
  }

  static SimulationRun locks(long from, int seeds, Rules rules, Watcher watcher)
      throws InterruptedException {
    return of(
        LongStream.range(from, from + seeds).boxed().toList(),
        seed -> LockSimulation.run(seed, rules),
        seed -> "--locks --seeds 1 --seed " + seed,
        watcher);
  }

  /** As {@link #of(long, int, Watcher)}, of one script with every fault at every point of it. */
  public static SimulationRun sweep(long seed, Watcher watcher) throws InterruptedException {
    return sweep(new SimulatedSweep(seed).cases(), Rules.ALL, watcher);
  }

  static SimulationRun sweep(List<SimulatedSweep.Case> cases, Rules rules, Watcher watcher)
      throws InterruptedException {
    return of(cases, each -> each.run(rules), each -> "--case " + each, watcher);
  }

  /** One case of a sweep, as a replay line names it. */
  public static SimulationRun sweptCase(String named) throws InterruptedException {
    return sweep(List.of(SimulatedSweep.Case.parse(named)), Rules.ALL, (_, _, _) -> {});
  }

  private static <W> SimulationRun of(
      List<W> worlds,
      Function<W, ProtocolSimulation.Result> run,
      Function<W, String> replay,
      Watcher watcher)
      throws InterruptedException {
    Probes probes = new Probes();
    TreeMap<String, String> violations = new TreeMap<>();
    long[] events = new long[1];
    AtomicInteger begun = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    Runnable worker =
        () -> {
          for (int at = begun.getAndIncrement(); at < worlds.size(); at = begun.getAndIncrement()) {
            W world = worlds.get(at);
            try {
              ProtocolSimulation.Result result = run.apply(world);
              synchronized (violations) {
                probes.addAll(result.probes());
                events[0] += result.events();
              }
            } catch (RuntimeException | AssertionError e) {
              synchronized (violations) {
                violations.put(replay.apply(world), String.valueOf(e.getMessage()).strip());
              }
            }
            watcher.done(done.incrementAndGet(), worlds.size(), violations.size());
          }
        };
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
      workers.add(Thread.ofPlatform().name("simulation-" + i).start(worker));
    }
    await(workers, done::get, STUCK);
    return new SimulationRun(worlds.size(), events[0], violations, counts(probes));
  }

  /* A world ends by its own limits, so that nobody waits for ever while some end. */
  static void await(List<Thread> workers, IntSupplier done, Duration stuck)
      throws InterruptedException {
    int before = done.getAsInt();
    for (Thread worker : workers) {
      while (!worker.join(stuck)) {
        int now = done.getAsInt();
        if (now == before) {
          throw new IllegalStateException(
              "simulated worlds do not end: done=%d waited=%s thread='%s' at=%s"
                  .formatted(now, stuck, worker.getName(), List.of(worker.getStackTrace())));
        }
        before = now;
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

  /** The seeds that broke, or the cases of a sweep. */
  private List<String> names() {
    return violations.keySet().stream()
        .map(each -> each.substring(each.lastIndexOf(' ') + 1))
        .toList();
  }

  /** What broke, after the line that runs it again; nothing if nothing did. */
  String replays() {
    StringBuilder lines = new StringBuilder();
    violations.forEach(
        (replay, what) ->
            lines
                .append("replay: ./quire sim ")
                .append(replay)
                .append('\n')
                .append(what)
                .append('\n'));
    return lines.toString();
  }

  /** For JSON. */
  public Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("seeds", seeds);
    json.put("violations", violations.size());
    json.put("failing_seeds", names());
    json.put("probes", probes);
    json.put("events", events);
    return json;
  }
}

package io.quire.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Replays one trace at a time, with any policy and several sizes of memory. */
final class TraceSubject implements Subject {
  /** Sizes of memory of which there are rows, in hundredths of the trace's extents. */
  static final List<Integer> PERCENTS = List.of(2, 5, 10, 20, 35, 50, 75);

  private static final int MEMORY_MIN = 32;

  private String name = "";
  private Trace trace = new Trace(new int[0], new int[0]);

  /** Ours first, the bound last. */
  static List<CacheReplay> policies() {
    List<CacheReplay> all = new ArrayList<>();
    all.add(new CacheReplay.Ours());
    Stream.of(SimulatedPolicy.Kind.values()).map(SimulatedPolicy::new).forEach(all::add);
    all.add(new BytesBound());
    return all;
  }

  /** Of all policies; loads nothing of the simulator, which only the peers' processes have. */
  static List<String> names() {
    List<String> all = new ArrayList<>();
    all.add(new CacheReplay.Ours().name());
    Stream.of(SimulatedPolicy.Kind.values()).map(kind -> kind.label).forEach(all::add);
    all.add(new BytesBound().name());
    return all;
  }

  @Override
  public boolean leads() {
    return true;
  }

  /** The row is that of a trace, the variant a policy. Hit rates in hundredths. */
  @Override
  public Map<String, Double> run(Job job) {
    TraceSource source = Traces.named(job.row().substring(PolicyArea.PREFIX.length()));
    if (!source.name().equals(name)) {
      trace = source.read();
      name = source.name();
    }
    CacheReplay policy =
        policies().stream()
            .filter(each -> each.name().equals(job.variant()))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("no such policy: " + job.variant()));
    Map<String, Double> figures = new TreeMap<>();
    if (policy.weighs() || !trace.sized()) {
      long extents = trace.allSize();
      figures.put(
          job.row(), rate(policy, source.memory() == 0 ? (int) (extents / 4) : source.memory()));
      for (int percent : PERCENTS) {
        int memory = (int) Math.max(MEMORY_MIN, extents * percent / 100);
        figures.put(job.row() + "-" + percent, rate(policy, memory));
      }
    }
    return figures;
  }

  private double rate(CacheReplay policy, int memory) {
    return 100.0 * policy.hits(trace, memory) / trace.usedSize();
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}

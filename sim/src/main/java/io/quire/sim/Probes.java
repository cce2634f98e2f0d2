package io.quire.sim;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts how often named places were reached, so that a test can assert over its seeds that rare
 * branches were. Confined to one thread.
 */
public final class Probes {
  private final Map<String, Counter> counters = new TreeMap<>();

  public void reached(String name) {
    counters.computeIfAbsent(name, _ -> new Counter()).count++;
  }

  public long count(String name) {
    Counter counter = counters.get(name);
    return counter == null ? 0 : counter.count;
  }

  /** Adds the counts of another world. */
  public void addAll(Probes others) {
    others.counters.forEach(
        (name, counter) ->
            counters.computeIfAbsent(name, _ -> new Counter()).count += counter.count);
  }

  /** Those of the names that were never reached, in order. */
  public List<String> missing(Collection<String> names) {
    return names.stream().filter(name -> count(name) == 0).sorted().toList();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    counters.forEach((name, counter) -> text.append(name).append('=').append(counter).append(' '));
    return text.toString().stripTrailing();
  }

  private static final class Counter {
    private long count;

    @Override
    public String toString() {
      return Long.toString(count);
    }
  }
}

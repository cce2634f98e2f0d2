package io.quire.harness.chaos;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What clients held, and what they wrote under it: nobody holds what another holds alone, whoever
 * holds later has the greater generation, and no write under an older grant stands behind one under
 * a newer.
 */
final class Holds {
  private final Map<String, List<Entry.Held>> held = new TreeMap<>();
  private final Map<String, TreeMap<Long, Long>> generations = new TreeMap<>();

  void held(Entry.Held hold) {
    held.computeIfAbsent(hold.lock(), _ -> new ArrayList<>()).add(hold);
  }

  void wrote(String path, long version, long generation) {
    generations.computeIfAbsent(path, _ -> new TreeMap<>()).put(version, generation);
  }

  long count() {
    return held.values().stream().mapToLong(List::size).sum();
  }

  List<String> violations() {
    List<String> found = new ArrayList<>();
    held.forEach((_, holds) -> overlaps(holds, found));
    generations.forEach((path, writes) -> outOfOrder(path, writes, found));
    return found;
  }

  private static void overlaps(List<Entry.Held> holds, List<String> found) {
    List<Entry.Held> inOrder =
        holds.stream().sorted(Comparator.comparingLong(Entry.Held::nanos)).toList();
    for (int i = 1; i < inOrder.size(); i++) {
      Entry.Held later = inOrder.get(i);
      for (Entry.Held earlier : inOrder.subList(0, i)) {
        boolean apart = earlier.until() < later.nanos();
        boolean alone = earlier.exclusive() || later.exclusive();
        if (alone && !apart) {
          found.add("two hold one lock: one=" + earlier + " other=" + later);
        } else if (alone && earlier.generation() >= later.generation()) {
          found.add("a later grant is not newer: one=" + earlier + " other=" + later);
        }
      }
    }
  }

  private static void outOfOrder(String path, TreeMap<Long, Long> writes, List<String> found) {
    long newest = Long.MIN_VALUE;
    for (Map.Entry<Long, Long> write : writes.entrySet()) {
      if (write.getValue() < newest) {
        found.add(
            "a write under an older grant came after a newer: path=%s version=%d generation=%d newest=%d"
                .formatted(path, write.getKey(), write.getValue(), newest));
      }
      newest = Math.max(newest, write.getValue());
    }
  }
}

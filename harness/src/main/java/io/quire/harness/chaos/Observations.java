package io.quire.harness.chaos;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * What watches told, beside what was acknowledged: whatever was written between two positions is
 * told by each watch that covers them, once.
 */
final class Observations {
  private static final int VIOLATIONS_MAX = 20;

  private final List<Entry.Watched> watched = new ArrayList<>();
  private final Map<String, Set<Change>> told = new HashMap<>();
  private final TreeMap<Long, List<String>> written = new TreeMap<>();
  private final List<String> twice = new ArrayList<>();
  private long count;

  private record Change(long position, String key) {}

  void told(Entry.Told change) {
    boolean first =
        told.computeIfAbsent(change.watch(), _ -> new HashSet<>())
            .add(new Change(change.position(), change.key()));
    if (!first) {
      twice.add("told twice: " + change);
    }
  }

  void watched(Entry.Watched span) {
    watched.add(span);
  }

  /** A change that was acknowledged with its version; 0 if that was not told. */
  void written(String key, long version) {
    if (version > 0) {
      written.computeIfAbsent(version, _ -> new ArrayList<>()).add(key);
    }
  }

  /** How many changes should have been told, once violations were asked for. */
  long count() {
    return count;
  }

  List<String> violations() {
    List<String> found = new ArrayList<>(twice);
    count = 0;
    for (Entry.Watched span : watched) {
      Set<Change> known = told.getOrDefault(span.watch(), Set.of());
      NavigableMap<Long, List<String>> due =
          span.to() > span.after()
              ? written.subMap(span.after(), false, span.to(), true)
              : new TreeMap<>();
      due.forEach(
          (position, keys) ->
              keys.stream()
                  .filter(key -> key.startsWith(span.prefix()))
                  .forEach(
                      key -> {
                        count++;
                        if (!known.contains(new Change(position, key))) {
                          found.add(
                              "a watch left out a change: key=%s position=%d span=%s"
                                  .formatted(key, position, span));
                        }
                      }));
    }
    return found.stream().limit(VIOLATIONS_MAX).toList();
  }
}

package io.quire.harness.chaos;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How often something was appended to each table, by what clients learned. In the end it is there
 * as often: an append that was acknowledged is neither lost nor there twice.
 */
final class Appends {
  /** What calls of it are called, whichever way the rows take. */
  static final String VERB = "append-";

  private static final class Count {
    private int acknowledged;
    private int unknown;
  }

  private final Map<String, Count> counts = new HashMap<>();

  Appends(List<Harvest.Line> lines) {
    Map<List<Long>, Count> open = new HashMap<>();
    for (Harvest.Line line : lines) {
      switch (line.entry()) {
        case Entry.Begin begin -> {
          if (begin.verb().startsWith(VERB)) {
            open.put(
                List.of((long) line.source(), begin.call()),
                counts.computeIfAbsent(begin.parts().getFirst().key(), _ -> new Count()));
          }
        }
        case Entry.End end -> {
          Count count = open.remove(List.of((long) line.source(), end.call()));
          if (count != null) {
            switch (end.results().getFirst()) {
              case Result.Written _ -> count.acknowledged++;
              case Result.Unknown _ -> count.unknown++;
              case Result.Found _, Result.Absent _, Result.Refused _, Result.Failed _ -> {}
            }
          }
        }
        case Entry.Held _, Entry.Told _, Entry.Watched _, Entry.Broken _ -> {}
      }
    }
    open.values().forEach(count -> count.unknown++);
  }

  /**
   * Tables that have more or fewer.
   *
   * @param found how many there are in the end, of each table that is left
   */
  List<String> violations(Map<String, Integer> found) {
    List<String> wrong = new ArrayList<>();
    found.forEach(
        (table, times) -> {
          Count count = counts.getOrDefault(table, new Count());
          if (times < count.acknowledged || times > count.acknowledged + count.unknown) {
            wrong.add(
                "appends are %s: table=%s found=%d acknowledged=%d unknown=%d"
                    .formatted(
                        times < count.acknowledged ? "lost" : "there twice",
                        table,
                        times,
                        count.acknowledged,
                        count.unknown));
          }
        });
    return wrong;
  }
}

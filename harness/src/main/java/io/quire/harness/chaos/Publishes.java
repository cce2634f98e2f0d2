package io.quire.harness.chaos;

import io.quire.sim.Action;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** When changes were published in a run, and how long none was. */
final class Publishes {
  /** A change that took effect. */
  private record Published(long begun, long ended, String node) {}

  private final List<Published> all = new ArrayList<>();

  Publishes(List<Harvest.Line> lines) {
    Map<List<Long>, Entry.Begin> open = new HashMap<>();
    for (Harvest.Line line : lines) {
      switch (line.entry()) {
        case Entry.Begin begin -> {
          if (begin.parts().getFirst().action() instanceof Action.Write) {
            open.put(List.of((long) line.source(), begin.call()), begin);
          }
        }
        case Entry.End end -> {
          Entry.Begin begin = open.remove(List.of((long) line.source(), end.call()));
          if (begin != null && end.results().getFirst() instanceof Result.Written) {
            String node = begin.client().substring(0, begin.client().indexOf('.'));
            all.add(new Published(begin.nanos(), end.nanos(), node));
          }
        }
        case Entry.Held _, Entry.Told _, Entry.Watched _, Entry.Broken _ -> {}
      }
    }
  }

  /** The longest time between two publishes, in milliseconds. */
  long longestGapMillis() {
    long longest = 0;
    for (int i = 1; i < all.size(); i++) {
      longest = Math.max(longest, all.get(i).ended - all.get(i - 1).ended);
    }
    return longest / 1_000_000;
  }

  /**
   * Milliseconds from a moment to the end of the first publish that began after it; -1 if there was
   * none.
   *
   * @param but whose publishes do not count; "" for nobody's
   */
  long nextAfterMillis(long moment, String but) {
    for (Published each : all) {
      if (each.begun >= moment && !each.node.equals(but)) {
        return (each.ended - moment) / 1_000_000;
      }
    }
    return -1;
  }
}

package io.quire.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether watches told every change once, in order. All watch the same keys. What one was told, and
 * what was acknowledged to a writer, all others must have been told if it lies between where they
 * began and how far they came. Safe from any thread.
 */
public final class Watchings {
  /** What one watch was told. */
  public static final class Watching {
    private final String name;
    private final long from;
    private final List<Told> told = new ArrayList<>();
    private long until;

    private Watching(String name, long from) {
      this.name = name;
      this.from = from;
      until = from;
    }

    /** A change of a key at a position; null for absent. */
    public synchronized void told(
        long position, String key, @Nullable String before, @Nullable String after) {
      told.add(new Told(position, key, before, after));
      until = Math.max(until, position);
    }

    /** Everything up to there was told. */
    public synchronized void level(long position) {
      until = Math.max(until, position);
    }
  }

  private record Told(long position, String key, @Nullable String before, @Nullable String after) {}

  private final List<Watching> watchings = new ArrayList<>();
  private final TreeMap<Long, List<String>> known = new TreeMap<>();

  /** Begins a watch that is told of every change after the position. */
  public synchronized Watching open(String name, long from) {
    Watching watching = new Watching(name, from);
    watchings.add(watching);
    return watching;
  }

  /**
   * A writer was told that it changed the key at this position. Not for a removal of what may have
   * been absent: that is no change, and the writer cannot know.
   */
  public synchronized void written(long position, String key) {
    known.computeIfAbsent(position, _ -> new ArrayList<>()).add(key);
  }

  public synchronized Verdict check() {
    for (Watching watching : watchings) {
      Verdict verdict = inOrder(watching);
      if (verdict instanceof Verdict.Bad) {
        return verdict;
      }
      watching.told.forEach(each -> written(each.position, each.key));
    }
    for (Watching watching : watchings) {
      Set<String> told = new HashSet<>();
      watching.told.forEach(each -> told.add(each.position + each.key));
      for (Map.Entry<Long, List<String>> each :
          known.subMap(watching.from, false, watching.until, true).entrySet()) {
        for (String key : each.getValue()) {
          if (!told.contains(each.getKey() + key)) {
            return new Verdict.Bad(
                "watch has a gap: watch="
                    + watching.name
                    + " from="
                    + watching.from
                    + " until="
                    + watching.until
                    + " missing="
                    + each.getKey()
                    + " key="
                    + key);
          }
        }
      }
    }
    return new Verdict.Good();
  }

  private static Verdict inOrder(Watching watching) {
    Map<String, Told> last = new HashMap<>();
    long position = watching.from;
    for (Told told : watching.told) {
      Told before = last.put(told.key, told);
      boolean again = before != null && before.position == told.position;
      boolean torn = before != null && !Objects.equals(before.after, told.before);
      if (told.before == null && told.after == null) {
        return new Verdict.Bad(
            "watch told of what changed nothing: watch=" + watching.name + " told=" + told);
      }
      if (told.position < position || told.position == watching.from || again || torn) {
        return new Verdict.Bad(
            "watch out of order: watch=" + watching.name + " told=" + told + " after=" + before);
      }
      position = told.position;
    }
    return new Verdict.Good();
  }
}

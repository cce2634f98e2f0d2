package io.quire.harness.chaos;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What came of a run.
 *
 * @param replay the command that draws the same faults and workload again
 * @param operations calls that returned
 * @param unknown calls of which nobody knows whether they happened
 * @param holds how often a client held a lock
 * @param watched acknowledged changes that were found among what watches told
 * @param faults that met somebody, by kind
 * @param violations of what Quire promises, each explained
 * @param undecided keys that could not be judged
 * @param lost acknowledged changes that are gone
 * @param leaks what is left over: sessions, references, objects, processes, networks
 * @param stopped processes that ended by themselves, rightly or not
 * @param notes what was left out, and why
 * @param gapMillis the longest time in which nobody published anything
 * @param resumedMillis from the end of the faults, or a stable leader if that came later, to the
 *     next publish
 * @param recoveries from each {@code kill -9} to the next publish by another node, in milliseconds,
 *     ascending
 * @param seconds that the run took
 */
public record ChaosReport(
    String replay,
    long operations,
    long unknown,
    long holds,
    long watched,
    Map<FaultKind, Integer> faults,
    List<String> violations,
    List<String> undecided,
    List<String> lost,
    List<String> leaks,
    List<String> stopped,
    List<String> notes,
    long gapMillis,
    long resumedMillis,
    List<Long> recoveries,
    long seconds) {
  private static final int SHOWN = 5;
  private static final int LINES_SHOWN = 24;

  public ChaosReport {
    faults = new TreeMap<>(faults);
    violations = List.copyOf(violations);
    undecided = List.copyOf(undecided);
    lost = List.copyOf(lost);
    leaks = List.copyOf(leaks);
    stopped = List.copyOf(stopped);
    notes = List.copyOf(notes);
    recoveries = List.copyOf(recoveries);
  }

  /** Whether nothing speaks against the run; what could not be judged does. */
  public boolean good() {
    return violations.isEmpty() && undecided.isEmpty() && lost.isEmpty() && leaks.isEmpty();
  }

  private int faultCount() {
    return faults.values().stream().mapToInt(Integer::intValue).sum();
  }

  private long recovery(double part) {
    return recoveries.isEmpty()
        ? 0
        : recoveries.get((int) Math.min(recoveries.size() - 1, recoveries.size() * part));
  }

  /** For JSON. */
  public Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("operations", operations);
    json.put("faults", faultCount());
    json.put("unknown", unknown);
    json.put("locks_held", holds);
    json.put("watched", watched);
    json.put("violations", violations.size());
    json.put("lost", lost.size());
    json.put("leaks", leaks.size());
    json.put("undecided", undecided.size());
    Map<String, Integer> kinds = new LinkedHashMap<>();
    faults.forEach((kind, count) -> kinds.put(kind.name().toLowerCase(Locale.ROOT), count));
    json.put("faults_by_kind", kinds);
    json.put("longest_gap_ms", gapMillis);
    json.put("resumed_ms", resumedMillis);
    json.put("kill_to_publish_ms", recoveryJson());
    json.put("seconds", seconds);
    json.put("stopped", stopped);
    json.put("left_out", notes);
    json.put("what", problems());
    json.put("replay", replay);
    return json;
  }

  private Map<String, Object> recoveryJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("kills", recoveries.size());
    json.put("p50", recovery(0.5));
    json.put("p99", recovery(0.99));
    json.put("max", recovery(1));
    return json;
  }

  /** Rows for people. */
  public Map<String, String> table() {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("operations", operations + " (" + unknown + " unknown)");
    rows.put("locks held", "" + holds);
    rows.put("changes watched", "" + watched);
    List<String> kinds = new ArrayList<>();
    faults.forEach((kind, count) -> kinds.add(kind.name().toLowerCase(Locale.ROOT) + " " + count));
    rows.put("faults", faultCount() + " (" + String.join(", ", kinds) + ")");
    rows.put("longest gap", "%.1f s without a publish".formatted(gapMillis / 1e3));
    rows.put("after the faults", "published again in %.1f s".formatted(resumedMillis / 1e3));
    if (!recoveries.isEmpty()) {
      rows.put(
          "kill to next publish",
          "p50 %.1f s, p99 %.1f s, max %.1f s"
              .formatted(recovery(0.5) / 1e3, recovery(0.99) / 1e3, recovery(1) / 1e3));
    }
    if (!stopped.isEmpty()) {
      rows.put("stopped by themselves", "" + stopped.size());
    }
    rows.put("violations", "" + violations.size());
    rows.put("acknowledged and lost", "" + lost.size());
    rows.put("leaks", "" + leaks.size());
    if (!undecided.isEmpty()) {
      rows.put("undecided", "" + undecided.size());
    }
    return rows;
  }

  /** What speaks against the run, the first of each sort, and of each the most telling lines. */
  public List<String> problems() {
    List<String> all = new ArrayList<>();
    violations.stream().limit(SHOWN).forEach(each -> all.add("violation: " + shortened(each)));
    lost.stream().limit(SHOWN).forEach(each -> all.add("lost: " + each));
    leaks.stream().limit(SHOWN).forEach(each -> all.add("leak: " + each));
    undecided.stream().limit(SHOWN).forEach(each -> all.add("undecided: " + each));
    return all;
  }

  private static String shortened(String text) {
    List<String> lines = text.lines().toList();
    if (lines.size() <= LINES_SHOWN) {
      return text;
    }
    List<String> kept = new ArrayList<>();
    kept.add(lines.getFirst());
    kept.add("  ... %d lines".formatted(lines.size() - LINES_SHOWN));
    kept.addAll(lines.subList(lines.size() - LINES_SHOWN + 1, lines.size()));
    return String.join("\n", kept);
  }
}

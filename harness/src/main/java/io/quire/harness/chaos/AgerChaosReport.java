package io.quire.harness.chaos;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What came of a run against an ager.
 *
 * @param replay the command that draws the same faults and workload again
 * @param operations calls that returned what was asked for
 * @param refused calls that failed with an error which is promised for what was done to the stores
 * @param excused extents that were reported lost, rightly: bits of their only copy were flipped
 * @param faults by name
 * @param violations of what the ager promises, each explained
 * @param lost extents reported lost, or not found again, of which there was a copy
 * @param leaks what is left over: memory, files, copies, processes, mounts
 * @param notes what was left out, and why
 * @param peakResidentBytes that any process took more than before it opened its ager
 * @param limitResidentBytes that this must not exceed
 * @param seconds that the run took
 */
public record AgerChaosReport(
    String replay,
    long operations,
    long refused,
    long excused,
    Map<String, Integer> faults,
    List<String> violations,
    List<String> lost,
    List<String> leaks,
    List<String> notes,
    long peakResidentBytes,
    long limitResidentBytes,
    long seconds) {
  private static final int SHOWN = 8;

  public AgerChaosReport {
    faults = new TreeMap<>(faults);
    violations = List.copyOf(violations);
    lost = List.copyOf(lost);
    leaks = List.copyOf(leaks);
    notes = List.copyOf(notes);
  }

  /** Whether nothing speaks against the run. */
  public boolean good() {
    return violations.isEmpty() && lost.isEmpty() && leaks.isEmpty();
  }

  private int faultCount() {
    return faults.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** For JSON. */
  public Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("operations", operations);
    json.put("faults", faultCount());
    json.put("unknown", refused);
    json.put("violations", violations.size());
    json.put("lost", lost.size());
    json.put("leaks", leaks.size());
    json.put("rightly_reported_lost", excused);
    json.put("faults_by_name", faults);
    json.put("peak_resident_bytes", peakResidentBytes);
    json.put("limit_resident_bytes", limitResidentBytes);
    json.put("seconds", seconds);
    json.put("left_out", notes);
    json.put("what", problems());
    json.put("replay", replay);
    return json;
  }

  /** Rows for people. */
  public Map<String, String> table() {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("operations", "%d (%d more refused)".formatted(operations, refused));
    rows.put("faults", faultCount() + " " + faults);
    rows.put("rightly reported lost", "" + excused);
    rows.put(
        "peak resident",
        "%d MiB of %d MiB".formatted(peakResidentBytes >> 20, limitResidentBytes >> 20));
    rows.put("violations", "" + violations.size());
    rows.put("lost", "" + lost.size());
    rows.put("leaks", "" + leaks.size());
    return rows;
  }

  /** What speaks against the run, the first of each sort. */
  public List<String> problems() {
    List<String> all = new ArrayList<>();
    violations.stream().limit(SHOWN).forEach(each -> all.add("violation: " + each));
    lost.stream().limit(SHOWN).forEach(each -> all.add("lost: " + each));
    leaks.stream().limit(SHOWN).forEach(each -> all.add("leak: " + each));
    return all;
  }
}

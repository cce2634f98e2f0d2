package io.quire.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A row with its figures.
 *
 * @param row what it is
 * @param ours our figures, in the order of the runs
 * @param peers those of others, by name, in the order in which they took part
 * @param aside further figures that are no peer's
 * @param absent who could not take part, and why
 * @param verdict whether what was answered is right, where that is to be told
 */
record Answer(
    Question.Row row,
    List<Double> ours,
    Map<String, List<Double>> peers,
    Map<String, List<Double>> aside,
    Map<String, String> absent,
    Optional<Verdict> verdict) {
  /** The middle one; of an even number the mean of the two in the middle. */
  static double median(List<Double> figures) {
    if (figures.isEmpty()) {
      throw new IllegalArgumentException("no figures");
    }
    List<Double> sorted = new ArrayList<>(figures);
    Collections.sort(sorted);
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  /** How far the figures lie apart: (largest - smallest) / median. */
  static double spread(List<Double> figures) {
    double median = median(figures);
    return median == 0 ? 0 : (Collections.max(figures) - Collections.min(figures)) / median;
  }

  /** How many times better we are than a peer; below 1 we are worse. */
  double advantage(String peer) {
    double own = median(ours);
    double others = median(peers.getOrDefault(peer, List.of()));
    return row.better() == Question.Better.HIGHER ? own / others : others / own;
  }

  /** Medians by name. */
  static Map<String, Double> medians(Map<String, List<Double>> figures) {
    Map<String, Double> medians = new TreeMap<>();
    figures.forEach((name, all) -> medians.put(name, median(all)));
    return medians;
  }
}

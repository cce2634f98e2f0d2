package io.quire.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether the answers that a row's figures were measured with are right.
 *
 * @param verified whether ours were all equal to what they were compared with
 * @param against with what: published answers, and peers, by name
 */
record Verdict(boolean verified, List<String> against) {
  /** Follows the id of a row: a digest of the answer, the same for equal ones. */
  static final String ANSWER = ".answer";

  /** Follows the id of a row: 1 if the answer is the published one, 0 if it is not. */
  static final String PUBLISHED = ".published";

  Verdict {
    against = List.copyOf(against);
  }

  /** Whether a figure is about an answer, and nothing that is measured. */
  static boolean isAbout(String figure) {
    return figure.endsWith(ANSWER) || figure.endsWith(PUBLISHED);
  }

  /**
   * Judges a row; empty if its figures have no answers. What was compared with nothing is not
   * verified.
   *
   * @param ours our figures, run by run
   * @param peers those of the others, by name
   */
  static Optional<Verdict> of(
      String row, List<Map<String, Double>> ours, Map<String, List<Map<String, Double>>> peers) {
    List<Double> answers = figures(ours, row + ANSWER);
    if (answers.isEmpty()) {
      return Optional.empty();
    }
    double answer = answers.getFirst();
    List<String> against = new ArrayList<>();
    boolean right = answers.stream().allMatch(each -> each == answer);
    List<Double> published = figures(ours, row + PUBLISHED);
    if (!published.isEmpty()) {
      against.add("published answers");
      right &= published.stream().allMatch(each -> each == 1);
    }
    for (Map.Entry<String, List<Map<String, Double>>> peer : peers.entrySet()) {
      List<Double> others = figures(peer.getValue(), row + ANSWER);
      if (!others.isEmpty()) {
        against.add(peer.getKey());
        right &= others.stream().allMatch(each -> each == answer);
      }
    }
    return Optional.of(new Verdict(right && !against.isEmpty(), against));
  }

  private static List<Double> figures(List<Map<String, Double>> runs, String id) {
    return runs.stream()
        .filter(run -> run.containsKey(id))
        .map(run -> run.getOrDefault(id, Double.NaN))
        .toList();
  }
}

package io.quire.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Asks an engine all queries in turn, again and again: what one has left in memory is of no use to
 * the next.
 */
final class TpchRounds {
  /** So many bits of a digest fit a figure. */
  private static final int DIGEST_BITS = 48;

  private TpchRounds() {}

  /**
   * Rounds that warm up, one at least, then rounds that count.
   *
   * @return for each query the median of its times in milliseconds, and for the row of the job
   *     their sum; a digest of each answer; and whether it is the published one, if one is
   */
  static Map<String, Double> run(Job job, TpchEngine engine, TpchAnswers published)
      throws Exception {
    rounds(job.warmUpMillis(), engine, new HashMap<>());
    Map<String, List<Double>> times = new LinkedHashMap<>();
    Map<String, List<String>> answers = rounds(job.millis(), engine, times);
    Map<String, Double> figures = new LinkedHashMap<>();
    double sum = 0;
    List<String> all = new ArrayList<>();
    Optional<Boolean> allPublished = Optional.empty();
    for (Map.Entry<String, List<Double>> entry : times.entrySet()) {
      String query = entry.getKey();
      List<String> answer = answers.getOrDefault(query, List.of());
      double median = Answer.median(entry.getValue());
      Optional<Boolean> isPublished = published.isPublished(query, answer);
      sum += median;
      all.addAll(answer);
      figures.put(query, median);
      figures.put(query + Verdict.ANSWER, digest(answer));
      if (isPublished.isPresent()) {
        figures.put(query + Verdict.PUBLISHED, isPublished.get() ? 1.0 : 0.0);
        allPublished = Optional.of(isPublished.get() && allPublished.orElse(true));
      }
    }
    figures.put(job.row(), sum);
    figures.put(job.row() + Verdict.ANSWER, digest(all));
    allPublished.ifPresent(right -> figures.put(job.row() + Verdict.PUBLISHED, right ? 1.0 : 0.0));
    return figures;
  }

  /** Whole rounds for so long, one at least; each answer has to be that of the round before. */
  private static Map<String, List<String>> rounds(
      long millis, TpchEngine engine, Map<String, List<Double>> times) throws Exception {
    Map<String, List<String>> answers = new HashMap<>();
    long end = System.nanoTime() + millis * 1_000_000;
    do {
      for (String query : TpchArea.QUERIES) {
        long begun = System.nanoTime();
        List<String> answer = engine.answer(query);
        times.computeIfAbsent(query, _ -> new ArrayList<>()).add((System.nanoTime() - begun) / 1e6);
        List<String> before = answers.put(query, answer);
        if (before != null && !before.equals(answer)) {
          throw new IllegalStateException(
              "another answer than before: query=%s before=%s now=%s"
                  .formatted(query, before, answer));
        }
      }
    } while (System.nanoTime() - end < 0);
    return answers;
  }

  private static double digest(List<String> lines) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(hash).getLong() >>> (Long.SIZE - DIGEST_BITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }
}

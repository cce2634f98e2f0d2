package io.quire.bench;

import io.quire.bench.Timed.Achieved;

/** The job of the row {@code job}: load, read three times, one answer. The same for all. */
final class DataJob {
  static final int SCANS = 3;

  /** Who does it. */
  interface Doer {
    /**
     * Puts the extents 0 to count - 1 where those of the last time were, and reads each {@value
     * DataJob#SCANS} times, in order.
     *
     * @return {@link Noise#joined} over all that was read
     */
    long loadAndScan(int count, int bytes) throws Exception;
  }

  private static final int WARM_UP_PARTS = 16;

  private DataJob() {}

  /** How long it took, after a warm-up with little data; a wrong answer fails. */
  static double seconds(Job job, Noise noise, Doer doer) throws Exception {
    int few = Math.max(1, job.objects() / WARM_UP_PARTS);
    long end = System.nanoTime() + job.warmUpMillis() * 1_000_000;
    do {
      once(few, job.bytes(), noise.answer(few, job.bytes(), SCANS), doer);
    } while (System.nanoTime() - end < 0);
    long wanted = noise.answer(job.objects(), job.bytes(), SCANS);
    return once(job.objects(), job.bytes(), wanted, doer).nanos() / 1e9;
  }

  private static Achieved once(int count, int bytes, long wanted, Doer doer) throws Exception {
    long begun = System.nanoTime();
    long answer = doer.loadAndScan(count, bytes);
    Achieved achieved = Achieved.since(begun, (double) count * bytes);
    if (answer != wanted) {
      throw new IllegalStateException(
          "wrong answer: found=%x wanted=%x extents=%d".formatted(answer, wanted, count));
    }
    return achieved;
  }
}

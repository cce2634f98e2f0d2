package io.quire.bench;

import io.quire.bench.Timed.Achieved;
import java.util.Map;

/** The job of the row {@code job}: load, read three times, one answer. The same for all. */
record DataJob(Doer doer, Noise noise) implements Subject {
  static final int SCANS = 3;

  /** Who does it. */
  interface Doer extends AutoCloseable {
    /** Removes what the last time left. Not measured. */
    void clear() throws Exception;

    /**
     * Puts away the extents 0 to count - 1, and reads each three times, in order.
     *
     * @return {@link Noise#joined} over all that was read
     */
    long loadAndScan(int count, int bytes, Noise noise) throws Exception;
  }

  private static final int WARM_UP_PARTS = 16;

  static DataJob of(Doer doer) {
    return new DataJob(doer, new Noise());
  }

  @Override
  public boolean leads() {
    return true;
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    if (job.kind() != Job.Kind.LOAD_AND_SCAN) {
      throw new IllegalArgumentException("not for this peer: job=" + job);
    }
    return Map.of(job.row(), seconds(job, noise, doer));
  }

  /** How long it took, after a warm-up with little data; a wrong answer fails. */
  static double seconds(Job job, Noise noise, Doer doer) throws Exception {
    int few = Math.max(1, job.objects() / WARM_UP_PARTS);
    long fewWanted = noise.answer(few, job.bytes(), SCANS);
    long end = System.nanoTime() + job.warmUpMillis() * 1_000_000;
    do {
      once(few, job.bytes(), noise, fewWanted, doer);
    } while (System.nanoTime() - end < 0);
    long wanted = noise.answer(job.objects(), job.bytes(), SCANS);
    return once(job.objects(), job.bytes(), noise, wanted, doer).nanos() / 1e9;
  }

  private static Achieved once(int count, int bytes, Noise noise, long wanted, Doer doer)
      throws Exception {
    doer.clear();
    long begun = System.nanoTime();
    long answer = doer.loadAndScan(count, bytes, noise);
    Achieved achieved = Achieved.since(begun, (double) count * bytes);
    if (answer != wanted) {
      throw new IllegalStateException(
          "wrong answer: found=%x wanted=%x extents=%d".formatted(answer, wanted, count));
    }
    return achieved;
  }

  @Override
  public void close() throws Exception {
    doer.close();
  }
}

package io.quire.bench;

/** Does a piece of work again and again: first to warm up, then for the time that counts. */
final class Timed {
  /** A piece of work, and what it achieved: bytes, or how many. */
  interface Work {
    Achieved once() throws Exception;
  }

  /**
   * What one piece of work came to.
   *
   * @param amount bytes, or how many
   * @param nanos that count
   */
  record Achieved(double amount, long nanos) {
    static Achieved since(long begunNanos, double amount) {
      return new Achieved(amount, System.nanoTime() - begunNanos);
    }
  }

  private Timed() {}

  /**
   * The amount a nanosecond: gigabytes (10^9) a second if amounts are bytes. Each time has one
   * piece of work at least.
   */
  static double rate(Job job, Work work) throws Exception {
    lasting(job.warmUpMillis(), work);
    Achieved all = lasting(job.millis(), work);
    return all.amount() / all.nanos();
  }

  private static Achieved lasting(long millis, Work work) throws Exception {
    long end = System.nanoTime() + millis * 1_000_000;
    double amount = 0;
    long nanos = 0;
    do {
      Achieved once = work.once();
      amount += once.amount();
      nanos += once.nanos();
    } while (System.nanoTime() - end < 0);
    return new Achieved(amount, nanos);
  }
}

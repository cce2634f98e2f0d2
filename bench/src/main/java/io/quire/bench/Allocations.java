package io.quire.bench;

import io.quire.ager.Ager;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import java.util.ArrayDeque;
import java.util.concurrent.locks.LockSupport;

/*
 * "While the store keeps up" is made so: first as fast as it goes, which tells what the store takes,
 * then at half of that pace. Memory is full all the time, for nothing is dropped before as many extents
 * are there as fill it several times.
 */
/** Allocates under pressure, and takes the time of each allocation. */
final class Allocations {
  private final Ager ager;
  private final Noise noise;
  private final Job job;
  private final ArrayDeque<Extent> kept = new ArrayDeque<>();
  private long number;

  Allocations(Ager ager, Noise noise, Job job) {
    this.ager = ager;
    this.noise = noise;
    this.job = job;
  }

  /** The 99th percentile of the times of {@link Ager#allocate}, in microseconds. */
  double p99Micros() {
    try {
      return measured();
    } finally {
      kept.forEach(ager::drop);
    }
  }

  private double measured() {
    while (kept.size() < job.objects()) {
      one();
    }
    long begun = System.nanoTime();
    long end = begun + Math.max(job.warmUpMillis(), 1) * 1_000_000;
    int done = 0;
    do {
      one();
      done++;
    } while (System.nanoTime() - end < 0);
    long pace = 2 * (System.nanoTime() - begun) / done;
    Samples samples = new Samples();
    long from = System.nanoTime();
    long due = from;
    while (due - from < job.millis() * 1_000_000) {
      while (System.nanoTime() - due < 0) {
        LockSupport.parkNanos(due - System.nanoTime());
      }
      samples.add(one());
      due += pace;
    }
    return samples.micros(0.99);
  }

  /** One extent more and, if there are enough, the oldest less; the nanoseconds of the first. */
  private long one() {
    if (kept.size() >= job.objects()) {
      ager.drop(kept.removeFirst());
    }
    long begun = System.nanoTime();
    try (Draft draft = ager.allocate(job.bytes(), QuireAger.DEADLINE)) {
      long nanos = System.nanoTime() - begun;
      noise.fill(draft.segment(), number++);
      kept.addLast(draft.seal());
      return nanos;
    }
  }
}

package io.quire.bench;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A peer that keeps values by number. It is loaded by one thread and read by two. */
interface ValueStore extends DataJob.Doer {
  int READERS = 2;

  void put(int number, byte[] value) throws Exception;

  /** The value; safe for several threads. */
  byte[] get(int number) throws Exception;

  /** All have been put. */
  default void loaded() throws Exception {}

  @Override
  default long loadAndScan(int count, int bytes, Noise noise) throws Exception {
    for (int i = 0; i < count; i++) {
      byte[] value = new byte[bytes];
      noise.fill(MemorySegment.ofArray(value), i);
      put(i, value);
    }
    loaded();
    return scans(count, number -> Noise.sum(MemorySegment.ofArray(get(number))));
  }

  /** Reads an extent and adds it up. */
  interface Sum {
    long of(int number) throws Exception;
  }

  /** Three scans, and the answer to them. */
  static long scans(int count, Sum sum) throws Exception {
    long answer = 0;
    for (int i = 0; i < DataJob.SCANS; i++) {
      for (long each : scan(count, sum)) {
        answer = Noise.joined(answer, each);
      }
    }
    return answer;
  }

  /** One scan by two threads, of which one has the even numbers. */
  static long[] scan(int count, Sum sum) throws Exception {
    long[] sums = new long[count];
    List<Callable<Boolean>> parts = new ArrayList<>();
    for (int part = 0; part < READERS; part++) {
      int first = part;
      parts.add(
          () -> {
            for (int i = first; i < count; i += READERS) {
              sums[i] = sum.of(i);
            }
            return true;
          });
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(READERS)) {
      for (Future<Boolean> each : threads.invokeAll(parts)) {
        each.get();
      }
    }
    return sums;
  }
}

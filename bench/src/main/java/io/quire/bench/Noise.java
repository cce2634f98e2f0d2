package io.quire.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/*
 * A piece of a pool of random bytes that starts somewhere else for each number, and has the number in
 * front: as fast to make as memory is to copy, so that it is not the making that is measured.
 */
/** The contents of extents: bytes that no codec makes smaller, the same for all who take part. */
final class Noise {
  private static final int POOL_BYTES = 32 << 20;
  private static final long PAGE = 4096;
  private static final int STRIDE_PAGES = 40_503;
  private static final int MIX = 31;

  private final MemorySegment pool = Arena.ofAuto().allocate(POOL_BYTES, PAGE);

  Noise() {
    SplittableRandom random = new SplittableRandom(1);
    for (long at = 0; at < POOL_BYTES; at += Long.BYTES) {
      pool.set(ValueLayout.JAVA_LONG, at, random.nextLong());
    }
  }

  /**
   * Fills an extent.
   *
   * @param into a multiple of 8 bytes, half of {@value #POOL_BYTES} at most
   * @param number of the extent
   */
  void fill(MemorySegment into, long number) {
    long pages = (POOL_BYTES - into.byteSize()) / PAGE + 1;
    long start = Math.floorMod(number * STRIDE_PAGES, pages) * PAGE;
    MemorySegment.copy(pool, start, into, 0, into.byteSize());
    into.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, number);
  }

  /** The number in front of an extent. */
  static long number(MemorySegment extent) {
    return extent.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
  }

  /** Looks at all bytes: their sum as longs. */
  static long sum(MemorySegment extent) {
    return sum(extent, 0, extent.byteSize());
  }

  /** The same for a part. */
  static long sum(MemorySegment of, long from, long to) {
    long sum = 0;
    for (long at = from; at < to; at += Long.BYTES) {
      sum += of.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
    }
    return sum;
  }

  /** Joins the sum of one more extent to an answer; the order of the extents counts. */
  static long joined(long answer, long sum) {
    return answer * MIX + sum;
  }

  /** The answer to so many scans of so many extents, each in the order of their numbers. */
  long answer(int extents, int bytes, int scans) {
    MemorySegment extent = Arena.ofAuto().allocate(bytes, PAGE);
    long[] sums = new long[extents];
    for (int i = 0; i < extents; i++) {
      fill(extent, i);
      sums[i] = sum(extent);
    }
    long answer = 0;
    for (int scan = 0; scan < scans; scan++) {
      for (long sum : sums) {
        answer = joined(answer, sum);
      }
    }
    return answer;
  }
}

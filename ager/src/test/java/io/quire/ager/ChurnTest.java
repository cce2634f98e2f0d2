package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Random allocations and frees of all sizes with nine tenths of the budget in use, through the
 * whole ager: what is in the way is copied elsewhere. Nothing can be evicted and nobody waits, so
 * any allocation that compaction does not serve fails. {@code -Dquire.churn=10000000} is for
 * longer.
 */
class ChurnTest {
  private static final int OPERATIONS = Integer.getInteger("quire.churn", 200_000);
  private static final long BUDGET = 64 << 20;
  private static final long MOST = BUDGET / 10 * 9;
  private static final int DOUBLINGS = 12;

  private final SplittableRandom random = new SplittableRandom(5);
  private final Extent[] held = new Extent[(int) (BUDGET / Runs.PAGE_BYTES)];
  private final long[] stamps = new long[held.length];
  private int count;
  private long used;

  @Test
  void allocateAndDropAtRandom_atNinetyPercent_neverFailsAndKeepsEveryPage() {
    try (Ager ager = Ager.open(Samples.config(BUDGET).withReserveBytes(0))) {
      int operations = 0;
      while (operations < OPERATIONS) {
        long bytes = bytes();
        for (; used + padded(bytes) > MOST; operations++) {
          drop(ager, random.nextInt(count));
        }
        allocate(ager, bytes);
        operations++;
      }
      AgerStats stats = ager.stats();
      System.out.printf("churn: operations=%d moves=%d%n", operations, stats.moves());
      assertThat(stats.accountedBytes()).isEqualTo(used);
      assertThat(stats.peakAccountedBytes()).isLessThanOrEqualTo(MOST);
      assertThat(stats.moves()).isPositive();
      assertThat(stats.waits()).isZero();
      while (count > 0) {
        drop(ager, count - 1);
      }
      assertThat(ager.stats().accountedBytes()).isZero();
    }
  }

  /** From 1 to 16 MiB, each doubling as likely as any other, and long ones not too often. */
  private long bytes() {
    int doublings = Math.min(random.nextInt(DOUBLINGS + 1), random.nextInt(DOUBLINGS + 1));
    long least = (long) Runs.PAGE_BYTES << doublings;
    return 1 + random.nextLong(least);
  }

  private void allocate(Ager ager, long bytes) {
    try (Draft draft = ager.allocate(bytes, Duration.ZERO)) {
      long stamp = random.nextLong();
      MemorySegment segment = draft.segment();
      for (long at = 0; at < bytes; at += Runs.PAGE_BYTES) {
        segment.set(ValueLayout.JAVA_BYTE, at, byteAt(stamp, at));
      }
      stamps[count] = stamp;
      held[count++] = draft.seal();
      used += padded(bytes);
    } catch (AgerException e) {
      throw new AssertionError("bytes=%d usedBytes=%d".formatted(bytes, used), e);
    }
  }

  private void drop(Ager ager, int index) {
    Extent extent = held[index];
    try (Pin pin = ager.tryPin(extent).orElseThrow()) {
      MemorySegment segment = pin.segment();
      for (long at = 0; at < extent.bytes(); at += Runs.PAGE_BYTES) {
        if (segment.get(ValueLayout.JAVA_BYTE, at) != byteAt(stamps[index], at)) {
          throw new AssertionError("wrong content: %s offset=%d".formatted(extent, at));
        }
      }
    }
    held[index] = held[--count];
    stamps[index] = stamps[count];
    ager.drop(extent);
    used -= padded(extent.bytes());
  }

  private static byte byteAt(long stamp, long at) {
    return (byte) (((stamp ^ at) * 0x9e3779b97f4a7c15L) >>> 56);
  }

  private static long padded(long bytes) {
    return StoreHeader.padded(bytes);
  }
}

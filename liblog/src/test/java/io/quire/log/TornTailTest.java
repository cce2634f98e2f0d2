package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TornTailTest {
  private static final int FILE_BYTES = 8192;

  @Test
  void torn_ofAnyPrefixOfAnEntry_isSaid() {
    long seed = System.nanoTime();
    SegmentBytes segment = segment(seed, 40, 300, 200);
    int start = segment.start(2);
    // Of a byte or two nobody can tell more than that they are not an entry.
    for (int written = start + 3; written < segment.length() - 4; written++) {
      byte[] torn = Arrays.copyOf(Arrays.copyOf(segment.toBytes(), written), FILE_BYTES);
      assertThat(TornTail.torn(torn, start))
          .describedAs("replay: seed %d written %d", seed, written)
          .isTrue();
    }
  }

  @Test
  void torn_ofAnEntryWithSectorsLost_isSaid() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      SegmentBytes segment = segment(seed + round, 40, 300, 3000);
      int start = segment.start(2);
      byte[] torn = segment.padded(FILE_BYTES);
      int sectors = segment.length() / 512 - start / 512 - 1;
      int lost = start / 512 + 1 + random.nextInt(sectors);
      Arrays.fill(torn, lost * 512, (lost + 1) * 512, (byte) 0);
      assertThat(TornTail.torn(torn, start))
          .describedAs("replay: seed %d round %d sector %d", seed, round, lost)
          .isTrue();
    }
  }

  @Test
  void torn_ofAFileThatDidNotGetItsSize_isSaid() {
    SegmentBytes segment = segment(1, 40, 300);
    byte[] torn = Arrays.copyOf(segment.toBytes(), segment.length() - 100);
    assertThat(TornTail.torn(torn, segment.start(1))).isTrue();
  }

  @Test
  void torn_ofAnEntryWithAnyBitFlipped_isDenied() {
    long seed = System.nanoTime();
    for (int last : new int[] {1, 30, 100, 128, 200, 1500}) {
      SegmentBytes segment = segment(seed, 40, last);
      for (int bit = segment.start(1) * 8; bit < segment.length() * 8; bit++) {
        byte[] bad = segment.padded(FILE_BYTES);
        bad[bit / 8] ^= (byte) (1 << bit % 8);
        assertThat(TornTail.torn(bad, segment.start(1)))
            .describedAs("replay: seed %d last %d bit %d", seed, last, bit)
            .isFalse();
      }
    }
  }

  @Test
  void torn_ofAnEntryOfZerosWithAnyBitFlipped_isDenied() {
    SegmentBytes segment = new SegmentBytes(0).add(1, new byte[10]).add(1, new byte[2000]);
    for (int bit = segment.start(1) * 8; bit < segment.length() * 8; bit++) {
      byte[] bad = segment.padded(FILE_BYTES);
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(TornTail.torn(bad, segment.start(1))).describedAs("bit " + bit).isFalse();
    }
  }

  private static SegmentBytes segment(long seed, int... lengths) {
    Random random = new Random(seed);
    SegmentBytes segment = new SegmentBytes(0);
    for (int length : lengths) {
      segment.add(random, length);
    }
    return segment;
  }
}

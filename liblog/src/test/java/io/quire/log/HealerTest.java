package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What a healer keeps of a file that is damaged before it. */
class HealerTest {
  /** One checksum of 256 ends in a zero, which at the end of a file looks like nothing. */
  @Test
  void from_lastChecksumEndsInZero_isKeptWhole() {
    for (int seed = 0; ; seed++) {
      SegmentBytes made = new SegmentBytes(7).add(1, new byte[] {1});
      byte[] file = made.add(1, new byte[] {(byte) seed, (byte) (seed >> 8)}).toBytes();
      if (file[file.length - 1] == 0) {
        assertThat(Healer.from(file, 8))
            .isEqualTo(Arrays.copyOfRange(file, made.start(1), file.length));
        assertThat(Segments.entry(Healer.from(file, 8), 0)).isNotNull();
        return;
      }
    }
  }

  @Test
  void from_openSegment_leavesOutWhatWasPreallocated() {
    SegmentBytes made = new SegmentBytes(7).add(1, new byte[] {1}).add(1, new byte[] {2});
    byte[] open = Arrays.copyOf(made.toBytes(), 1 << 16);
    assertThat(Healer.from(open, 8).length)
        .isBetween(
            made.length() - made.start(1), made.length() - made.start(1) + Segments.CHECKSUM_BYTES);
    assertThat(Healer.from(open, 9)).isEmpty();
  }
}

package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;

final class NoiseTest {
  private static final int BYTES = 64 << 10;

  private final Noise noise = new Noise();

  private MemorySegment extent(long number) {
    MemorySegment extent = Arena.ofAuto().allocate(BYTES, 8);
    noise.fill(extent, number);
    return extent;
  }

  @Test
  void extents_areToldApartAndTheSameEachTime() {
    assertThat(Noise.number(extent(7))).isEqualTo(7);
    MemorySegment again = Arena.ofAuto().allocate(BYTES, 8);
    new Noise().fill(again, 7);
    assertThat(extent(7).mismatch(again)).isEqualTo(-1);
    assertThat(extent(7).asSlice(8).mismatch(extent(8).asSlice(8))).isNotEqualTo(-1);
  }

  @Test
  void extents_doNotCompress() {
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
    deflater.setInput(extent(3).toArray(ValueLayout.JAVA_BYTE));
    deflater.finish();
    assertThat(deflater.deflate(new byte[2 * BYTES])).isGreaterThan(BYTES);
    deflater.end();
  }

  @Test
  void answer_dependsOnEachByteAndOnTheOrder() {
    long first = Noise.sum(extent(0));
    long second = Noise.sum(extent(1));
    long once = Noise.joined(Noise.joined(0, first), second);
    assertThat(noise.answer(2, BYTES, 1)).isEqualTo(once);
    assertThat(Noise.joined(Noise.joined(0, second), first)).isNotEqualTo(once);
    MemorySegment changed = extent(0);
    changed.set(
        ValueLayout.JAVA_BYTE, BYTES - 1L, (byte) ~changed.get(ValueLayout.JAVA_BYTE, BYTES - 1L));
    assertThat(Noise.sum(changed)).isNotEqualTo(first);
  }
}

package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Checksum;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TornTailTest {
  private static final int FILE_BYTES = 4096;

  @Test
  void find_ofAnyPrefixOfTheLastEntry_isWhereThatBegins() {
    long seed = System.nanoTime();
    byte[] segment = segment(new Random(seed), 40, 300, 200);
    int last = segment.length - lengthOf(200);
    for (int written = last + 1; written < segment.length; written++) {
      byte[] torn = new byte[FILE_BYTES];
      System.arraycopy(segment, 0, torn, 0, written);
      boolean whole = bitsMissing(torn, segment) == 0;
      boolean perhapsFlipped = bitsMissing(torn, segment) == 1 && written >= segment.length - 4;
      assertThat(TornTail.find(torn))
          .describedAs("seed %d written %d", seed, written)
          .isEqualTo(whole || perhapsFlipped ? -1 : last);
    }
  }

  @Test
  void find_withTheOnlyBitOfTheLastByteFlipped_cutsNothing() {
    long seed = 0;
    byte[] segment = segment(new Random(seed), 40, 200);
    while (Integer.bitCount(segment[segment.length - 1] & 0xff) != 1) {
      segment = segment(new Random(++seed), 40, 200);
    }
    byte[] bad = Arrays.copyOf(segment, FILE_BYTES);
    bad[segment.length - 1] = 0;

    assertThat(TornTail.find(bad)).describedAs("seed " + seed).isEqualTo(-1);
  }

  private static int bitsMissing(byte[] torn, byte[] whole) {
    int bits = 0;
    for (int i = 0; i < whole.length; i++) {
      bits += Integer.bitCount((torn[i] ^ whole[i]) & 0xff);
    }
    return bits;
  }

  @Test
  void find_withAnyBitOfAWholeSegmentFlipped_cutsNothing() {
    long seed = System.nanoTime();
    for (int last : new int[] {1, 30, 127, 128, 200, 1000}) {
      byte[] segment = segment(new Random(seed), 40, last);
      for (int bit = 8 * 8; bit < segment.length * 8; bit++) {
        byte[] bad = new byte[FILE_BYTES];
        System.arraycopy(segment, 0, bad, 0, segment.length);
        bad[bit / 8] ^= (byte) (1 << bit % 8);
        assertThat(TornTail.find(bad))
            .describedAs("seed %d last %d bit %d", seed, last, bit)
            .isEqualTo(-1);
      }
    }
  }

  @Test
  void find_withSomethingBehindTheTornEntry_cutsNothing() {
    long seed = System.nanoTime();
    byte[] segment = segment(new Random(seed), 40, 200);
    byte[] torn = new byte[FILE_BYTES];
    System.arraycopy(segment, 0, torn, 0, segment.length - 50);
    torn[FILE_BYTES - 1] = 1;
    assertThat(TornTail.find(torn)).describedAs("seed " + seed).isEqualTo(-1);
  }

  private static byte[] segment(Random random, int... lengths) {
    ByteBuffer out = ByteBuffer.allocate(FILE_BYTES).put("RaftLog1".getBytes());
    for (int length : lengths) {
      int start = out.position();
      for (int rest = length; ; rest >>>= 7) {
        if (rest < 0x80) {
          out.put((byte) rest);
          break;
        }
        out.put((byte) (rest | 0x80));
      }
      byte[] body = new byte[length];
      random.nextBytes(body);
      body[0] = 0x08;
      out.put(body);
      out.putInt(Checksum.of(out.array(), start, out.position() - start));
    }
    byte[] bytes = new byte[out.position()];
    out.flip().get(bytes);
    return bytes;
  }

  private static int lengthOf(int body) {
    return (body < 0x80 ? 1 : 2) + body + 4;
  }
}

package io.quire.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LineCutterTest {
  private static final long SEED = 42;

  @Test
  void pieces_ofAnyStreamReadInAnyChunks_areTheStreamCutAtLineEnds() throws IOException {
    for (long seed = SEED; seed < SEED + 2000; seed++) {
      Random random = new Random(seed);
      int max = 1 + random.nextInt(40);
      byte[] text = text(random);
      List<LineCutter.Piece> pieces = cut(new Chunked(text, random), max);

      ByteArrayOutputStream joined = new ByteArrayOutputStream();
      long lines = 0;
      for (int i = 0; i < pieces.size(); i++) {
        byte[] piece = pieces.get(i).bytes();
        assertThat(piece.length).as("seed=%d", seed).isBetween(1, max);
        boolean last = i == pieces.size() - 1;
        boolean full = piece.length == max;
        assertThat(last || full || piece[piece.length - 1] == '\n').as("seed=%d", seed).isTrue();
        if (!last && piece[piece.length - 1] != '\n') {
          // Cut hard: only if there was no end of a line to cut at.
          assertThat(piece).as("seed=%d", seed).doesNotContain((byte) '\n');
        }
        joined.write(piece);
        lines += pieces.get(i).lines();
      }
      assertThat(joined.toByteArray()).as("seed=%d", seed).isEqualTo(text);
      assertThat(lines)
          .as("seed=%d", seed)
          .isEqualTo(new String(text, StandardCharsets.ISO_8859_1).lines().count());
    }
  }

  @Test
  void next_ofAnEmptyStream_isFalse() throws IOException {
    assertThat(new LineCutter(InputStream.nullInputStream(), 10).next()).isFalse();
  }

  @Test
  void pieces_ofShortLines_areAsLongAsTheyMayBe() throws IOException {
    byte[] text = "abc\n".repeat(10).getBytes(StandardCharsets.US_ASCII);
    List<LineCutter.Piece> pieces = cut(new ByteArrayInputStream(text), 18);
    assertThat(pieces).extracting(piece -> piece.bytes().length).containsExactly(16, 16, 8);
    assertThat(pieces).extracting(LineCutter.Piece::lines).containsExactly(4L, 4L, 2L);
  }

  private static List<LineCutter.Piece> cut(InputStream in, int max) throws IOException {
    LineCutter cutter = new LineCutter(in, max);
    List<LineCutter.Piece> pieces = new ArrayList<>();
    while (cutter.next()) {
      pieces.add(cutter.piece());
    }
    return pieces;
  }

  private static byte[] text(Random random) {
    byte[] text = new byte[random.nextInt(300)];
    int newlineIn = 1 + random.nextInt(50);
    for (int i = 0; i < text.length; i++) {
      text[i] = random.nextInt(newlineIn) == 0 ? (byte) '\n' : (byte) ('a' + random.nextInt(26));
    }
    return text;
  }

  /** Gives fewer bytes than asked for. */
  private static final class Chunked extends InputStream {
    private final ByteArrayInputStream in;
    private final Random random;

    Chunked(byte[] bytes, Random random) {
      in = new ByteArrayInputStream(bytes);
      this.random = random;
    }

    @Override
    public int read() {
      return in.read();
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      return in.read(into, offset, Math.min(length, 1 + random.nextInt(7)));
    }
  }
}

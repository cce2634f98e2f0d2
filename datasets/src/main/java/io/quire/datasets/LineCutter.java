package io.quire.datasets;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Cuts a stream into pieces that end at the end of a line. A line that is longer than a piece may
 * be is cut hard. Put together the pieces are the stream. Confined to one thread.
 */
final class LineCutter {
  private static final byte NEWLINE = '\n';

  private final InputStream in;
  private final byte[] buffer;
  private int filled;
  private int cut;
  private boolean ended;

  /**
   * A piece of the stream.
   *
   * @param lines that end in it; the last line of the stream ends also without a newline
   * @param bytes at least one; a copy
   */
  record Piece(long lines, byte[] bytes) {}

  /** Cuts pieces of at most {@code bytesMax}. The stream is not closed. */
  LineCutter(InputStream in, int bytesMax) {
    this.in = in;
    // One more than a piece: so a piece that is not the last is known not to be.
    this.buffer = new byte[bytesMax + 1];
  }

  /** Moves to the next piece; false at the end. */
  boolean next() throws IOException {
    System.arraycopy(buffer, cut, buffer, 0, filled - cut);
    filled -= cut;
    cut = 0;
    fill();
    if (filled == 0) {
      return false;
    }
    cut = filled < buffer.length ? filled : afterLastNewline();
    return true;
  }

  /** The piece moved to. */
  Piece piece() {
    long lines = 0;
    for (int i = 0; i < cut; i++) {
      if (buffer[i] == NEWLINE) {
        lines++;
      }
    }
    boolean openEnd = cut == filled && buffer[cut - 1] != NEWLINE;
    return new Piece(openEnd ? lines + 1 : lines, Arrays.copyOf(buffer, cut));
  }

  private void fill() throws IOException {
    while (!ended && filled < buffer.length) {
      int read = in.read(buffer, filled, buffer.length - filled);
      if (read < 0) {
        ended = true;
      } else {
        filled += read;
      }
    }
  }

  private int afterLastNewline() {
    int max = buffer.length - 1;
    for (int end = max; end > 0; end--) {
      if (buffer[end - 1] == NEWLINE) {
        return end;
      }
    }
    return max;
  }
}

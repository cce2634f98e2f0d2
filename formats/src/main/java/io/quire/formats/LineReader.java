package io.quire.formats;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * The lines of a stream that begin before a given place. A line is without its line feed, and the
 * first line of a file without its byte order mark. It is a range of a buffer that the next call
 * writes over. Confined to one thread.
 */
final class LineReader implements Closeable {
  private static final int BUFFER_BYTES = 128 << 10;
  private static final byte NEWLINE = '\n';

  private final InputStream in;
  private long end;
  private final int lineMax;
  private byte[] buffer = new byte[BUFFER_BYTES];
  private long bufferAt;
  private int filled;
  private boolean ended;

  private int from;
  private int to;
  private int nextFrom;
  private boolean tooLong;
  private long lineAt;

  /**
   * Reads a stream.
   *
   * @param at place of its first byte, where a line begins
   * @param end no line that begins here or later is given
   * @param lineMax bytes of the longest line
   */
  LineReader(InputStream in, long at, long end, int lineMax) {
    this.in = in;
    this.end = end;
    this.lineMax = lineMax;
    bufferAt = at;
  }

  /** Moves to the next line; false at the end. */
  boolean next() throws IOException {
    from = nextFrom;
    tooLong = false;
    if (bufferAt + from >= end) {
      to = from;
      return false;
    }
    int scanned = 0;
    while (true) {
      int found = newline(from + scanned);
      if (found >= 0) {
        to = found;
        nextFrom = found + 1;
        break;
      }
      scanned = filled - from;
      if (scanned > lineMax) {
        return skipLong();
      }
      if (ended) {
        to = filled;
        nextFrom = filled;
        if (scanned == 0) {
          return false;
        }
        break;
      }
      fill();
    }
    tooLong = to - from > lineMax;
    lineAt = bufferAt + from;
    if (bufferAt + from == 0 && hasMark()) {
      from += 3;
    }
    return true;
  }

  private boolean hasMark() {
    return to - from >= 3
        && buffer[from] == (byte) 0xef
        && buffer[from + 1] == (byte) 0xbb
        && buffer[from + 2] == (byte) 0xbf;
  }

  private int newline(int begin) {
    for (int i = begin; i < filled; i++) {
      if (buffer[i] == NEWLINE) {
        return i;
      }
    }
    return -1;
  }

  /** Reads on; the line that is begun moves to the front of the buffer. */
  private void fill() throws IOException {
    if (from > 0) {
      System.arraycopy(buffer, from, buffer, 0, filled - from);
      bufferAt += from;
      filled -= from;
      from = 0;
    } else if (filled == buffer.length) {
      buffer = Arrays.copyOf(buffer, (int) Math.min(buffer.length * 2L, lineMax + (64L << 10)));
    }
    int read = in.read(buffer, filled, buffer.length - filled);
    if (read < 0) {
      ended = true;
    } else {
      filled += read;
    }
  }

  /** Passes a line that is too long; its begin is kept. */
  private boolean skipLong() throws IOException {
    byte[] kept = Arrays.copyOfRange(buffer, from, Math.min(filled, from + BadRow.TEXT_BYTES_MAX));
    long begin = bufferAt + from;
    int found = -1;
    while (found < 0 && !ended) {
      bufferAt += filled;
      filled = 0;
      from = 0;
      fill();
      found = newline(0);
    }
    // What follows moves behind what was kept, and the places in the buffer with it.
    int rest = found < 0 ? filled : found + 1;
    int left = filled - rest;
    byte[] moved = new byte[Math.max(BUFFER_BYTES, kept.length + left)];
    System.arraycopy(kept, 0, moved, 0, kept.length);
    System.arraycopy(buffer, rest, moved, kept.length, left);
    bufferAt = bufferAt + rest - kept.length;
    lineAt = begin;
    buffer = moved;
    filled = kept.length + left;
    from = 0;
    to = kept.length;
    nextFrom = kept.length;
    tooLong = true;
    return true;
  }

  /** From now on no line that begins there or later is given. */
  void endAt(long place) {
    end = place;
  }

  /** The array in which the line is. */
  byte[] bytes() {
    return buffer;
  }

  int from() {
    return from;
  }

  int to() {
    return to;
  }

  /** Whether the line is longer than it may be; of it there is only the begin. */
  boolean tooLong() {
    return tooLong;
  }

  /** Where in the file the line begins. */
  long at() {
    return lineAt;
  }

  /** Where in the file the next line begins. */
  long nextAt() {
    return bufferAt + nextFrom;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}

package io.quire.formats;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** UTF-8, where malformed input must be told and not replaced. */
final class Utf8 {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long HIGH_BITS = 0x8080808080808080L;

  private Utf8() {}

  /** Whether the bytes are well-formed. */
  static boolean isValid(byte[] bytes, int from, int to) {
    int at = from;
    while (at <= to - 8) {
      if (((long) LONG.get(bytes, at) & HIGH_BITS) != 0) {
        break;
      }
      at += 8;
    }
    while (at < to) {
      int length = bytes[at] >= 0 ? 1 : sequence(bytes, at, to);
      if (length == 0) {
        return false;
      }
      at += length;
    }
    return true;
  }

  /** The length of the well-formed sequence of two to four bytes there, or 0. */
  private static int sequence(byte[] bytes, int at, int to) {
    int first = bytes[at] & 0xff;
    int length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length == 0 || at + length > to) {
      return 0;
    }
    // The second byte has the bounds that keep out overlong forms, surrogates and what is too high.
    int second = bytes[at + 1] & 0xff;
    int min = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    int max = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (second < min || second > max) {
      return 0;
    }
    for (int i = 2; i < length; i++) {
      if ((bytes[at + i] & 0xc0) != 0x80) {
        return 0;
      }
    }
    return length;
  }

  /**
   * Writes characters as bytes and says how many, or -1 if there is half of a surrogate pair.
   *
   * @param out has room for three bytes a character
   */
  static int encode(char[] chars, int off, int count, byte[] out) {
    int length = 0;
    for (int i = off; i < off + count; i++) {
      char c = chars[i];
      if (c < 0x80) {
        out[length++] = (byte) c;
      } else if (c < 0x800) {
        out[length++] = (byte) (0xc0 | c >> 6);
        out[length++] = (byte) (0x80 | c & 0x3f);
      } else if (!Character.isSurrogate(c)) {
        out[length++] = (byte) (0xe0 | c >> 12);
        out[length++] = (byte) (0x80 | c >> 6 & 0x3f);
        out[length++] = (byte) (0x80 | c & 0x3f);
      } else if (Character.isHighSurrogate(c)
          && i + 1 < off + count
          && Character.isLowSurrogate(chars[i + 1])) {
        int point = Character.toCodePoint(c, chars[++i]);
        out[length++] = (byte) (0xf0 | point >> 18);
        out[length++] = (byte) (0x80 | point >> 12 & 0x3f);
        out[length++] = (byte) (0x80 | point >> 6 & 0x3f);
        out[length++] = (byte) (0x80 | point & 0x3f);
      } else {
        return -1;
      }
    }
    return length;
  }

  /** Text for people; what is malformed is replaced. */
  static String text(byte[] bytes, int from, int to, int bytesMax) {
    return new String(bytes, from, Math.min(to - from, bytesMax), StandardCharsets.UTF_8);
  }
}

package io.quire.gvm;

import io.quire.base.WireReader;
import java.nio.charset.StandardCharsets;

/**
 * What a cell is called, looked at once, where a transaction is read: whoever carries the
 * transaction out need not take the text apart again. Immutable. Any thread.
 */
public final class Key {
  private final String text;
  private final int bytes;
  private final Object place;

  private Key(String text, int bytes) {
    this.text = text;
    this.bytes = bytes;
    place = Place.of(text);
  }

  /**
   * A key that may be one.
   *
   * @throws IllegalArgumentException if it is too short or long, or has half a character
   */
  public static Key of(String text) {
    return new Key(text, check(text));
  }

  /** As {@link #of}, of what stands next. */
  static Key read(WireReader in) {
    int before = in.remaining();
    String text = in.string();
    int bytes = before - in.remaining() - Integer.BYTES;
    // As many characters as bytes, and none put in the place of what is no text: it is ASCII.
    boolean ascii = text.length() == bytes && text.indexOf('\uFFFD') < 0;
    return ascii && isInRange(bytes) ? new Key(text, bytes) : of(text);
  }

  /** How long a key is in UTF-8, if it may be one; see {@link #of}. */
  static int check(String text) {
    boolean ascii = isAscii(text);
    int bytes = ascii ? text.length() : text.getBytes(StandardCharsets.UTF_8).length;
    if (!isInRange(bytes)) {
      throw new IllegalArgumentException(
          "key out of range: bytes=" + bytes + " allowed=1.." + Transaction.KEY_BYTES_MAX);
    }
    if (!ascii && !StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new IllegalArgumentException("key has half a character: bytes=" + bytes);
    }
    return bytes;
  }

  private static boolean isInRange(int bytes) {
    return bytes >= 1 && bytes <= Transaction.KEY_BYTES_MAX;
  }

  /** Without a branch for each character: keys are many, and nearly all are ASCII. */
  private static boolean isAscii(String text) {
    int any = 0;
    for (int i = 0; i < text.length(); i++) {
      any |= text.charAt(i);
    }
    return any < 0x80;
  }

  /** All of it. */
  public String text() {
    return text;
  }

  /** How long it is in UTF-8. */
  int bytes() {
    return bytes;
  }

  /** Where it stands in the table; see {@link Place}. */
  Object place() {
    return place;
  }

  /** Whether it is one that {@link Cells#glance(long)} finds by its number. */
  public boolean isNumber() {
    return place instanceof Long;
  }

  /** Whether it is one that {@link Cells#glance(long, String)} finds by its number and name. */
  public boolean isNamed() {
    return place instanceof Place.Named;
  }

  /**
   * The number in it.
   *
   * @throws IllegalStateException if it has none
   */
  public long number() {
    return switch (place) {
      case Long number -> number;
      case Place.Named named -> named.number();
      default -> throw new IllegalStateException("no number in the key: key=" + text);
    };
  }

  /**
   * The name behind the number.
   *
   * @throws IllegalStateException if there is none
   */
  public String name() {
    if (place instanceof Place.Named named) {
      return named.name();
    }
    throw new IllegalStateException("no name in the key: key=" + text);
  }

  @Override
  public String toString() {
    return text;
  }
}

package io.quire.gvm;

/**
 * Where a key stands in the table of cells. Keys that are {@code x/} and a number, in hexadecimal
 * without leading zeros, stand there as the number: it takes a third of the memory. Keys that are
 * {@code n/}, such a number, and a name that begins with {@code /}, or a colon and any other name,
 * stand there as both. Who has number and name finds the cell without making a string of them. All
 * others stand as they are.
 */
final class Place {
  private static final String NUMBERED = "x/";
  private static final String NAMED = "n/";
  private static final String RELATIVE = ":";
  private static final int DIGITS_FROM = 2;
  private static final int DIGITS_MAX = 16;

  private Place() {}

  /** A number and a name. */
  record Named(long number, String name) {}

  static Object of(String key) {
    boolean numbered = key.startsWith(NUMBERED);
    if (!numbered && !key.startsWith(NAMED)) {
      return key;
    }
    long number = 0;
    int end = DIGITS_FROM;
    int last = Math.min(key.length(), DIGITS_FROM + DIGITS_MAX);
    for (int digit; end < last && (digit = digit(key.charAt(end))) >= 0; end++) {
      number = number << 4 | digit;
    }
    boolean asKeyWritesIt =
        end == DIGITS_FROM + 1 || (end > DIGITS_FROM && key.charAt(DIGITS_FROM) != '0');
    if (!asKeyWritesIt) {
      return key;
    }
    if (numbered) {
      return end == key.length() ? (Object) number : key;
    }
    return named(key, number, end);
  }

  private static int digit(char c) {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  }

  /** What follows the number must be written as {@link #key} would write it. */
  private static Object named(String key, long number, int end) {
    if (key.startsWith("/", end)) {
      return new Named(number, key.substring(end));
    }
    boolean relative = key.startsWith(RELATIVE, end) && !key.startsWith("/", end + 1);
    return relative ? new Named(number, key.substring(end + 1)) : key;
  }

  static String key(Object place) {
    return switch (place) {
      case Long number -> NUMBERED + Long.toHexString(number);
      case Named(long number, String name) ->
          NAMED + Long.toHexString(number) + (name.startsWith("/") ? "" : RELATIVE) + name;
      default -> (String) place;
    };
  }
}

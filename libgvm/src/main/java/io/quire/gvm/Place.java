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
  private static final int DIGITS_MAX = 16;

  private Place() {}

  /** A number and a name. */
  record Named(long number, String name) {}

  static Object of(String key) {
    if (key.startsWith(NUMBERED)) {
      return isNumber(key, key.length()) ? (Object) number(key, key.length()) : key;
    }
    if (key.startsWith(NAMED)) {
      int end = endOfNumber(key);
      return isNumber(key, end) ? named(key, end) : key;
    }
    return key;
  }

  /** The first that is no digit, or the end. */
  private static int endOfNumber(String key) {
    int end = NAMED.length();
    while (end < key.length() && isDigit(key.charAt(end))) {
      end++;
    }
    return end;
  }

  private static boolean isDigit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  }

  /** What follows the number must be written as {@link #key} would write it. */
  private static Object named(String key, int end) {
    if (key.startsWith("/", end)) {
      return new Named(number(key, end), key.substring(end));
    }
    boolean relative = key.startsWith(RELATIVE, end) && !key.startsWith("/", end + 1);
    return relative ? new Named(number(key, end), key.substring(end + 1)) : key;
  }

  /** Whether a number stands between the prefix and this place, as {@link #key} would write it. */
  private static boolean isNumber(String key, int end) {
    int begin = NUMBERED.length();
    if (end <= begin || end > begin + DIGITS_MAX || (key.charAt(begin) == '0' && end > begin + 1)) {
      return false;
    }
    for (int i = begin; i < end; i++) {
      if (!isDigit(key.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  private static long number(String key, int end) {
    return Long.parseUnsignedLong(key, NUMBERED.length(), end, 16);
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

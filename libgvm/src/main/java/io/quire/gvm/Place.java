package io.quire.gvm;

/**
 * Where a key stands in the table of cells. Keys that are {@code x/} and a number, in hexadecimal
 * without leading zeros, stand there as the number: it takes a third of the memory. Keys that are
 * {@code n/}, such a number, and a name that begins with {@code /} stand there as both. Who has
 * number and name finds the cell without making a string of them. All others stand as they are.
 */
final class Place {
  private static final String NUMBERED = "x/";
  private static final String NAMED = "n/";
  private static final int DIGITS_MAX = 16;

  private Place() {}

  /** A number and a name. */
  record Named(long number, String name) {}

  static Object of(String key) {
    if (key.startsWith(NUMBERED)) {
      return isNumber(key, key.length()) ? (Object) number(key, key.length()) : key;
    }
    if (key.startsWith(NAMED)) {
      int end = key.indexOf('/', NAMED.length());
      return isNumber(key, end) ? new Named(number(key, end), key.substring(end)) : key;
    }
    return key;
  }

  /** Whether a number stands between the prefix and this place, as {@link #key} would write it. */
  private static boolean isNumber(String key, int end) {
    int begin = NUMBERED.length();
    if (end <= begin || end > begin + DIGITS_MAX || (key.charAt(begin) == '0' && end > begin + 1)) {
      return false;
    }
    for (int i = begin; i < end; i++) {
      char c = key.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
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
      case Named named -> NAMED + Long.toHexString(named.number()) + named.name();
      default -> (String) place;
    };
  }
}

package io.quire.gvm;

/**
 * Where a key stands in the table of cells. Keys that are {@code x/} and a number, in hexadecimal
 * without leading zeros, stand there as the number: it takes a third of the memory, and who has the
 * number finds the cell without making a string of it. All others stand as they are.
 */
final class Place {
  private static final String NUMBERED = "x/";
  private static final int DIGITS_MAX = 16;

  private Place() {}

  static Object of(String key) {
    int digits = key.length() - NUMBERED.length();
    if (digits < 1 || digits > DIGITS_MAX || !key.startsWith(NUMBERED)) {
      return key;
    }
    long number = 0;
    for (int i = NUMBERED.length(); i < key.length(); i++) {
      char c = key.charAt(i);
      int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (digit < 0 || (number == 0 && i > NUMBERED.length())) {
        return key;
      }
      number = number << 4 | digit;
    }
    return number;
  }

  static String key(Object place) {
    return place instanceof Long number ? NUMBERED + Long.toHexString(number) : (String) place;
  }
}

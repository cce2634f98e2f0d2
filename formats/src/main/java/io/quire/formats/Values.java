package io.quire.formats;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDate;

/**
 * Values from their text. Nothing is rounded, cut or wrapped silently: what does not fit is bad.
 * Only a double takes the nearest value, as is its nature.
 */
final class Values {
  private static final int TEXT_MAX = 60;
  private static final int LONG_DIGITS = 18;
  private static final int EXPONENT_MAX = 100;
  private static final int NUMBER_BYTES_MAX = 1_000;
  private static final long SECONDS_A_DAY = 86_400;

  private Values() {}

  static BadRecord bad(String wanted, byte[] b, int off, int len) {
    return new BadRecord(
        "not a value: wanted=%s found=[%s]"
            .formatted(wanted, Utf8.text(b, off, off + len, TEXT_MAX)));
  }

  static boolean bool(byte[] b, int off, int len) throws BadRecord {
    if (is("true", b, off, len) || len == 1 && b[off] == '1') {
      return true;
    }
    if (is("false", b, off, len) || len == 1 && b[off] == '0') {
      return false;
    }
    throw bad("bool", b, off, len);
  }

  /** Whether it is that word, in letters of any case. */
  static boolean is(String word, byte[] b, int off, int len) {
    if (len != word.length()) {
      return false;
    }
    for (int i = 0; i < len; i++) {
      if ((b[off + i] | 0x20) != word.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  static long integer(String wanted, long min, long max, byte[] b, int off, int len)
      throws BadRecord {
    int at = off;
    int end = off + len;
    boolean negative = false;
    if (len > 1 && (b[at] == '-' || b[at] == '+')) {
      negative = b[at] == '-';
      at++;
    }
    if (at == end) {
      throw bad(wanted, b, off, len);
    }
    // Counted downwards, since there is one more number below 0 than above.
    long value = 0;
    for (; at < end; at++) {
      int digit = b[at] - '0';
      if (digit < 0 || digit > 9) {
        throw bad(wanted, b, off, len);
      }
      if (value < Long.MIN_VALUE / 10 || value * 10 < Long.MIN_VALUE + digit) {
        throw outOfRange(wanted, b, off, len);
      }
      value = value * 10 - digit;
    }
    if (!negative && value == Long.MIN_VALUE) {
      throw outOfRange(wanted, b, off, len);
    }
    long signed = negative ? value : -value;
    if (signed < min || signed > max) {
      throw outOfRange(wanted, b, off, len);
    }
    return signed;
  }

  private static BadRecord outOfRange(String wanted, byte[] b, int off, int len) {
    return new BadRecord(
        "out of range: wanted=%s found=[%s]"
            .formatted(wanted, Utf8.text(b, off, off + len, TEXT_MAX)));
  }

  static double real(String wanted, byte[] b, int off, int len) throws BadRecord {
    if (!isReal(b, off, len)) {
      if (is("nan", b, off, len)) {
        return Double.NaN;
      }
      boolean minus = len > 0 && b[off] == '-';
      if (is("infinity", b, minus ? off + 1 : off, minus ? len - 1 : len)) {
        return minus ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
      }
      throw bad(wanted, b, off, len);
    }
    double value = Double.parseDouble(new String(b, off, len, StandardCharsets.ISO_8859_1));
    if (Double.isInfinite(value)) {
      throw outOfRange(wanted, b, off, len);
    }
    return value;
  }

  static float single(byte[] b, int off, int len) throws BadRecord {
    double value = real("float", b, off, len);
    float single =
        isReal(b, off, len)
            ? Float.parseFloat(new String(b, off, len, StandardCharsets.ISO_8859_1))
            : (float) value;
    if (Float.isInfinite(single) && !Double.isInfinite(value)) {
      throw outOfRange("float", b, off, len);
    }
    return single;
  }

  /** Sign, digits with one point, exponent; the JDK's parser takes more than that. */
  static boolean isReal(byte[] b, int off, int len) {
    int end = off + len;
    int at = len > 0 && (b[off] == '-' || b[off] == '+') ? off + 1 : off;
    int digits = 0;
    boolean point = false;
    for (; at < end; at++) {
      if (b[at] >= '0' && b[at] <= '9') {
        digits++;
      } else if (b[at] == '.' && !point) {
        point = true;
      } else {
        break;
      }
    }
    if (digits == 0 || len > NUMBER_BYTES_MAX) {
      return false;
    }
    if (at < end && (b[at] | 0x20) == 'e') {
      at++;
      if (at < end && (b[at] == '-' || b[at] == '+')) {
        at++;
      }
      int begin = at;
      while (at < end && b[at] >= '0' && b[at] <= '9') {
        at++;
      }
      return at == end && at > begin;
    }
    return at == end;
  }

  /** The unscaled value, if the text is short and plain; else {@link Long#MIN_VALUE}. */
  static long shortDecimal(int scale, byte[] b, int off, int len) {
    int end = off + len;
    boolean negative = len > 0 && b[off] == '-';
    long value = 0;
    int digits = 0;
    int behind = -1;
    for (int at = negative ? off + 1 : off; at < end; at++) {
      int digit = b[at] - '0';
      if (digit >= 0 && digit <= 9) {
        value = value * 10 + digit;
        digits++;
        if (behind >= 0) {
          behind++;
        }
      } else if (b[at] == '.' && behind < 0) {
        behind = 0;
      } else {
        return Long.MIN_VALUE;
      }
      if (digits > LONG_DIGITS) {
        return Long.MIN_VALUE;
      }
    }
    int missing = scale - Math.max(behind, 0);
    if (digits == 0 || missing < 0 || digits + missing > LONG_DIGITS) {
      return Long.MIN_VALUE;
    }
    for (; missing > 0; missing--) {
      value *= 10;
    }
    return negative ? -value : value;
  }

  static BigDecimal decimal(int digits, int scale, byte[] b, int off, int len) throws BadRecord {
    String wanted = "decimal(" + digits + "," + scale + ")";
    if (!isReal(b, off, len)) {
      throw bad(wanted, b, off, len);
    }
    try {
      BigDecimal value = new BigDecimal(new String(b, off, len, StandardCharsets.ISO_8859_1));
      // Before it is written out: a short text may stand for very many digits.
      if (Math.abs((long) value.scale()) > EXPONENT_MAX + len) {
        throw outOfRange(wanted, b, off, len);
      }
      BigDecimal scaled = value.setScale(scale);
      if (scaled.precision() > digits) {
        throw outOfRange(wanted, b, off, len);
      }
      return scaled;
    } catch (ArithmeticException | NumberFormatException e) {
      throw outOfRange(wanted, b, off, len);
    }
  }

  /** Days since 1970, of {@code yyyy-mm-dd}. */
  static int date(byte[] b, int off, int len) throws BadRecord {
    if (len != 10 || b[off + 4] != '-' || b[off + 7] != '-') {
      throw bad("date", b, off, len);
    }
    int year = digits(b, off, 4);
    int month = digits(b, off + 5, 2);
    int day = digits(b, off + 8, 2);
    if (year < 0 || month < 1 || day < 1) {
      throw bad("date", b, off, len);
    }
    try {
      return (int) LocalDate.of(year, month, day).toEpochDay();
    } catch (DateTimeException e) {
      throw bad("date", b, off, len);
    }
  }

  /** That many digits as a number, or -1. */
  private static int digits(byte[] b, int off, int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
      int digit = b[off + i] - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value;
  }

  /**
   * Units since 1970, of {@code yyyy-mm-dd}, or that, a {@code T} or blank, and a time. A zone is
   * needed if {@code zoned}, and refused if not; a date alone is midnight, of UTC if zoned.
   */
  static long timestamp(String wanted, long unitsASecond, boolean zoned, byte[] b, int off, int len)
      throws BadRecord {
    if (len < 10) {
      throw bad(wanted, b, off, len);
    }
    long days = date(b, off, 10);
    if (len == 10) {
      return multiplied(wanted, days * SECONDS_A_DAY, 0, unitsASecond, b, off, len);
    }
    if (b[off + 10] != 'T' && b[off + 10] != ' ') {
      throw bad(wanted, b, off, len);
    }
    int zone = zone(b, off + 11, off + len);
    int timeEnd = zone < 0 ? off + len : zone;
    if (zoned != zone >= 0) {
      throw bad(wanted, b, off, len);
    }
    long nanos = nanos(wanted, b, off + 11, timeEnd - off - 11);
    long offset = zone < 0 ? 0 : zoneSeconds(wanted, b, zone, off + len);
    long seconds = days * SECONDS_A_DAY + nanos / 1_000_000_000 - offset;
    return multiplied(wanted, seconds, nanos % 1_000_000_000, unitsASecond, b, off, len);
  }

  private static long multiplied(
      String wanted, long seconds, long nanos, long unitsASecond, byte[] b, int off, int len)
      throws BadRecord {
    long nanosAUnit = 1_000_000_000 / unitsASecond;
    if (nanos % nanosAUnit != 0) {
      throw outOfRange(wanted, b, off, len);
    }
    try {
      return Math.addExact(Math.multiplyExact(seconds, unitsASecond), nanos / nanosAUnit);
    } catch (ArithmeticException e) {
      throw outOfRange(wanted, b, off, len);
    }
  }

  /** Units since midnight, of {@code hh:mm}, {@code hh:mm:ss} or that with a fraction. */
  static long time(String wanted, long unitsASecond, byte[] b, int off, int len) throws BadRecord {
    long nanos = nanos(wanted, b, off, len);
    return multiplied(
        wanted, nanos / 1_000_000_000, nanos % 1_000_000_000, unitsASecond, b, off, len);
  }

  private static long nanos(String wanted, byte[] b, int off, int len) throws BadRecord {
    if (len < 5 || b[off + 2] != ':' || len > 5 && (len < 8 || b[off + 5] != ':')) {
      throw bad(wanted, b, off, len);
    }
    int hour = digits(b, off, 2);
    int minute = digits(b, off + 3, 2);
    int second = len > 5 ? digits(b, off + 6, 2) : 0;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
      throw bad(wanted, b, off, len);
    }
    long fraction = 0;
    if (len > 8) {
      int count = len - 9;
      fraction = count < 1 || count > 9 || b[off + 8] != '.' ? -1 : digits(b, off + 9, count);
      if (fraction < 0) {
        throw bad(wanted, b, off, len);
      }
      for (int i = count; i < 9; i++) {
        fraction *= 10;
      }
    }
    return (hour * 3_600L + minute * 60L + second) * 1_000_000_000 + fraction;
  }

  /** Where a zone begins, or -1. */
  private static int zone(byte[] b, int from, int to) {
    for (int at = from; at < to; at++) {
      if (b[at] == 'Z' || b[at] == '+' || b[at] == '-') {
        return at;
      }
    }
    return -1;
  }

  /** Seconds of {@code Z} or {@code +hh:mm}. */
  private static long zoneSeconds(String wanted, byte[] b, int from, int to) throws BadRecord {
    if (b[from] == 'Z' && to - from == 1) {
      return 0;
    }
    if (b[from] != 'Z' && to - from == 6 && b[from + 3] == ':') {
      int hours = digits(b, from + 1, 2);
      int minutes = digits(b, from + 4, 2);
      if (hours >= 0 && hours <= 18 && minutes >= 0 && minutes <= 59) {
        long seconds = hours * 3_600L + minutes * 60L;
        return b[from] == '-' ? -seconds : seconds;
      }
    }
    throw bad(wanted, b, from, to - from);
  }
}

package io.quire.formats;

import java.util.EnumSet;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;

/**
 * The narrowest type that all values of a column seen so far have. What would lose something is not
 * offered: whole numbers with leading zeros, or of more digits than a long has, are no doubles.
 */
final class Guess {
  /** From the narrowest on. */
  private enum Kind {
    BOOL,
    LONG,
    DECIMAL,
    DOUBLE,
    DATE,
    TIMESTAMP,
    INSTANT,
    STRING
  }

  private final boolean decimals;
  private EnumSet<Kind> kinds = EnumSet.allOf(Kind.class);
  private boolean nulls;
  private boolean values;
  private int digitsBefore;
  private int digitsBehind;

  Guess(boolean decimals) {
    this.decimals = decimals;
  }

  void seeNull() {
    nulls = true;
  }

  /** Sees a value that is text and nothing else. */
  void seeString() {
    values = true;
    kinds = EnumSet.of(Kind.STRING);
  }

  /** Sees text that may stand for any value. */
  void see(byte[] b, int off, int len) {
    EnumSet<Kind> found = times(b, off, len);
    found.addAll(numbers(b, off, len));
    if (Values.is("true", b, off, len) || Values.is("false", b, off, len)) {
      found.add(Kind.BOOL);
    }
    keep(found);
  }

  void seeNumber(byte[] b, int off, int len) {
    keep(numbers(b, off, len));
  }

  void seeTruth() {
    keep(EnumSet.of(Kind.BOOL));
  }

  /** Sees text that may stand for a time, and for nothing else. */
  void seeText(byte[] b, int off, int len) {
    keep(times(b, off, len));
  }

  private void keep(EnumSet<Kind> found) {
    values = true;
    found.add(Kind.STRING);
    kinds.retainAll(found);
  }

  private EnumSet<Kind> numbers(byte[] b, int off, int len) {
    EnumSet<Kind> found = EnumSet.noneOf(Kind.class);
    if (!Values.isReal(b, off, len)) {
      return found;
    }
    int begin = b[off] == '-' ? 1 : 0;
    int before = 0;
    int behind = 0;
    boolean point = false;
    boolean plain = b[off] != '+';
    for (int i = begin; i < len; i++) {
      byte c = b[off + i];
      if (c == '.') {
        point = true;
      } else if (c < '0' || c > '9') {
        plain = false;
      } else if (point) {
        behind++;
      } else {
        before++;
      }
    }
    if (!plain) {
      found.add(Kind.DOUBLE);
      return found;
    }
    boolean leadingZero = before > 1 && b[off + begin] == '0';
    if (leadingZero) {
      return found;
    }
    if (point || before <= 18 || isLong(b, off, len)) {
      found.add(Kind.DOUBLE);
      if (!point) {
        found.add(Kind.LONG);
      }
    }
    digitsBefore = Math.max(digitsBefore, before);
    digitsBehind = Math.max(digitsBehind, behind);
    found.add(Kind.DECIMAL);
    return found;
  }

  private static boolean isLong(byte[] b, int off, int len) {
    try {
      Values.integer("long", Long.MIN_VALUE, Long.MAX_VALUE, b, off, len);
      return true;
    } catch (BadRecord e) {
      return false;
    }
  }

  private static EnumSet<Kind> times(byte[] b, int off, int len) {
    EnumSet<Kind> found = EnumSet.noneOf(Kind.class);
    if (len < 10 || b[off + 4] != '-') {
      return found;
    }
    try {
      Values.timestamp("timestamp", 1_000_000, false, b, off, len);
      found.add(Kind.TIMESTAMP);
      if (len == 10) {
        found.add(Kind.DATE);
      }
    } catch (BadRecord e) {
      try {
        Values.timestamp("instant", 1_000_000, true, b, off, len);
        found.add(Kind.INSTANT);
      } catch (BadRecord none) {
        return found;
      }
    }
    return found;
  }

  /** The column, as far as is known. */
  Field field(String name, boolean allSeen) {
    return SchemaText.field(name, values ? type() : new ArrowType.Utf8(), nulls || !allSeen);
  }

  private ArrowType type() {
    boolean wide = digitsBefore + digitsBehind > SchemaText.DIGITS_MAX;
    for (Kind kind : kinds) {
      boolean offered =
          switch (kind) {
            case BOOL, LONG, DOUBLE, DATE, TIMESTAMP, INSTANT, STRING -> true;
            // Without the wish for them they are only for whole numbers that no other type holds.
            case DECIMAL ->
                !wide && (decimals || digitsBehind == 0 && !kinds.contains(Kind.DOUBLE));
          };
      if (offered) {
        return type(kind);
      }
    }
    return new ArrowType.Utf8();
  }

  private ArrowType type(Kind kind) {
    return switch (kind) {
      case BOOL -> new ArrowType.Bool();
      case LONG -> new ArrowType.Int(64, true);
      case DECIMAL ->
          SchemaText.decimal(
              decimals && digitsBefore + digitsBehind <= 18 ? 18 : SchemaText.DIGITS_MAX,
              digitsBehind);
      case DOUBLE -> new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
      case DATE -> new ArrowType.Date(DateUnit.DAY);
      case TIMESTAMP -> SchemaText.timestamp(TimeUnit.MICROSECOND);
      case INSTANT -> SchemaText.instant(TimeUnit.MICROSECOND);
      case STRING -> new ArrowType.Utf8();
    };
  }
}

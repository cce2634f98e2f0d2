package io.quire.formats;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Schemas as people write them: {@code id:long, price:decimal(15,2), day:date, name:string?}.
 *
 * <p>A question mark says that a column may be null. The types are {@code bool}, {@code byte},
 * {@code short}, {@code int}, {@code long}, {@code float}, {@code double}, {@code
 * decimal(digits,scale)} of up to 38 digits, {@code date}, {@code time}, {@code timestamp} without
 * a time zone, {@code instant}, which is one in UTC, {@code string} and {@code binary}. The three
 * of time count microseconds, or the unit behind them: {@code timestamp(ns)}; also {@code s} and
 * {@code ms}. A name that is not of letters, digits and underscores stands in double quotes, with a
 * quote within it written twice. No two columns have one name.
 */
public final class SchemaText {
  static final int COLUMNS_MAX = 10_000;
  static final int DIGITS_MAX = 38;

  private static final int DECIMAL_BITS = 128;
  private static final String UTC = "UTC";

  private final String text;
  private int at;

  private SchemaText(String text) {
    this.text = text;
  }

  /**
   * Reads a schema.
   *
   * @throws FormatsException.BadSchema if it is none; says where
   */
  public static Schema parse(String text) {
    return new SchemaText(text).schema();
  }

  /**
   * Writes a schema so that {@link #parse} gives it again.
   *
   * @throws FormatsException.Unsupported if it has a type that has no name here
   */
  public static String print(Schema schema) {
    return schema.getFields().stream()
        .map(
            field ->
                name(field.getName())
                    + ":"
                    + type(field.getName(), field.getType())
                    + (field.isNullable() ? "?" : ""))
        .collect(Collectors.joining(", "));
  }

  /**
   * A schema with some of its columns replaced, by name.
   *
   * @throws FormatsException.BadSchema if a column of the replacements is not in the schema
   */
  public static Schema override(Schema schema, Schema replacements) {
    Map<String, Field> fields = new LinkedHashMap<>();
    schema.getFields().forEach(field -> fields.put(field.getName(), field));
    for (Field field : replacements.getFields()) {
      if (fields.replace(field.getName(), field) == null) {
        throw new FormatsException.BadSchema(
            "no such column: found=" + field.getName() + " known=" + fields.keySet());
      }
    }
    return new Schema(List.copyOf(fields.values()));
  }

  static Field field(String name, ArrowType type, boolean nullable) {
    return new Field(name, new FieldType(nullable, type, null), null);
  }

  static ArrowType decimal(int digits, int scale) {
    return new ArrowType.Decimal(digits, scale, DECIMAL_BITS);
  }

  static ArrowType timestamp(TimeUnit unit) {
    return new ArrowType.Timestamp(unit, null);
  }

  static ArrowType instant(TimeUnit unit) {
    return new ArrowType.Timestamp(unit, UTC);
  }

  static ArrowType time(TimeUnit unit) {
    int bits = unit == TimeUnit.SECOND || unit == TimeUnit.MILLISECOND ? 32 : 64;
    return new ArrowType.Time(unit, bits);
  }

  private Schema schema() {
    List<Field> fields = new ArrayList<>();
    Set<String> names = new HashSet<>();
    do {
      Field field = column();
      if (!names.add(field.getName())) {
        throw bad("column twice: name=" + field.getName());
      }
      if (fields.size() == COLUMNS_MAX) {
        throw bad("too many columns: max=" + COLUMNS_MAX);
      }
      fields.add(field);
    } while (accept(','));
    if (at < text.length()) {
      throw bad("wanted=, or the end");
    }
    return new Schema(fields);
  }

  private Field column() {
    skipBlanks();
    String name = at < text.length() && text.charAt(at) == '"' ? quoted() : word("a name");
    want(':');
    skipBlanks();
    ArrowType type = type();
    return field(name, type, accept('?'));
  }

  private ArrowType type() {
    int begin = at;
    String word = word("a type");
    return switch (word) {
      case "bool" -> new ArrowType.Bool();
      case "byte" -> new ArrowType.Int(8, true);
      case "short" -> new ArrowType.Int(16, true);
      case "int" -> new ArrowType.Int(32, true);
      case "long" -> new ArrowType.Int(64, true);
      case "float" -> new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
      case "double" -> new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
      case "decimal" -> decimal();
      case "date" -> new ArrowType.Date(DateUnit.DAY);
      case "time" -> time(unit());
      case "timestamp" -> timestamp(unit());
      case "instant" -> instant(unit());
      case "string" -> new ArrowType.Utf8();
      case "binary" -> new ArrowType.Binary();
      default -> {
        at = begin;
        throw bad("no such type: found=" + word);
      }
    };
  }

  private ArrowType decimal() {
    want('(');
    int begin = at;
    int digits = number();
    want(',');
    int scale = number();
    want(')');
    if (digits < 1 || digits > DIGITS_MAX || scale > digits) {
      at = begin;
      throw bad("not a decimal: digits=%d scale=%d digitsMax=38".formatted(digits, scale));
    }
    return decimal(digits, scale);
  }

  private TimeUnit unit() {
    if (!accept('(')) {
      return TimeUnit.MICROSECOND;
    }
    skipBlanks();
    int begin = at;
    String word = word("a unit");
    want(')');
    return switch (word) {
      case "s" -> TimeUnit.SECOND;
      case "ms" -> TimeUnit.MILLISECOND;
      case "us" -> TimeUnit.MICROSECOND;
      case "ns" -> TimeUnit.NANOSECOND;
      default -> {
        at = begin;
        throw bad("no such unit: found=" + word + " known=s,ms,us,ns");
      }
    };
  }

  private int number() {
    skipBlanks();
    String word = word("a number");
    if (word.length() > 2 || !word.chars().allMatch(c -> c >= '0' && c <= '9')) {
      at -= word.length();
      throw bad("not a number of one or two digits: found=" + word);
    }
    return Integer.parseInt(word);
  }

  private String quoted() {
    StringBuilder name = new StringBuilder();
    int begin = at;
    at++;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c != '"') {
        name.append(c);
      } else if (at < text.length() && text.charAt(at) == '"') {
        name.append(c);
        at++;
      } else if (name.isEmpty()) {
        at = begin;
        throw bad("an empty name");
      } else {
        return name.toString();
      }
    }
    at = begin;
    throw bad("quote not closed");
  }

  private String word(String what) {
    int begin = at;
    while (at < text.length() && isWord(text.charAt(at))) {
      at++;
    }
    if (at == begin) {
      throw bad("wanted=" + what);
    }
    return text.substring(begin, at);
  }

  private static boolean isWord(char c) {
    return Character.isLetterOrDigit(c) || c == '_';
  }

  private void want(char c) {
    if (!accept(c)) {
      throw bad("wanted=" + c);
    }
  }

  /** Whether that character comes next, which is then passed with the blanks around it. */
  private boolean accept(char c) {
    skipBlanks();
    if (at < text.length() && text.charAt(at) == c) {
      at++;
      skipBlanks();
      return true;
    }
    return false;
  }

  private void skipBlanks() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  private FormatsException.BadSchema bad(String what) {
    String rest = text.substring(Math.min(at, text.length()));
    return new FormatsException.BadSchema(
        "not a schema: %s at=%d rest=[%s]"
            .formatted(what, at, rest.length() > 40 ? rest.substring(0, 40) + "..." : rest));
  }

  private static String name(String name) {
    return !name.isEmpty() && name.chars().allMatch(c -> isWord((char) c))
        ? name
        : '"' + name.replace("\"", "\"\"") + '"';
  }

  /** The name of a type. */
  static String type(String column, ArrowType type) {
    String name =
        switch (type) {
          case ArrowType.Bool _ -> "bool";
          case ArrowType.Int t when t.getIsSigned() ->
              switch (t.getBitWidth()) {
                case 8 -> "byte";
                case 16 -> "short";
                case 32 -> "int";
                default -> "long";
              };
          case ArrowType.FloatingPoint t when t.getPrecision() == FloatingPointPrecision.SINGLE ->
              "float";
          case ArrowType.FloatingPoint t when t.getPrecision() == FloatingPointPrecision.DOUBLE ->
              "double";
          case ArrowType.Decimal t when t.getBitWidth() == DECIMAL_BITS ->
              "decimal(" + t.getPrecision() + "," + t.getScale() + ")";
          case ArrowType.Date t when t.getUnit() == DateUnit.DAY -> "date";
          case ArrowType.Time t -> "time" + unit(t.getUnit());
          case ArrowType.Timestamp t when t.getTimezone() == null ->
              "timestamp" + unit(t.getUnit());
          case ArrowType.Timestamp t when t.getTimezone().equals(UTC) ->
              "instant" + unit(t.getUnit());
          case ArrowType.Utf8 _ -> "string";
          case ArrowType.Binary _ -> "binary";
          default -> "";
        };
    if (name.isEmpty()) {
      throw new FormatsException.Unsupported(
          "type of a column: column=" + column + " type=" + type);
    }
    return name;
  }

  private static String unit(TimeUnit unit) {
    return switch (unit) {
      case SECOND -> "(s)";
      case MILLISECOND -> "(ms)";
      case MICROSECOND -> "";
      case NANOSECOND -> "(ns)";
    };
  }
}

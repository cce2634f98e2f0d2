package io.quire.columns;

import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;

/**
 * Which buffers a field has behind its validity bitmap.
 *
 * @param width bytes of a value if FIXED, values of a list if FIXED_LIST, else 0
 */
record Shape(Kind kind, int width) {
  enum Kind {
    /** A bit for each row. */
    BITS,
    /** So many bytes for each row. */
    FIXED,
    /** Offsets of 32 bits, and bytes. */
    BYTES,
    /** Offsets of 64 bits, and bytes. */
    LARGE_BYTES,
    /** Offsets of 32 bits, and one child. */
    LIST,
    /** One child, with so many values for each row. */
    FIXED_LIST,
    /** Children with as many rows. */
    STRUCT
  }

  private static final int FIXED_WIDTH_MAX = 1 << 20;
  private static final int DECIMAL_DIGITS_MAX = 38;

  /**
   * The shape of a field's own buffers, without its children.
   *
   * @throws IllegalArgumentException if it is none of those that a block may have
   */
  static Shape of(Field field) {
    if (field.getDictionary() != null) {
      throw new IllegalArgumentException("dictionaries are not supported: field=" + field);
    }
    return switch (field.getType()) {
      case ArrowType.Bool _ -> new Shape(Kind.BITS, 0);
      case ArrowType.Int type when isPowerOfTwo(type.getBitWidth(), 8, 64) ->
          fixed(type.getBitWidth() / 8);
      case ArrowType.FloatingPoint type when type.getPrecision() == FloatingPointPrecision.SINGLE ->
          fixed(4);
      case ArrowType.FloatingPoint type when type.getPrecision() == FloatingPointPrecision.DOUBLE ->
          fixed(8);
      case ArrowType.Decimal type when isDecimal(type) -> fixed(16);
      case ArrowType.Date type ->
          switch (type.getUnit()) {
            case DAY -> fixed(4);
            case MILLISECOND -> fixed(8);
          };
      case ArrowType.Time type when type.getBitWidth() == timeBits(type.getUnit()) ->
          fixed(type.getBitWidth() / 8);
      case ArrowType.Timestamp _, ArrowType.Duration _ -> fixed(8);
      case ArrowType.FixedSizeBinary type
          when type.getByteWidth() >= 1 && type.getByteWidth() <= FIXED_WIDTH_MAX ->
          fixed(type.getByteWidth());
      case ArrowType.Utf8 _, ArrowType.Binary _ -> new Shape(Kind.BYTES, 0);
      case ArrowType.LargeUtf8 _, ArrowType.LargeBinary _ -> new Shape(Kind.LARGE_BYTES, 0);
      case ArrowType.List _ when children(field) == 1 -> new Shape(Kind.LIST, 0);
      case ArrowType.Map _ when isMap(field) -> new Shape(Kind.LIST, 0);
      case ArrowType.FixedSizeList type
          when children(field) == 1
              && type.getListSize() >= 1
              && type.getListSize() <= FIXED_WIDTH_MAX ->
          new Shape(Kind.FIXED_LIST, type.getListSize());
      case ArrowType.Struct _ -> new Shape(Kind.STRUCT, 0);
      default -> throw new IllegalArgumentException("type is not supported: field=" + field);
    };
  }

  private static Shape fixed(int width) {
    return new Shape(Kind.FIXED, width);
  }

  private static int children(Field field) {
    return field.getChildren().size();
  }

  private static boolean isPowerOfTwo(int bits, int least, int most) {
    return bits >= least && bits <= most && Integer.bitCount(bits) == 1;
  }

  private static boolean isDecimal(ArrowType.Decimal type) {
    return type.getBitWidth() == 128
        && type.getPrecision() >= 1
        && type.getPrecision() <= DECIMAL_DIGITS_MAX
        && Math.abs(type.getScale()) <= DECIMAL_DIGITS_MAX;
  }

  private static int timeBits(TimeUnit unit) {
    return switch (unit) {
      case SECOND, MILLISECOND -> 32;
      case MICROSECOND, NANOSECOND -> 64;
    };
  }

  /** Arrow's own loader does not look whether the child of a map is a pair. */
  private static boolean isMap(Field field) {
    return children(field) == 1
        && field.getChildren().get(0).getType() instanceof ArrowType.Struct
        && children(field.getChildren().get(0)) == 2;
  }
}

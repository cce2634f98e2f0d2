package io.quire.columns;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.UInt2Vector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.types.pojo.ArrowType;

/** Values by Arrow's own accessors, and their order by the JDK's, one row at a time. */
final class Model {
  private Model() {}

  static Optional<Value> value(FieldVector vector, int row) {
    if (vector.isNull(row)) {
      return Optional.empty();
    }
    Object object = vector.getObject(row);
    return Optional.of(
        switch (vector) {
          case BitVector v -> Value.of(v.get(row) == 1);
          case Float4Vector v -> Value.of((double) v.get(row));
          case Float8Vector v -> Value.of(v.get(row));
          case DecimalVector _ -> Value.of((BigDecimal) object);
          case UInt2Vector v -> Value.of((long) v.get(row));
          case UInt8Vector v ->
              Value.of(new BigDecimal(new BigInteger(Long.toUnsignedString(v.get(row)))));
          default -> other(vector, object, row);
        });
  }

  private static Value other(FieldVector vector, Object object, int row) {
    if (object instanceof byte[] bytes) {
      return Value.of(bytes);
    }
    if (object instanceof org.apache.arrow.vector.util.Text text) {
      return Value.of(text.toString().getBytes(StandardCharsets.UTF_8));
    }
    BaseFixedWidthVector fixed = (BaseFixedWidthVector) vector;
    boolean signed = !(vector.getField().getType() instanceof ArrowType.Int t) || t.getIsSigned();
    return Value.of(
        switch (fixed.getTypeWidth()) {
          case 1 ->
              signed
                  ? fixed.getDataBuffer().getByte(row)
                  : fixed.getDataBuffer().getByte(row) & 0xff;
          case 2 -> fixed.getDataBuffer().getShort(2L * row);
          case 4 ->
              signed
                  ? fixed.getDataBuffer().getInt(4L * row)
                  : Integer.toUnsignedLong(fixed.getDataBuffer().getInt(4L * row));
          default -> fixed.getDataBuffer().getLong(8L * row);
        });
  }

  /** The order of two values of columns of like types. */
  static int compare(Value a, Value b) {
    return switch (a) {
      case Value.Bool x -> Boolean.compare(x.value(), ((Value.Bool) b).value());
      case Value.Whole x -> number(x).compareTo(number(b));
      case Value.Exact x -> number(x).compareTo(number(b));
      // By addition -0.0 becomes 0.0, and the JDK has NaN last.
      case Value.Real x ->
          Double.compare(
              x.value() + 0.0,
              (b instanceof Value.Real y ? y.value() : number(b).doubleValue()) + 0.0);
      case Value.Bytes x -> compare(x.value(), ((Value.Bytes) b).value());
    };
  }

  private static BigDecimal number(Value value) {
    return value instanceof Value.Exact exact
        ? exact.value()
        : BigDecimal.valueOf(((Value.Whole) value).value());
  }

  private static int compare(byte[] a, byte[] b) {
    for (int i = 0; i < a.length && i < b.length; i++) {
      if (a[i] != b[i]) {
        return (a[i] & 0xff) - (b[i] & 0xff);
      }
    }
    return a.length - b.length;
  }
}

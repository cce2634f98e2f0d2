package io.quire.columns;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.columns.Value.Bool;
import io.quire.columns.Value.Bytes;
import io.quire.columns.Value.Exact;
import io.quire.columns.Value.Real;
import io.quire.columns.Value.Whole;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;

/**
 * Values as bytes. A value begins with a byte: its kind in the lower three bits, and in the upper
 * five a length or, of a truth value, the value.
 *
 * <pre>
 *   0 none
 *   1 bool
 *   2 whole    that many bytes, big-endian, as few as possible
 *   3 exact    scale (1 byte), then as whole
 *   4 real     8 bytes
 *   5 bytes    length (2 bytes), bytes
 * </pre>
 */
final class ValueCodec {
  private static final int NONE = 0;
  private static final int BOOL = 1;
  private static final int WHOLE = 2;
  private static final int EXACT = 3;
  private static final int REAL = 4;
  private static final int BYTES = 5;

  private ValueCodec() {}

  static void writeOptional(WireWriter out, Optional<Value> value) {
    if (value.isPresent()) {
      write(out, value.get());
    } else {
      out.int8(NONE);
    }
  }

  static void write(WireWriter out, Value value) {
    switch (value) {
      case Bool bool -> out.int8(BOOL | (bool.value() ? 8 : 0));
      case Whole whole -> {
        byte[] bytes = BigInteger.valueOf(whole.value()).toByteArray();
        out.int8(WHOLE | bytes.length << 3).raw(bytes);
      }
      case Exact exact -> {
        byte[] bytes = exact.value().unscaledValue().toByteArray();
        out.int8(EXACT | bytes.length << 3).int8(exact.value().scale()).raw(bytes);
      }
      case Real real -> out.int8(REAL).int64(Double.doubleToLongBits(real.value()));
      case Bytes bytes -> out.int8(BYTES).uint16(bytes.value().length).raw(bytes.value());
    }
  }

  static Value read(WireReader in) {
    return readOptional(in).orElseThrow(() -> new MalformedException("no value where one must be"));
  }

  static Optional<Value> readOptional(WireReader in) {
    int head = in.int8() & 0xff;
    int length = head >>> 3;
    int kind = head & 7;
    if (length < least(kind) || length > most(kind)) {
      throw new MalformedException("not a value: found=" + head);
    }
    return switch (kind) {
      case NONE -> Optional.empty();
      case BOOL -> Optional.of(new Bool(length == 1));
      case WHOLE -> Optional.of(new Whole(integer(in, length).longValueExact()));
      case EXACT -> {
        int scale = in.int8();
        yield Optional.of(new Exact(new BigDecimal(integer(in, length), scale)));
      }
      case REAL -> Optional.of(new Real(Double.longBitsToDouble(in.int64())));
      default -> Optional.of(new Bytes(in.raw(in.uint16())));
    };
  }

  private static int least(int kind) {
    return kind == WHOLE || kind == EXACT ? 1 : 0;
  }

  private static int most(int kind) {
    return switch (kind) {
      case NONE, REAL, BYTES -> 0;
      case BOOL -> 1;
      case WHOLE -> Long.BYTES;
      case EXACT -> 31;
      default -> -1;
    };
  }

  /** A value that must be whole. */
  static long whole(WireReader in) {
    if (read(in) instanceof Whole whole) {
      return whole.value();
    }
    throw new MalformedException("not a whole number");
  }

  private static BigInteger integer(WireReader in, int length) {
    return new BigInteger(in.raw(length));
  }
}

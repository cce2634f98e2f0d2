package io.quire.columns;

import java.lang.foreign.MemorySegment;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/**
 * Reads a vector as keys of its domain. Numbers are read in runs, with a loop for each type, so
 * that what is done with them needs no loop for each type. Accesses stay within the vector's
 * buffers.
 */
final class Lane {
  /** How many keys are read at a time. */
  static final int RUN = 1024;

  private final @Nullable Domain domain;
  private final int rows;
  private final MemorySegment validity;
  private final MemorySegment data;
  private final MemorySegment offsets;
  private final boolean large;
  private final int width;
  private final boolean signed;

  Lane(FieldVector vector) {
    Field field = vector.getField();
    Shape shape = Shape.of(field);
    domain = Domain.of(field.getType());
    rows = vector.getValueCount();
    validity = Memory.of(vector.getValidityBuffer(), Memory.bitmapBytes(rows));
    boolean variable = shape.kind() == Shape.Kind.BYTES || shape.kind() == Shape.Kind.LARGE_BYTES;
    large = shape.kind() == Shape.Kind.LARGE_BYTES;
    width = shape.width();
    signed = !(field.getType() instanceof ArrowType.Int type) || type.getIsSigned();
    data =
        domain == null || rows == 0
            ? MemorySegment.NULL
            : Memory.of(vector.getDataBuffer(), vector.getDataBuffer().capacity());
    offsets =
        variable && rows > 0
            ? Memory.of(vector.getOffsetBuffer(), (rows + 1L) * (large ? 8 : 4))
            : MemorySegment.NULL;
  }

  /** Null if values do not compare. */
  @Nullable Domain domain() {
    return domain;
  }

  int rows() {
    return rows;
  }

  /** Sixty-four marks of what is not null. */
  long valid(int word) {
    return Memory.word(validity, word, rows);
  }

  boolean isValid(int row) {
    return (validity.get(Memory.BYTE, row >>> 3) >>> (row & 7) & 1) != 0;
  }

  long nulls() {
    return rows - Memory.count(validity, rows);
  }

  /** The keys of so many rows, also of those that are null. For keys that are a long. */
  void keys(int from, int count, long[] to) {
    if (domain == null) {
      throw new IllegalStateException("no keys");
    }
    switch (domain.kind()) {
      case BOOL -> {
        for (int i = 0; i < count; i++) {
          to[i] = data.get(Memory.BYTE, (from + i) >>> 3) >>> ((from + i) & 7) & 1;
        }
      }
      case WHOLE -> whole(from, count, to);
      case UNSIGNED -> {
        for (int i = 0; i < count; i++) {
          to[i] = data.get(Memory.LONG, 8L * (from + i)) ^ Long.MIN_VALUE;
        }
      }
      case REAL -> real(from, count, to);
      case DECIMAL, BYTES -> throw new IllegalStateException("no keys: domain=" + domain);
    }
  }

  private void whole(int from, int count, long[] to) {
    long mask = signed ? -1 : (1L << (width << 3)) - 1;
    switch (width) {
      case 1 -> {
        for (int i = 0; i < count; i++) {
          to[i] = data.get(Memory.BYTE, from + (long) i) & mask;
        }
      }
      case 2 -> {
        for (int i = 0; i < count; i++) {
          to[i] = data.get(Memory.SHORT, 2L * (from + i)) & mask;
        }
      }
      case 4 -> {
        for (int i = 0; i < count; i++) {
          to[i] = data.get(Memory.INT, 4L * (from + i)) & mask;
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          to[i] = data.get(Memory.LONG, 8L * (from + i));
        }
      }
    }
  }

  private void real(int from, int count, long[] to) {
    if (width == 4) {
      for (int i = 0; i < count; i++) {
        to[i] = ValueOrder.realKey(data.get(Memory.FLOAT, 4L * (from + i)));
      }
    } else {
      for (int i = 0; i < count; i++) {
        to[i] = ValueOrder.realKey(data.get(Memory.DOUBLE, 8L * (from + i)));
      }
    }
  }

  /** A float as it is, not as its key. */
  double real(int row) {
    return width == 4 ? data.get(Memory.FLOAT, 4L * row) : data.get(Memory.DOUBLE, 8L * row);
  }

  long high(int row) {
    return data.get(Memory.LONG, 16L * row + 8);
  }

  long low(int row) {
    return data.get(Memory.LONG, 16L * row);
  }

  /** The bytes of all rows; those of one row are from {@link #start} to {@link #end}. */
  MemorySegment bytes() {
    return data;
  }

  long start(int row) {
    if (width > 0) {
      return (long) row * width;
    }
    return large ? offsets.get(Memory.LONG, 8L * row) : offsets.get(Memory.INT, 4L * row);
  }

  long end(int row) {
    return width > 0 ? start(row) + width : start(row + 1);
  }

  /** At most so many of the first bytes of a row. */
  byte[] bytes(int row, int max) {
    long start = start(row);
    byte[] bytes = new byte[(int) Math.min(max, end(row) - start)];
    MemorySegment.copy(data, Memory.BYTE, start, bytes, 0, bytes.length);
    return bytes;
  }

  int compare(int row, MemorySegment other, long otherStart, long otherEnd) {
    long start = start(row);
    long length = end(row) - start;
    long otherLength = otherEnd - otherStart;
    long at = MemorySegment.mismatch(data, start, start + length, other, otherStart, otherEnd);
    if (at < 0 || at >= Math.min(length, otherLength)) {
      return Long.compare(length, otherLength);
    }
    return Integer.compare(
        data.get(Memory.BYTE, start + at) & 0xff, other.get(Memory.BYTE, otherStart + at) & 0xff);
  }

  int compare(int row, MemorySegment other) {
    return compare(row, other, 0, other.byteSize());
  }
}

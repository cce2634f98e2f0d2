package io.quire.columns;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.util.Optional;
import org.apache.arrow.vector.FieldVector;

/**
 * What is known of a column of a row group without reading it.
 *
 * <p>No value that is not null is below {@code min} or above {@code max}. Numbers and truth values
 * are exact. Of text and bytes at most 64 are kept: a minimum is cut there, and a maximum cut and
 * rounded up, so that bounds of 64 bytes, or a maximum that is longer than its values, need not be
 * values. NaN is the greatest float: it is the maximum if there is one, and the minimum if there is
 * nothing else; -0.0 is shown as 0.0. A bound is empty if there are only nulls, if the values do
 * not compare, or, of a maximum, if it begins with 64 bytes of 255.
 *
 * @param rows of the row group
 * @param nulls of them
 */
public record ColumnStats(long rows, long nulls, Optional<Value> min, Optional<Value> max) {
  /** How many bytes of text are kept. */
  public static final int BOUND_BYTES = 64;

  private static final int VERSION = 1;

  public ColumnStats {
    if (nulls < 0 || rows < nulls) {
      throw new IllegalArgumentException("not statistics: rows=" + rows + " nulls=" + nulls);
    }
    if (min.isPresent() && max.isPresent()) {
      Value low = min.get();
      Value high = max.get();
      if (low.getClass() != high.getClass() || ValueOrder.compare(low, high) > 0) {
        throw new IllegalArgumentException("not a range: min=" + low + " max=" + high);
      }
    }
  }

  /**
   * The statistics of a vector, whose value count is set.
   *
   * @throws IllegalArgumentException if it is of a type that a block cannot have
   */
  public static ColumnStats of(FieldVector vector) {
    Lane lane = new Lane(vector);
    long nulls = lane.nulls();
    Domain domain = lane.domain();
    if (domain == null || nulls == lane.rows()) {
      return new ColumnStats(lane.rows(), nulls, Optional.empty(), Optional.empty());
    }
    return switch (domain.keys()) {
      case LONG -> ofLongs(lane, domain, nulls);
      case PAIR -> ofPairs(lane, domain, nulls);
      case BYTES -> ofBytes(lane, nulls);
    };
  }

  private static ColumnStats ofLongs(Lane lane, Domain domain, long nulls) {
    long min = Long.MAX_VALUE;
    long max = Long.MIN_VALUE;
    long[] keys = new long[64];
    for (int from = 0; from < lane.rows(); from += 64) {
      int count = Math.min(64, lane.rows() - from);
      long valid = lane.valid(from >>> 6);
      lane.keys(from, count, keys);
      if (valid == -1) {
        for (long key : keys) {
          min = Math.min(min, key);
          max = Math.max(max, key);
        }
      } else {
        for (; valid != 0; valid &= valid - 1) {
          long key = keys[Long.numberOfTrailingZeros(valid)];
          min = Math.min(min, key);
          max = Math.max(max, key);
        }
      }
    }
    return new ColumnStats(
        lane.rows(), nulls, Optional.of(domain.value(min)), Optional.of(domain.value(max)));
  }

  private static ColumnStats ofPairs(Lane lane, Domain domain, long nulls) {
    int min = -1;
    int max = -1;
    for (int row = 0; row < lane.rows(); row++) {
      if (lane.isValid(row)) {
        min = min < 0 || Pairs.compare(lane, row, lane.high(min), lane.low(min)) < 0 ? row : min;
        max = max < 0 || Pairs.compare(lane, row, lane.high(max), lane.low(max)) > 0 ? row : max;
      }
    }
    return new ColumnStats(
        lane.rows(),
        nulls,
        Optional.of(domain.value(lane.high(min), lane.low(min))),
        Optional.of(domain.value(lane.high(max), lane.low(max))));
  }

  private static ColumnStats ofBytes(Lane lane, long nulls) {
    int min = -1;
    int max = -1;
    for (int row = 0; row < lane.rows(); row++) {
      if (lane.isValid(row)) {
        min = min < 0 || compare(lane, row, min) < 0 ? row : min;
        max = max < 0 || compare(lane, row, max) > 0 ? row : max;
      }
    }
    byte[] high = lane.bytes(max, BOUND_BYTES);
    boolean whole = lane.end(max) - lane.start(max) == high.length;
    return new ColumnStats(
        lane.rows(),
        nulls,
        Optional.of(new Value.Bytes(lane.bytes(min, BOUND_BYTES))),
        Optional.ofNullable(whole ? high : ValueOrder.after(high)).map(Value.Bytes::new));
  }

  private static int compare(Lane lane, int row, int other) {
    return lane.compare(row, lane.bytes(), lane.start(other), lane.end(other));
  }

  /** For descriptors: at most 153 bytes, in the form of docs/formats/column-block.md. */
  public byte[] toBytes() {
    WireWriter out = new WireWriter(32).int8(VERSION);
    ValueCodec.write(out, new Value.Whole(rows));
    ValueCodec.write(out, new Value.Whole(nulls));
    ValueCodec.writeOptional(out, min);
    ValueCodec.writeOptional(out, max);
    return out.toBytes();
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws MalformedException if the bytes are something else
   */
  public static ColumnStats read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int version = in.int8();
    if (version != VERSION) {
      throw new MalformedException("unknown version of statistics: found=" + version);
    }
    try {
      long rows = ValueCodec.whole(in);
      long nulls = ValueCodec.whole(in);
      ColumnStats stats =
          new ColumnStats(rows, nulls, ValueCodec.readOptional(in), ValueCodec.readOptional(in));
      in.end();
      return stats;
    } catch (IllegalArgumentException e) {
      throw new MalformedException(String.valueOf(e.getMessage()));
    }
  }
}

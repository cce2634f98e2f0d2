package io.quire.gvm;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import org.jspecify.annotations.Nullable;

/**
 * How much the cells may hold. The limits are a cell themselves, {@value #KEY}, so that they change
 * by transactions and every node decides by the same ones: a transaction that exceeds them is
 * refused when it is prepared, by what the members have applied then, and rejected where it stands
 * in the log, whatever the members said. If limits are lowered below what there is, what does not
 * make it more still passes.
 *
 * @param valueBytes of one value, at most {@value Transaction#VALUE_BYTES_MAX}
 * @param keyBytes of one key, at most {@value Transaction#KEY_BYTES_MAX}
 * @param keys that one transaction may write, at most {@value Transaction#PARTS_MAX}
 * @param cells that have a value
 * @param bytes of all values, and characters of their keys
 */
public record Limits(int valueBytes, int keyBytes, int keys, long cells, long bytes) {
  /** The cell that holds them. */
  public static final String KEY = "q/limits";

  /** As long as nobody set any. */
  public static final Limits DEFAULT =
      new Limits(
          Transaction.VALUE_BYTES_MAX,
          Transaction.KEY_BYTES_MAX,
          Transaction.PARTS_MAX,
          20_000_000,
          64L << 30);

  public Limits {
    check("valueBytes", valueBytes, Transaction.VALUE_BYTES_MAX);
    check("keyBytes", keyBytes, Transaction.KEY_BYTES_MAX);
    check("keys", keys, Transaction.PARTS_MAX);
    check("cells", cells, Long.MAX_VALUE);
    check("bytes", bytes, Long.MAX_VALUE);
  }

  private static void check(String what, long value, long max) {
    if (value < 1 || value > max) {
      throw new IllegalArgumentException(
          "limit out of range: " + what + "=" + value + " allowed=1.." + max);
    }
  }

  /**
   * A limit that a transaction would exceed.
   *
   * @param limit its name
   * @param found what it would come to
   */
  public record Exceeded(String limit, long found, long max) {
    private static final int CODE = -1;

    byte[] toBytes() {
      return new WireWriter(48).int32(CODE).string(limit).int64(found).int64(max).toBytes();
    }

    static @Nullable Exceeded read(byte[] result) {
      WireReader in = new WireReader(result);
      return in.int32() == CODE ? new Exceeded(in.string(), in.int64(), in.int64()) : null;
    }

    /** The limit, what was found and what is allowed, for messages. */
    public String text() {
      return "limit exceeded: limit=" + limit + " found=" + found + " max=" + max;
    }
  }

  byte[] toBytes() {
    return new WireWriter(28)
        .int32(valueBytes)
        .int32(keyBytes)
        .int32(keys)
        .int64(cells)
        .int64(bytes)
        .toBytes();
  }

  /** Null if the bytes are no limits. */
  static @Nullable Limits read(byte[] bytes) {
    try {
      WireReader in = new WireReader(bytes);
      Limits limits = new Limits(in.int32(), in.int32(), in.int32(), in.int64(), in.int64());
      in.end();
      return limits;
    } catch (WireReader.MalformedException | IllegalArgumentException e) {
      return null;
    }
  }

  /** What the writes exceed by themselves. */
  @Nullable Exceeded exceededBy(Plan plan) {
    if (plan.writes() > keys) {
      return new Exceeded("keys", plan.writes(), keys);
    }
    for (int write = 0; write < plan.writes(); write++) {
      Key key = plan.key(write);
      byte[] value = plan.value(write);
      if (key.bytes() > keyBytes) {
        return new Exceeded("keyBytes", key.bytes(), keyBytes);
      }
      if (value != null && value.length > valueBytes) {
        return new Exceeded("valueBytes", value.length, valueBytes);
      }
      if (value != null && key.text().equals(KEY) && read(value) == null) {
        return new Exceeded("limits", value.length, 28);
      }
    }
    return null;
  }
}

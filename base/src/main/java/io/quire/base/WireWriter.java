package io.quire.base;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes the fixed binary layouts of messages, entries and snapshots: little-endian numbers,
 * strings and byte arrays behind their length (32 bits). Grows as needed. Confined to one thread.
 */
public final class WireWriter {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int DRAIN_BYTES = 1 << 16;

  private final @Nullable Drain drain;
  private byte[] bytes;
  private int length;

  /** Whether the array was given away, so that it must stay as it is. */
  private boolean given;

  /** Takes what was written, piece by piece. */
  @FunctionalInterface
  public interface Drain {
    /** Takes the first so many bytes of an array that is written over afterwards. */
    void take(byte[] bytes, int length);
  }

  /** A writer for a short message. */
  public WireWriter() {
    this(128);
  }

  /** A writer that takes as many bytes as the hint without growing; it may take more. */
  public WireWriter(int sizeHint) {
    this(sizeHint, null);
  }

  private WireWriter(int sizeHint, @Nullable Drain drain) {
    this.drain = drain;
    bytes = new byte[Math.max(1, sizeHint)];
  }

  /**
   * A writer that keeps little: whenever some 64 KiB were written, they go to the drain. What it
   * has left goes there with {@link #drain}. It knows neither its length nor what was written
   * before.
   */
  public static WireWriter to(Drain drain) {
    return new WireWriter(DRAIN_BYTES, drain);
  }

  /** Hands what is left to the drain. */
  public void drain() {
    if (drain == null) {
      throw new IllegalStateException("a writer without a drain");
    }
    if (length > 0) {
      drain.take(bytes, length);
      length = 0;
    }
  }

  /** One byte: the lowest eight bits of the value, whatever the others are. */
  public WireWriter int8(int value) {
    int at = reserve(1);
    bytes[at] = (byte) value;
    return this;
  }

  /** One byte: 1 or 0. */
  public WireWriter bool(boolean value) {
    return int8(value ? 1 : 0);
  }

  /**
   * Two bytes.
   *
   * @param value 0 to 65,535; any other is an {@link IllegalArgumentException}
   */
  public WireWriter uint16(int value) {
    if (value < 0 || value > 0xffff) {
      throw new IllegalArgumentException("does not fit 16 bits: value=" + value);
    }
    int at = reserve(2);
    SHORT.set(bytes, at, (short) value);
    return this;
  }

  /** Four bytes. */
  public WireWriter int32(int value) {
    int at = reserve(4);
    INT.set(bytes, at, value);
    return this;
  }

  /** Eight bytes. */
  public WireWriter int64(long value) {
    int at = reserve(8);
    LONG.set(bytes, at, value);
    return this;
  }

  /** The length in bytes, then the text as UTF-8. */
  public WireWriter string(String value) {
    return bytes(value.getBytes(StandardCharsets.UTF_8));
  }

  /** The length, then the bytes. */
  public WireWriter bytes(byte[] value) {
    int32(value.length);
    return raw(value);
  }

  /** The bytes alone. */
  public WireWriter raw(byte[] value) {
    int at = reserve(value.length);
    System.arraycopy(value, 0, bytes, at, value.length);
    return this;
  }

  /** Overwrites four bytes written before. */
  public WireWriter int32At(int offset, int value) {
    if (offset < 0 || offset + 4 > length) {
      throw new IllegalArgumentException("not written yet: offset=" + offset + " length=" + length);
    }
    if (given) {
      bytes = bytes.clone();
      given = false;
    }
    INT.set(bytes, offset, value);
    return this;
  }

  /** How many bytes were written. */
  public int length() {
    return length;
  }

  /**
   * What was written so far; of a writer with a drain, of what has not gone there yet. It costs no
   * copy if it is as long as was said when this was made.
   */
  public byte[] toBytes() {
    given = drain == null && length == bytes.length;
    return given ? bytes : Arrays.copyOf(bytes, length);
  }

  private int reserve(int more) {
    if (drain != null && length > 0 && length + more > DRAIN_BYTES) {
      drain();
    }
    int at = length;
    int wanted = Math.addExact(at, more);
    if (wanted > bytes.length) {
      bytes =
          Arrays.copyOf(
              bytes, Math.max(wanted, (int) Math.min(Integer.MAX_VALUE - 8L, bytes.length * 2L)));
      given = false;
    }
    length = wanted;
    return at;
  }
}

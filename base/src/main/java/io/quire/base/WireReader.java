package io.quire.base;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads what {@link WireWriter} wrote. Whatever the bytes are, it throws {@link MalformedException}
 * rather than read past the end or allocate more than what is there. Confined to one thread.
 */
public final class WireReader {
  private final ByteBuffer in;

  /** Reads the array from its beginning; it is not copied. */
  public WireReader(byte[] bytes) {
    this(ByteBuffer.wrap(bytes));
  }

  /** Reads the remaining bytes of the buffer, whose own position stays. */
  public WireReader(ByteBuffer bytes) {
    in = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** One byte, signed: -128 to 127. */
  public int int8() {
    try {
      return in.get();
    } catch (BufferUnderflowException e) {
      throw underflow(1);
    }
  }

  /** One byte, which must be 0 or 1. */
  public boolean bool() {
    int value = int8();
    if (value != 0 && value != 1) {
      throw new MalformedException(
          "not a truth value: found=" + value + " offset=" + in.position());
    }
    return value == 1;
  }

  /** Two bytes: 0 to 65,535. */
  public int uint16() {
    need(2);
    return Short.toUnsignedInt(in.getShort());
  }

  /** Four bytes, signed. */
  public int int32() {
    need(4);
    return in.getInt();
  }

  /** Eight bytes, signed. */
  public long int64() {
    need(8);
    return in.getLong();
  }

  /** A length and that many bytes of UTF-8. What is not UTF-8 in them is read as U+FFFD. */
  public String string() {
    if (!in.hasArray()) {
      return new String(bytes(), StandardCharsets.UTF_8);
    }
    int length = length();
    need(length);
    int at = in.arrayOffset() + in.position();
    in.position(in.position() + length);
    return new String(in.array(), at, length, StandardCharsets.UTF_8);
  }

  /** A length and that many bytes. */
  public byte[] bytes() {
    return raw(length());
  }

  private int length() {
    int length = int32();
    if (length < 0) {
      throw new MalformedException("negative length: found=" + length + " offset=" + in.position());
    }
    return length;
  }

  /**
   * That many bytes, as a new array.
   *
   * @param length 0 or more
   */
  public byte[] raw(int length) {
    need(length);
    byte[] value = new byte[length];
    in.get(value);
    return value;
  }

  /** A count of things that take at least {@code bytesEach}, checked against what is left. */
  public int count(int bytesEach) {
    int count = int32();
    if (count < 0 || (long) count * bytesEach > in.remaining()) {
      throw new MalformedException(
          "count does not fit: found=" + count + " bytesLeft=" + in.remaining());
    }
    return count;
  }

  /** How many bytes were not read yet. */
  public int remaining() {
    return in.remaining();
  }

  /** Throws unless everything was read. */
  public void end() {
    if (in.hasRemaining()) {
      throw new MalformedException("bytes left over: bytesLeft=" + in.remaining());
    }
  }

  private void need(int length) {
    if (length > in.remaining()) {
      throw underflow(length);
    }
  }

  private MalformedException underflow(int length) {
    return new MalformedException(
        "bytes end early: offset="
            + in.position()
            + " wanted="
            + length
            + " left="
            + in.remaining());
  }

  /** The bytes are not what their layout says. */
  public static final class MalformedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** With a message that says what was found, and what was wanted. */
    public MalformedException(String message) {
      super(message);
    }
  }
}

package io.quire.fabric;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Bytes lent to the fabric, usually off-heap memory that somebody holds in place meanwhile. They
 * must not change until they are given back.
 *
 * @param bytes the remaining bytes are the body
 * @param release called exactly once, on an I/O thread or the caller's, when the fabric will not
 *     look at the bytes again, whether or not they were sent; must not block or throw
 */
public record Loan(ByteBuffer bytes, Runnable release) {
  public Loan {
    Objects.requireNonNull(bytes, "no bytes");
  }

  /** Bytes that nobody wants back. */
  static Loan gift(ByteBuffer bytes) {
    return new Loan(bytes, () -> {});
  }
}

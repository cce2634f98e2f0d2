package io.quire.gvm;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a cell holds: a value, and the position of the transaction that wrote it.
 *
 * <p>Whoever owns the keys may read the bytes once and {@link #keep} what they mean. That replaces
 * the bytes, so that neither memory nor readers pay for both; it is lost with this version of the
 * cell. Any thread.
 */
public final class Versioned {
  private final long version;

  /** Bytes, or a form of them. Threads may replace one by the other at once: both mean the same. */
  private Object content;

  /**
   * A value as its owner reads it. Immutable, with final fields only: it is handed over by a race.
   */
  public interface Form {
    /** The very bytes that it was read from. */
    byte[] encoded();
  }

  /**
   * A value of a version.
   *
   * @param value not to be changed
   */
  public Versioned(byte[] value, long version) {
    this.content = value;
    this.version = version;
  }

  /** The value; not to be changed. */
  public byte[] value() {
    Object found = content;
    return found instanceof Form form ? form.encoded() : (byte[]) found;
  }

  /** Position of the transaction that wrote it. */
  public long version() {
    return version;
  }

  /** What was kept, or null. */
  public @Nullable Form form() {
    return content instanceof Form form ? form : null;
  }

  /** Keeps what the bytes mean in their place. */
  public void keep(Form form) {
    content = form;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Versioned that
        && version == that.version
        && Arrays.equals(value(), that.value());
  }

  @Override
  public int hashCode() {
    return Long.hashCode(version);
  }

  @Override
  public String toString() {
    return "Versioned[version=" + version + " bytes=" + value().length + "]";
  }
}

package io.quire.gvm;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a cell holds: a value, and the position of the transaction that wrote it. Immutable but for
 * {@link #current}. Any thread.
 *
 * <p>Whoever owns the keys may extend it by a form that holds what the bytes mean instead of the
 * bytes, and is made once for each version by a {@link Reader}.
 */
public abstract class Versioned {
  private final long version;
  private volatile boolean current;

  /** A value of this version. */
  protected Versioned(long version) {
    this.version = version;
  }

  /** Makes forms of what is written. */
  @FunctionalInterface
  public interface Reader {
    /**
     * The form of a value, or null if it is to stay bytes. Called on the loop for each write, in
     * the order of the log; also for those of a transaction that is rejected in the end.
     *
     * @param value not to be changed
     */
    @Nullable Versioned read(Key key, byte[] value, long version);
  }

  /** Bytes, as they are. */
  static Versioned of(byte[] value, long version) {
    return new Bytes(value, version);
  }

  /** The very bytes that were written; not to be changed. */
  public abstract byte[] value();

  /** Position of the transaction that wrote it. */
  public final long version() {
    return version;
  }

  /**
   * Whether the table of cells holds this at this moment, and nothing is under way on its key. Who
   * kept it from an earlier look may take it for a {@link Cells#glance}, without looking again.
   */
  public final boolean current() {
    return current;
  }

  /** After it was put into the table. On the loop. */
  final void entered() {
    current = true;
  }

  /** Before it is taken out of the table. On the loop. */
  final void leaving() {
    current = false;
  }

  @Override
  public final boolean equals(@Nullable Object other) {
    return other instanceof Versioned that
        && version == that.version
        && Arrays.equals(value(), that.value());
  }

  @Override
  public final int hashCode() {
    return Long.hashCode(version);
  }

  @Override
  public final String toString() {
    return "Versioned[version=" + version + " bytes=" + value().length + "]";
  }

  private static final class Bytes extends Versioned {
    private final byte[] value;

    Bytes(byte[] value, long version) {
      super(version);
      this.value = value;
    }

    @Override
    public byte[] value() {
      return value;
    }
  }
}

package io.quire.lockserver;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * What a request for a lock asks for, besides the lock.
 *
 * @param mode with whom the lock may be held
 * @param delay for how long nobody may have the lock after this holder lost it without giving it
 *     back, so that what the holder had sent by then has died out; 0 to 60 s
 * @param note what the holder says of itself, for those who look: up to 256 bytes
 */
public record LockTerms(LockMode mode, Duration delay, byte[] note) {
  /** Alone, without delay, without a note. */
  public static final LockTerms EXCLUSIVE =
      new LockTerms(LockMode.EXCLUSIVE, Duration.ZERO, new byte[0]);

  /** With others, without delay, without a note. */
  public static final LockTerms SHARED = new LockTerms(LockMode.SHARED, Duration.ZERO, new byte[0]);

  /** Reading beside others that read and one that writes, without delay, without a note. */
  public static final LockTerms BESIDE_READ =
      new LockTerms(LockMode.BESIDE_READ, Duration.ZERO, new byte[0]);

  /** Writing beside others that read, without delay, without a note. */
  public static final LockTerms BESIDE_WRITE =
      new LockTerms(LockMode.BESIDE_WRITE, Duration.ZERO, new byte[0]);

  public LockTerms {
    if (delay.isNegative() || delay.toMillis() > LockLimits.DELAY_MILLIS_MAX) {
      throw new IllegalArgumentException(
          "lock delay out of range: delay="
              + delay
              + " allowed=0.."
              + LockLimits.DELAY_MILLIS_MAX
              + "ms");
    }
    if (note.length > LockLimits.NOTE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "note too long: bytes=" + note.length + " max=" + LockLimits.NOTE_BYTES_MAX);
    }
    note = note.clone();
  }

  /** As these, with another delay: 0 to 60 s. */
  public LockTerms withDelay(Duration other) {
    return new LockTerms(mode, other, note);
  }

  /** As these, with the text as the note: up to 256 bytes in UTF-8. */
  public LockTerms withNote(String text) {
    return new LockTerms(mode, delay, text.getBytes(StandardCharsets.UTF_8));
  }
}

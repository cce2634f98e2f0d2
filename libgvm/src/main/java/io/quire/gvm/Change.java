package io.quire.gvm;

import org.jspecify.annotations.Nullable;

/**
 * A key got a value, or lost the one it had. The removal of a key that is absent changes nothing
 * and is none; a put of the value that is there is one, for the version moves.
 *
 * @param position of the transaction; also the version of what it put
 * @param before null if it was absent
 * @param beforeVersion 0 if it was absent
 * @param after null if it is absent
 */
public record Change(
    long position,
    String key,
    byte @Nullable [] before,
    long beforeVersion,
    byte @Nullable [] after) {
  int bytes() {
    return key.length() + (before == null ? 0 : before.length) + (after == null ? 0 : after.length);
  }
}

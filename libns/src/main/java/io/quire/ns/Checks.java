package io.quire.ns;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** What is refused before anything is sent. */
final class Checks {
  /** The lock server keeps a label beside the name of the node. */
  static final int LABEL_BYTES_MAX = 200;

  private Checks() {}

  /** A deleted object has no name any more: the one that it had may be another's by now. */
  static void live(String doing, NsObject seen) {
    if (seen.draining()) {
      throw new NsException.Draining(
          "object was deleted: " + doing + ": name=" + seen.name() + " xid=" + seen.xidText());
    }
  }

  static void value(String name, byte[] value) {
    if (value.length > NsObject.VALUE_BYTES_MAX) {
      throw new NsException.BadValue(
          "value too large: name=%s bytes=%d max=%d"
              .formatted(name, value.length, NsObject.VALUE_BYTES_MAX));
    }
  }

  static void kind(String kind) {
    if (kind.isEmpty() || kind.length() > 64) {
      throw new IllegalArgumentException("kind out of range: kind=" + kind + " allowed=1..64");
    }
  }

  static void limit(int limit) {
    if (limit < 1 || limit > Namespaces.PAGE_MAX) {
      throw new IllegalArgumentException(
          "limit out of range: limit=" + limit + " allowed=1.." + Namespaces.PAGE_MAX);
    }
  }

  static String label(String label) {
    int bytes = label.getBytes(StandardCharsets.UTF_8).length;
    if (bytes < 1 || bytes > LABEL_BYTES_MAX || label.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "not a label: bytes=%d allowed=1..%d without control characters"
              .formatted(bytes, LABEL_BYTES_MAX));
    }
    return label;
  }

  /** As much of a text as fits a label. */
  static String cut(String text) {
    String cut = text;
    while (cut.getBytes(StandardCharsets.UTF_8).length > LABEL_BYTES_MAX) {
      cut = cut.substring(0, cut.offsetByCodePoints(cut.length(), -1));
    }
    return cut;
  }

  static void deadline(Duration deadline) {
    if (deadline.isNegative() || deadline.isZero() || deadline.compareTo(Namespaces.DEADLINE) > 0) {
      throw new IllegalArgumentException(
          "deadline out of range: found=%s allowed=more than 0, up to %s"
              .formatted(deadline, Namespaces.DEADLINE));
    }
  }
}

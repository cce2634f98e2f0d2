package io.quire.ns;

/** What is refused before anything is sent. */
final class Checks {
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
}

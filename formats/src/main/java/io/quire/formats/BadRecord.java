package io.quire.formats;

/** A record cannot be read; the next one may. Without a stack trace: there may be millions. */
final class BadRecord extends Exception {
  private static final long serialVersionUID = 1;

  BadRecord(String reason) {
    super(reason, null, false, false);
  }

  String reason() {
    return String.valueOf(getMessage());
  }
}

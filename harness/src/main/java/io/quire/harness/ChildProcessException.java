package io.quire.harness;

/** A child process did not do what was asked of it; the message ends with the tail of its log. */
public final class ChildProcessException extends RuntimeException {
  private static final long serialVersionUID = 1;

  ChildProcessException(String message) {
    super(message);
  }

  ChildProcessException(String message, Throwable cause) {
    super(message, cause);
  }
}

package io.quire.bench;

import org.jspecify.annotations.Nullable;

/** A measurement did not come to its end; there is no figure. */
public final class BenchFailed extends RuntimeException {
  private static final long serialVersionUID = 1;

  public BenchFailed(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}

package io.quire.node;

import org.jspecify.annotations.Nullable;

/** The node did not start. What was opened was closed again. */
public final class StartException extends RuntimeException {
  private static final long serialVersionUID = 1;

  StartException(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}

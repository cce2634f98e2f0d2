package io.quire.fabric;

import org.jspecify.annotations.Nullable;

/** The request was written and its deadline passed without an answer: it may have happened. */
public final class DeadlineException extends FabricException {
  private static final long serialVersionUID = 1;

  DeadlineException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public boolean mayHaveHappened() {
    return true;
  }
}

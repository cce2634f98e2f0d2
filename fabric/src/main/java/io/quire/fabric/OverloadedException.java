package io.quire.fabric;

import org.jspecify.annotations.Nullable;

/** The request was never written, because too much is under way to the peer: it did not happen. */
public final class OverloadedException extends FabricException {
  private static final long serialVersionUID = 1;

  OverloadedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public boolean mayHaveHappened() {
    return false;
  }
}

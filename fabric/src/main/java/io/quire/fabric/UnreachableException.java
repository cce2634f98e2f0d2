package io.quire.fabric;

import org.jspecify.annotations.Nullable;

/** The request was never written, because there is no connection to the peer: it did not happen. */
public final class UnreachableException extends FabricException {
  private static final long serialVersionUID = 1;

  UnreachableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public boolean mayHaveHappened() {
    return false;
  }
}

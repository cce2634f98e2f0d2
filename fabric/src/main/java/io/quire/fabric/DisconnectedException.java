package io.quire.fabric;

import org.jspecify.annotations.Nullable;

/** The request was written and the connection lost before an answer came: it may have happened. */
public final class DisconnectedException extends FabricException {
  private static final long serialVersionUID = 1;

  DisconnectedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public boolean mayHaveHappened() {
    return true;
  }
}

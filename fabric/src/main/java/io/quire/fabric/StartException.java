package io.quire.fabric;

import org.jspecify.annotations.Nullable;

/** Nothing was started: an address is in use, or a credential cannot be read. */
public final class StartException extends FabricException {
  private static final long serialVersionUID = 1;

  StartException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public boolean mayHaveHappened() {
    return false;
  }
}

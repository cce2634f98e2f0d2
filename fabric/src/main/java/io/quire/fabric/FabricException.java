package io.quire.fabric;

import org.jspecify.annotations.Nullable;

/**
 * Why the fabric did not do what it was asked. The one question that matters to a caller is whether
 * the peer may have acted all the same: {@link #mayHaveHappened()}.
 */
public abstract sealed class FabricException extends RuntimeException
    permits StartException,
        UnreachableException,
        OverloadedException,
        DeadlineException,
        DisconnectedException,
        RemoteException {
  private static final long serialVersionUID = 1;

  FabricException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** False if the peer's server has certainly not seen the request and never will. */
  public abstract boolean mayHaveHappened();
}

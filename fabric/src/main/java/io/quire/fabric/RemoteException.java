package io.quire.fabric;

/** The peer answered that it failed; the message is what its server said. */
public final class RemoteException extends FabricException {
  private static final long serialVersionUID = 1;

  private final boolean served;

  RemoteException(String message, boolean served) {
    super(message, null);
    this.served = served;
  }

  /** False if the peer turned the request away before a server saw it. */
  @Override
  public boolean mayHaveHappened() {
    return served;
  }
}

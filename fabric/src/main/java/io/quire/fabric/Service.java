package io.quire.fabric;

/**
 * What a frame is for; each has one {@link Fabric.Server}. The ordinal is its number on the wire.
 */
public enum Service {
  /** Between the members of the Raft group. */
  RAFT(Lane.RAFT),
  /** Appends and reads that are forwarded to the leader of the log. */
  LOG(Lane.PROTOCOL),
  /** The one-way messages of {@link FabricTransport}. */
  MESSAGE(Lane.PROTOCOL),
  /** Questions of a node to another that are none of the above. */
  CALL(Lane.PROTOCOL),
  /** Extents. */
  EXTENT(Lane.BULK),
  /** Where a node serves Arrow Flight. */
  FLIGHT(Lane.PROTOCOL);

  private static final Service[] ALL = values();

  private final Lane lane;

  Service(Lane lane) {
    this.lane = lane;
  }

  /** The connection that carries it. */
  public Lane lane() {
    return lane;
  }

  static boolean exists(int number) {
    return number >= 0 && number < ALL.length;
  }

  static Service of(int number) {
    return ALL[number];
  }
}

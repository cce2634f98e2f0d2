package io.quire.lockserver;

import io.quire.base.Address;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;

/** Messages between a session and the leader that keeps its lease. */
sealed interface LeaseMessage {
  /**
   * Asks for the lease to go on.
   *
   * @param sent the node's clock at sending, echoed by the grant
   * @param applied how far the node has applied the log
   */
  record KeepAlive(long incarnation, long joined, long sent, long applied, Address from)
      implements LeaseMessage {}

  /** The lease goes on, counted by the node from {@code sent}. */
  record Grant(long incarnation, long joined, long sent) implements LeaseMessage {}

  default byte[] toBytes() {
    WireWriter out = new WireWriter();
    switch (this) {
      case KeepAlive(long incarnation, long joined, long sent, long applied, Address from) ->
          out.int8(1)
              .int64(incarnation)
              .int64(joined)
              .int64(sent)
              .int64(applied)
              .string(from.host())
              .uint16(from.port());
      case Grant(long incarnation, long joined, long sent) ->
          out.int8(2).int64(incarnation).int64(joined).int64(sent);
    }
    return out.toBytes();
  }

  static LeaseMessage read(byte[] message) {
    WireReader in = new WireReader(message);
    int type = in.int8();
    LeaseMessage read =
        switch (type) {
          case 1 ->
              new KeepAlive(
                  in.int64(),
                  in.int64(),
                  in.int64(),
                  in.int64(),
                  new Address(in.string(), in.uint16()));
          case 2 -> new Grant(in.int64(), in.int64(), in.int64());
          default -> throw new WireReader.MalformedException("not a lease message: type=" + type);
        };
    in.end();
    return read;
  }
}

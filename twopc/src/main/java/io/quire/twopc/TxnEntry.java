package io.quire.twopc;

import io.quire.base.Log;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;

/** What the log says about transactions: a type byte, then the fields in order. */
sealed interface TxnEntry {
  /**
   * The decision.
   *
   * @param low below it, everything of the coordinator is decided
   */
  record Txn(TxnId id, long low, int participant, byte[] payload) implements TxnEntry {
    /** Fenced by the epoch in which all members voted yes. */
    Log.Entry entry(long epoch) {
      WireWriter out = new WireWriter(payload.length + 32).int8(1);
      id.write(out);
      out.int64(low).int8(participant).bytes(payload);
      return new Log.Entry(Log.Stream.TRANSACTIONS, Log.Fence.epoch(epoch), out.toBytes());
    }
  }

  /** The transaction is dead unless it was decided before. */
  record Resolve(TxnId id) implements TxnEntry {
    Log.Entry entry() {
      WireWriter out = new WireWriter().int8(2);
      id.write(out);
      return new Log.Entry(Log.Stream.TRANSACTIONS, Log.Fence.NONE, out.toBytes());
    }
  }

  static TxnEntry read(byte[] payload) {
    WireReader in = new WireReader(payload);
    int type = in.int8();
    TxnEntry entry =
        switch (type) {
          case 1 -> new Txn(TxnId.read(in), in.int64(), in.int8(), in.bytes());
          case 2 -> new Resolve(TxnId.read(in));
          default -> throw new WireReader.MalformedException("not a transaction: type=" + type);
        };
    in.end();
    return entry;
  }
}

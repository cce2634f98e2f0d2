package io.quire.twopc;

import io.quire.base.Log;
import io.quire.base.RequestId;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import org.jspecify.annotations.Nullable;

/** What the log says about transactions: a type byte, then the fields in order. */
sealed interface TxnEntry {
  /**
   * The decision.
   *
   * @param low below it, everything of the coordinator is decided
   * @param request its caller's name for it, if it has one
   * @param blob where its payload is, if not here
   * @param payload empty if it is in a blob
   */
  record Txn(
      TxnId id,
      long low,
      int participant,
      @Nullable RequestId request,
      Blobs.@Nullable Ref blob,
      byte[] payload)
      implements TxnEntry {
    /** What one takes besides its payload. */
    private static final int PLAIN_BYTES = 1 + TxnId.BYTES + Long.BYTES + 1 + Integer.BYTES;

    private static final int REQUEST = 1;
    private static final int BLOB = 2;

    Txn(TxnId id, long low, int participant, byte[] payload) {
      this(id, low, participant, null, null, payload);
    }

    /** Fenced by the epoch in which all members voted yes. */
    Log.Entry entry(long epoch) {
      boolean plain = request == null && blob == null;
      WireWriter out = new WireWriter(PLAIN_BYTES + payload.length + (plain ? 0 : 64));
      out.int8(plain ? 1 : 3);
      id.write(out);
      out.int64(low).int8(participant);
      if (!plain) {
        out.int8((request == null ? 0 : REQUEST) | (blob == null ? 0 : BLOB));
        if (request != null) {
          request.write(out);
        }
        if (blob != null) {
          blob.write(out);
        }
      }
      if (blob == null) {
        out.bytes(payload);
      }
      return new Log.Entry(Log.Stream.TRANSACTIONS, Log.Fence.epoch(epoch), out.toBytes());
    }

    private static Txn read(WireReader in) {
      TxnId id = TxnId.read(in);
      long low = in.int64();
      int participant = in.int8();
      int flags = in.int8();
      RequestId request = (flags & REQUEST) == 0 ? null : RequestId.read(in);
      Blobs.Ref blob = (flags & BLOB) == 0 ? null : Blobs.Ref.read(in);
      byte[] payload = blob == null ? in.bytes() : new byte[0];
      return new Txn(id, low, participant, request, blob, payload);
    }
  }

  /** The transaction is dead unless it was decided before. */
  record Resolve(TxnId id) implements TxnEntry {
    Log.Entry entry() {
      WireWriter out = new WireWriter().int8(2);
      id.write(out);
      return unfenced(out);
    }
  }

  /** A part of a payload; see {@link Blobs}. */
  record Chunk(long coordinator, long number, int index, int count, byte[] bytes)
      implements TxnEntry {
    Log.Entry entry() {
      return unfenced(
          new WireWriter(bytes.length + 32)
              .int8(4)
              .int64(coordinator)
              .int64(number)
              .int32(index)
              .int32(count)
              .bytes(bytes));
    }
  }

  /** A blob is not needed any more. */
  record Drop(long coordinator, long number) implements TxnEntry {
    Log.Entry entry() {
      return unfenced(new WireWriter().int8(5).int64(coordinator).int64(number));
    }
  }

  /** The request shall not happen, unless it has. */
  record GiveUp(RequestId request) implements TxnEntry {
    Log.Entry entry() {
      WireWriter out = new WireWriter().int8(6);
      request.write(out);
      return unfenced(out);
    }
  }

  private static Log.Entry unfenced(WireWriter out) {
    return new Log.Entry(Log.Stream.TRANSACTIONS, Log.Fence.NONE, out.toBytes());
  }

  static TxnEntry read(byte[] payload) {
    WireReader in = new WireReader(payload);
    int type = in.int8();
    TxnEntry entry =
        switch (type) {
          case 1 -> new Txn(TxnId.read(in), in.int64(), in.int8(), in.bytes());
          case 2 -> new Resolve(TxnId.read(in));
          case 3 -> Txn.read(in);
          case 4 -> new Chunk(in.int64(), in.int64(), in.int32(), in.int32(), in.bytes());
          case 5 -> new Drop(in.int64(), in.int64());
          case 6 -> new GiveUp(RequestId.read(in));
          default -> throw new WireReader.MalformedException("not a transaction: type=" + type);
        };
    in.end();
    return entry;
  }
}

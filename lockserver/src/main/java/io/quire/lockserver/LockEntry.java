package io.quire.lockserver;

import io.quire.base.Log;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.LockOperation.Acquire;
import io.quire.lockserver.LockOperation.Add;
import io.quire.lockserver.LockOperation.Cancel;
import io.quire.lockserver.LockOperation.Close;
import io.quire.lockserver.LockOperation.Convert;
import io.quire.lockserver.LockOperation.Create;
import io.quire.lockserver.LockOperation.Open;
import io.quire.lockserver.LockOperation.Release;
import io.quire.lockserver.LockOperation.Remove;
import io.quire.lockserver.LockOperation.Sync;
import io.quire.lockserver.LockOperation.Write;

/** What the log says about files and locks: a type byte, then the fields in order. */
sealed interface LockEntry {
  /**
   * A client asks for something.
   *
   * @param tenure the session of the client's node
   * @param sequence of the node's requests; with the tenure it names this one
   * @param low the node needs no answers to requests before this any more, and repeats none
   */
  record Request(Tenure tenure, long sequence, long low, LockOperation operation)
      implements LockEntry {}

  /** The leader has waited for as long as the holder that lost the lock had wanted. */
  record DelayOver(String path, long generation) implements LockEntry {}

  /** A node leads the log since the term of the fence. */
  record Led(long incarnation) implements LockEntry {}

  default Log.Entry entry(Log.Fence fence) {
    return new Log.Entry(Log.Stream.LOCKS, fence, toBytes());
  }

  private byte[] toBytes() {
    WireWriter out = new WireWriter();
    switch (this) {
      case DelayOver(String path, long generation) -> out.int8(1).string(path).int64(generation);
      case Led(long incarnation) -> out.int8(2).int64(incarnation);
      case Request(Tenure tenure, long sequence, long low, LockOperation operation) -> {
        out.int8(3);
        tenure.write(out);
        out.int64(sequence).int64(low);
        write(out, operation);
      }
    }
    return out.toBytes();
  }

  private static void write(WireWriter out, LockOperation operation) {
    switch (operation) {
      case Open(String name) -> out.int8(1).string(name);
      case Close(long session) -> out.int8(2).int64(session);
      case Create(long session, String path, byte[] contents, boolean ephemeral) ->
          out.int8(3).int64(session).string(path).bytes(contents).bool(ephemeral);
      case Write(long session, String path, long version, byte[] contents) ->
          out.int8(4).int64(session).string(path).int64(version).bytes(contents);
      case Remove(long session, String path, long version) ->
          out.int8(5).int64(session).string(path).int64(version);
      case Add(long session, String path, long delta) ->
          out.int8(6).int64(session).string(path).int64(delta);
      case Acquire(
              long session,
              String path,
              LockMode mode,
              boolean waits,
              int delayMillis,
              byte[] note) ->
          out.int8(7)
              .int64(session)
              .string(path)
              .int8(mode.number)
              .bool(waits)
              .int32(delayMillis)
              .bytes(note);
      case Release(long session, long generation) -> out.int8(8).int64(session).int64(generation);
      case Cancel(long session, String path, long request) ->
          out.int8(9).int64(session).string(path).int64(request);
      case Sync() -> out.int8(10);
      case Convert(long session, long generation, LockMode mode) ->
          out.int8(11).int64(session).int64(generation).int8(mode.number);
    }
  }

  static LockEntry read(byte[] payload) {
    WireReader in = new WireReader(payload);
    int type = in.int8();
    LockEntry entry =
        switch (type) {
          case 1 -> new DelayOver(in.string(), in.int64());
          case 2 -> new Led(in.int64());
          case 3 -> new Request(Tenure.read(in), in.int64(), in.int64(), operation(in));
          default -> throw new WireReader.MalformedException("not a lock entry: type=" + type);
        };
    in.end();
    return entry;
  }

  private static LockOperation operation(WireReader in) {
    int type = in.int8();
    return switch (type) {
      case 1 -> new Open(in.string());
      case 2 -> new Close(in.int64());
      case 3 -> new Create(in.int64(), in.string(), in.bytes(), in.bool());
      case 4 -> new Write(in.int64(), in.string(), in.int64(), in.bytes());
      case 5 -> new Remove(in.int64(), in.string(), in.int64());
      case 6 -> new Add(in.int64(), in.string(), in.int64());
      case 7 ->
          new Acquire(
              in.int64(), in.string(), LockMode.of(in.int8()), in.bool(), in.int32(), in.bytes());
      case 8 -> new Release(in.int64(), in.int64());
      case 9 -> new Cancel(in.int64(), in.string(), in.int64());
      case 10 -> new Sync();
      case 11 -> new Convert(in.int64(), in.int64(), LockMode.of(in.int8()));
      default -> throw new WireReader.MalformedException("not a lock operation: type=" + type);
    };
  }
}

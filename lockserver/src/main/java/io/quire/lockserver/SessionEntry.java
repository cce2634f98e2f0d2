package io.quire.lockserver;

import io.quire.base.Log;
import io.quire.base.Member;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;

/** What the log says about sessions: a type byte, then the fields in order. */
sealed interface SessionEntry {
  /**
   * A new session.
   *
   * @param member who joins
   * @param storage the storage that the process holds locked; 0 for none
   * @param predecessor the incarnation of the same node and storage that it replaces; 0 for none
   */
  record Join(Member member, long storage, long predecessor) implements SessionEntry {}

  /** The session ends by its owner's will. */
  record Leave(long incarnation, long joined) implements SessionEntry {}

  /** The session ends by its leader's judgement; the entry is fenced by the judge's term. */
  record Expire(long incarnation, long joined) implements SessionEntry {}

  default Log.Entry entry(Log.Fence fence) {
    WireWriter out = new WireWriter();
    switch (this) {
      case Join(Member member, long storage, long predecessor) -> {
        out.int8(1);
        member.write(out);
        out.int64(storage).int64(predecessor);
      }
      case Leave(long incarnation, long joined) -> out.int8(2).int64(incarnation).int64(joined);
      case Expire(long incarnation, long joined) -> out.int8(3).int64(incarnation).int64(joined);
    }
    return new Log.Entry(Log.Stream.SESSIONS, fence, out.toBytes());
  }

  static SessionEntry read(byte[] payload) {
    WireReader in = new WireReader(payload);
    int type = in.int8();
    SessionEntry entry =
        switch (type) {
          case 1 -> new Join(Member.read(in), in.int64(), in.int64());
          case 2 -> new Leave(in.int64(), in.int64());
          case 3 -> new Expire(in.int64(), in.int64());
          default -> throw new WireReader.MalformedException("not a session entry: type=" + type);
        };
    in.end();
    return entry;
  }
}

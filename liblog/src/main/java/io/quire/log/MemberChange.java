package io.quire.log;

import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;

/** A change of who votes in the log. A node comes as a listener by itself, when it is started. */
public sealed interface MemberChange {
  /** Lets a listener vote. Refused while it is far behind. */
  record Promote(NodeId node) implements MemberChange {}

  /**
   * Takes a node out, voter or listener. Refused for the last voter, and if of the voters that
   * remain no majority answers. A process that is removed stops; started again, a listener comes
   * back.
   */
  record Remove(NodeId node) implements MemberChange {}

  /** Puts a listener in the place of a voter, in one step. Refused as the other two are. */
  record Replace(NodeId node, NodeId by) implements MemberChange {}

  /** The node that is promoted, removed or replaced. */
  NodeId node();

  /** What came of it at the node that was asked. */
  enum Verdict {
    /** It is done, or was so before. */
    DONE,
    /** It was not done, and asked again as things are it would not be; the answer says why. */
    REFUSED,
    /**
     * The node does not lead, or hands its lead over because it is the one to go. Ask the leader.
     */
    NOT_LEADER,
    /** Another change is under way, or this one did not go through: it may be asked again. */
    BUSY
  }

  /**
   * The answer.
   *
   * @param detail the reason if it was refused, where to ask if the node does not lead
   */
  record Answer(Verdict verdict, String detail) {
    private static final Verdict[] VERDICTS = Verdict.values();

    byte[] encode() {
      return new WireWriter(64).int8(verdict.ordinal()).string(detail).toBytes();
    }

    static Answer decode(java.nio.ByteBuffer bytes) {
      WireReader in = new WireReader(bytes);
      return new Answer(VERDICTS[in.int8()], in.string());
    }
  }

  /** As it is asked of the leader. */
  default byte[] encode() {
    WireWriter out = new WireWriter(64).int8(LogMessages.CHANGE);
    switch (this) {
      case Promote(NodeId node) -> out.int8(0).string(node.name()).string("");
      case Remove(NodeId node) -> out.int8(1).string(node.name()).string("");
      case Replace(NodeId node, NodeId by) -> out.int8(2).string(node.name()).string(by.name());
    }
    return out.toBytes();
  }

  /** Reads what {@link #encode} wrote, behind its first byte. */
  static MemberChange decode(WireReader in) {
    int kind = in.int8();
    NodeId node = new NodeId(in.string());
    String by = in.string();
    return switch (kind) {
      case 0 -> new Promote(node);
      case 1 -> new Remove(node);
      case 2 -> new Replace(node, new NodeId(by));
      default -> throw new MalformedException("unknown change of members: found=" + kind);
    };
  }
}

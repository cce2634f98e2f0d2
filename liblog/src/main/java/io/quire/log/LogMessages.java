package io.quire.log;

import io.quire.base.Address;
import io.quire.base.Log.Applied;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.log.Identity.State;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What logs say to each other besides Raft; the first byte of a question says which it is. */
final class LogMessages {
  static final int HELLO = 1;
  static final int TERM = 2;
  static final int APPEND = 3;
  static final int JOIN = 4;
  static final int FETCH = 5;
  static final int CHANGE = 6;
  static final int PROGRESS = 7;

  private static final State[] STATES = State.values();

  private LogMessages() {}

  /**
   * Who a log is, the answer to {@link #HELLO}.
   *
   * @param founders who it thinks forms the group
   * @param group of no meaning while {@code members} is empty
   * @param members of the group when this storage became part of it
   * @param running members of the group now; empty if its Raft server does not run
   * @param led whether it knows who leads
   */
  record Hello(
      String cluster,
      PeerId peer,
      State state,
      List<NodeId> founders,
      UUID group,
      List<GroupMember> members,
      List<GroupMember> running,
      boolean led) {
    boolean grouped() {
      return state == State.FORMING || state == State.FORMED;
    }

    ByteBuffer encode() {
      WireWriter out =
          new WireWriter(512)
              .string(cluster)
              .string(peer.toString())
              .int8(state.ordinal())
              .int64(group.getMostSignificantBits())
              .int64(group.getLeastSignificantBits())
              .int32(founders.size());
      founders.forEach(founder -> out.string(founder.name()));
      GroupMember.writeAll(out, members);
      GroupMember.writeAll(out, running);
      out.bool(led);
      return ByteBuffer.wrap(out.toBytes());
    }

    static Hello decode(ByteBuffer bytes) {
      WireReader in = new WireReader(bytes);
      String cluster = in.string();
      PeerId peer = PeerId.parse(in.string());
      State state = STATES[in.int8()];
      UUID group = new UUID(in.int64(), in.int64());
      List<NodeId> founders = new ArrayList<>();
      for (int left = in.count(5); left > 0; left--) {
        founders.add(new NodeId(in.string()));
      }
      return new Hello(
          cluster,
          peer,
          state,
          founders,
          group,
          GroupMember.readAll(in),
          GroupMember.readAll(in),
          in.bool());
    }
  }

  /**
   * A newcomer asks to be a member, or to become a voter.
   *
   * @param votes whether it is to vote in the end
   * @param applied index up to which it has applied the log
   */
  record Join(PeerId peer, Address address, boolean votes, long applied) {
    byte[] encode() {
      return new WireWriter(64)
          .int8(JOIN)
          .string(peer.toString())
          .string(address.toString())
          .bool(votes)
          .int64(applied)
          .toBytes();
    }

    static Join decode(WireReader in) {
      return new Join(PeerId.parse(in.string()), Address.parse(in.string()), in.bool(), in.int64());
    }
  }

  /** What came of a {@link Join}; the ordinal is on the wire. */
  enum Standing {
    NOT_LEADER,
    BUSY,
    LISTENER,
    VOTER
  }

  /**
   * The answer to a {@link Join}.
   *
   * @param replacesVoter whether an earlier storage of the node was a voter
   * @param leader where to ask instead, if this one does not lead
   */
  record Joined(Standing standing, boolean replacesVoter, @Nullable Address leader) {
    private static final Standing[] STANDINGS = Standing.values();

    ByteBuffer encode() {
      return ByteBuffer.wrap(
          new WireWriter(32)
              .int8(standing.ordinal())
              .bool(replacesVoter)
              .string(leader == null ? "" : leader.toString())
              .toBytes());
    }

    static Joined decode(ByteBuffer bytes) {
      WireReader in = new WireReader(bytes);
      Standing standing = STANDINGS[in.int8()];
      boolean replacesVoter = in.bool();
      String leader = in.string();
      return new Joined(standing, replacesVoter, leader.isEmpty() ? null : Address.parse(leader));
    }
  }

  /** What came of one forwarded entry. */
  sealed interface Outcome {
    record Done(Applied applied) implements Outcome {}

    record NotAppended(String reason) implements Outcome {}

    record Indeterminate(String reason) implements Outcome {}
  }

  static byte[] hello() {
    return new byte[] {HELLO};
  }

  static byte[] askTerm(PeerId peer) {
    return new WireWriter(64).int8(TERM).string(peer.toString()).toBytes();
  }

  static byte[] append(List<LogRecord> records) {
    int size = records.stream().mapToInt(LogRecord::bytes).sum();
    WireWriter out = new WireWriter(size + 5).int8(APPEND).int32(records.size());
    records.forEach(record -> record.write(out));
    return out.toBytes();
  }

  static List<LogRecord> readAppend(WireReader in) {
    int count = in.count(LogRecord.HEADER_BYTES);
    List<LogRecord> records = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      records.add(LogRecord.read(in));
    }
    in.end();
    return records;
  }

  static ByteBuffer outcomes(List<Outcome> outcomes) {
    WireWriter out = new WireWriter(32 * outcomes.size()).int32(outcomes.size());
    for (Outcome outcome : outcomes) {
      switch (outcome) {
        case Outcome.Done(Applied applied) ->
            out.int8(0).int64(applied.position()).bool(applied.fenced()).bytes(applied.result());
        case Outcome.NotAppended(String reason) -> out.int8(1).string(reason);
        case Outcome.Indeterminate(String reason) -> out.int8(2).string(reason);
      }
    }
    return ByteBuffer.wrap(out.toBytes());
  }

  static List<Outcome> readOutcomes(ByteBuffer bytes) {
    WireReader in = new WireReader(bytes);
    int count = in.count(5);
    List<Outcome> outcomes = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int kind = in.int8();
      outcomes.add(
          switch (kind) {
            case 0 -> new Outcome.Done(new Applied(in.int64(), in.bool(), in.bytes()));
            case 1 -> new Outcome.NotAppended(in.string());
            case 2 -> new Outcome.Indeterminate(in.string());
            default -> throw new MalformedException("unknown outcome: found=" + kind);
          });
    }
    in.end();
    return outcomes;
  }
}

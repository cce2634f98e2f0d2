package io.quire.log;

import io.quire.base.Checksum;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * Whose a storage is, kept outside the Raft directory. Its version is that of the whole directory:
 * it moves when the frames or the snapshots become others, so that a Quire which cannot read them
 * finds out before it touches anything. Layout of the file, little-endian:
 *
 * <pre>
 *  0  magic     int32, "QIDN"
 *  4  version   uint16
 *  6  state     int8
 *  7  votes     int8, 1 if the node is to become a voter
 *  8  storage   int64
 * 16  group     two int64
 * 32  cluster   string
 *     node      string
 *     members   of the group when this storage became part of it
 *     checksum  int32, CRC32C of all before
 * </pre>
 *
 * @param storage the incarnation of the storage
 * @param group of no meaning while {@code members} is empty
 */
record Identity(
    String cluster,
    NodeId node,
    long storage,
    State state,
    boolean votes,
    UUID group,
    List<GroupMember> members) {
  static final int VERSION = 2;

  private static final int MAGIC = 0x4e444951;
  private static final UUID NO_GROUP = new UUID(0, 0);
  private static final State[] STATES = State.values();

  /** How far a storage has come; the ordinal is in the file. */
  enum State {
    /** Never was part of a group: it may be one of its founders. */
    BLANK,
    /** Lost an earlier storage: it may join a group, and never found one. */
    NEWCOMER,
    /** The group is decided, and Ratis has never run on this storage. */
    FORMING,
    /** Part of the group: the Raft directory must be there. */
    FORMED
  }

  static Identity blank(LogConfig config, long storage) {
    return new Identity(
        config.cluster(), config.node(), storage, State.BLANK, config.votes(), NO_GROUP, List.of());
  }

  /** The storage that takes the place of this one, whose log is gone. */
  Identity successor(long storage) {
    return new Identity(cluster, node, storage, State.NEWCOMER, votes, NO_GROUP, List.of());
  }

  Identity in(State state, UUID group, List<GroupMember> members) {
    return new Identity(cluster, node, storage, state, votes, group, members);
  }

  Identity voting() {
    return new Identity(cluster, node, storage, state, true, group, members);
  }

  Identity formed() {
    return in(State.FORMED, group, members);
  }

  PeerId peer() {
    return new PeerId(node, storage);
  }

  boolean grouped() {
    return state == State.FORMING || state == State.FORMED;
  }

  /** Whether it came to a group that was there before. */
  boolean joined() {
    return members.stream().anyMatch(member -> member.peer().equals(peer()) && !member.voter());
  }

  boolean alone() {
    return members.size() == 1;
  }

  byte[] encode() {
    WireWriter out =
        new WireWriter()
            .int32(MAGIC)
            .uint16(VERSION)
            .int8(state.ordinal())
            .bool(votes)
            .int64(storage)
            .int64(group.getMostSignificantBits())
            .int64(group.getLeastSignificantBits())
            .string(cluster)
            .string(node.name());
    GroupMember.writeAll(out, members);
    return out.int32(Checksum.of(out.toBytes())).toBytes();
  }

  static Identity decode(Path file, byte[] bytes) {
    try {
      CheckedFile.refuseNewer(file, bytes, MAGIC, VERSION);
      WireReader in = CheckedFile.body(file, bytes, MAGIC, VERSION);
      State state = STATES[in.int8()];
      boolean votes = in.bool();
      long storage = in.int64();
      UUID group = new UUID(in.int64(), in.int64());
      String cluster = in.string();
      NodeId node = new NodeId(in.string());
      return new Identity(cluster, node, storage, state, votes, group, GroupMember.readAll(in));
    } catch (MalformedException e) {
      throw new LogException.StartException(
          "identity file does not verify: path=" + file + " reason=" + e.getMessage(), e);
    }
  }
}

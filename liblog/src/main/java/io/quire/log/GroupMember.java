package io.quire.log;

import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;

/**
 * One peer of the Raft group.
 *
 * @param address where it was when this was written; it may have moved since
 */
record GroupMember(PeerId peer, Address address, boolean voter) {
  /** The group that exactly these storages of this cluster form. */
  static UUID groupId(String cluster, List<GroupMember> founders) {
    StringBuilder text = new StringBuilder(cluster).append('\n');
    founders.stream()
        .map(GroupMember::peer)
        .sorted()
        .forEach(peer -> text.append(peer).append('\n'));
    return UUID.nameUUIDFromBytes(text.toString().getBytes(StandardCharsets.UTF_8));
  }

  static GroupMember of(RaftPeer peer, boolean voter) {
    return new GroupMember(PeerId.of(peer.getId()), Address.parse(peer.getAddress()), voter);
  }

  RaftPeer raft() {
    return RaftPeer.newBuilder()
        .setId(peer.raft())
        .setAddress(address.toString())
        .setStartupRole(voter ? RaftPeerRole.FOLLOWER : RaftPeerRole.LISTENER)
        .build();
  }

  static void writeAll(WireWriter out, List<GroupMember> members) {
    out.int32(members.size());
    for (GroupMember member : members) {
      out.string(member.peer.node().name())
          .int64(member.peer.storage())
          .string(member.address.host())
          .uint16(member.address.port())
          .bool(member.voter);
    }
  }

  static List<GroupMember> readAll(WireReader in) {
    int count = in.count(19);
    List<GroupMember> members = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      members.add(
          new GroupMember(
              new PeerId(new NodeId(in.string()), in.int64()),
              new Address(in.string(), in.uint16()),
              in.bool()));
    }
    return List.copyOf(members);
  }
}

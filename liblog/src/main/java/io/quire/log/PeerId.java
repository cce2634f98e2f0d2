package io.quire.log;

import io.quire.base.NodeId;
import java.util.HexFormat;
import org.apache.ratis.protocol.RaftPeerId;

/**
 * A node's name in the Raft group: the node and the incarnation of its storage, so that a node that
 * lost its directory is another peer, and never votes for what it no longer has.
 */
record PeerId(NodeId node, long storage) implements Comparable<PeerId> {
  private static final int HEX_DIGITS = 16;

  static PeerId parse(String text) {
    int dash = text.length() - HEX_DIGITS - 1;
    if (dash < 1 || text.charAt(dash) != '-') {
      throw new IllegalArgumentException("not a peer id: text=" + text);
    }
    return new PeerId(
        new NodeId(text.substring(0, dash)),
        HexFormat.fromHexDigitsToLong(text, dash + 1, text.length()));
  }

  static PeerId of(RaftPeerId id) {
    return parse(id.toString());
  }

  RaftPeerId raft() {
    return RaftPeerId.valueOf(toString());
  }

  @Override
  public int compareTo(PeerId other) {
    int byNode = node.compareTo(other.node);
    return byNode != 0 ? byNode : Long.compareUnsigned(storage, other.storage);
  }

  @Override
  public String toString() {
    return node + "-" + HexFormat.of().toHexDigits(storage);
  }
}

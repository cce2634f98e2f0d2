package io.quire.base;

/**
 * One incarnation of a node: the unit that joins a view, votes, holds a lease and dies.
 *
 * @param node the node, the same over restarts
 * @param incarnation drawn afresh at each start of the process, unique for ever, not 0
 * @param address where its fabric listens
 */
public record Member(NodeId node, long incarnation, Address address) {
  public Member {
    if (incarnation == 0) {
      throw new IllegalArgumentException("an incarnation is not 0: node=" + node);
    }
  }

  /** Writes it behind what is there; {@link #read} reads it. */
  public void write(WireWriter out) {
    out.string(node.name()).int64(incarnation).string(address.host()).uint16(address.port());
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws WireReader.MalformedException if the bytes end early
   * @throws IllegalArgumentException if what they name is no node, incarnation or address
   */
  public static Member read(WireReader in) {
    return new Member(new NodeId(in.string()), in.int64(), new Address(in.string(), in.uint16()));
  }

  @Override
  public String toString() {
    return node + "#" + Long.toHexString(incarnation);
  }
}

package io.quire.flight;

import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * Names the rows of a stream: those of a table that one node loaded. Any node can redeem it. It is
 * no secret and proves nothing: who shows it must show the token as well, and is given what he
 * could have asked for by name.
 *
 * @param xid of the table's object
 * @param checksum of the object's value: rows of another version are not given for it
 * @param owner who loaded the rows
 * @param name that the table had, for messages
 * @param columns their names, in the order that is wanted; none for all
 */
record TableTicket(long xid, int checksum, NodeId owner, String name, List<String> columns) {
  private static final int VERSION = 1;

  TableTicket {
    columns = List.copyOf(columns);
  }

  byte[] toBytes() {
    WireWriter out =
        new WireWriter(64)
            .int8(VERSION)
            .int64(xid)
            .int32(checksum)
            .string(owner.name())
            .string(name)
            .int32(columns.size());
    columns.forEach(out::string);
    return out.toBytes();
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws MalformedException if it is something else
   */
  static TableTicket read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int version = in.int8();
    if (version != VERSION) {
      throw new MalformedException("unknown version of a ticket: found=" + version);
    }
    long xid = in.int64();
    int checksum = in.int32();
    NodeId owner = owner(in.string());
    String name = in.string();
    List<String> columns = new ArrayList<>();
    for (int left = in.count(4); left > 0; left--) {
      columns.add(in.string());
    }
    in.end();
    return new TableTicket(xid, checksum, owner, name, columns);
  }

  private static NodeId owner(String name) {
    try {
      return new NodeId(name);
    } catch (IllegalArgumentException e) {
      throw new MalformedException("not a ticket: " + e.getMessage());
    }
  }
}

package io.quire.flight;

import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.datasets.DatasetVersion;
import io.quire.tables.TablePart;
import java.util.ArrayList;
import java.util.List;

/**
 * Names the rows of a stream: those of a version of a table that one node loaded, or the rest of
 * them. Any node can redeem it. It is no secret and proves nothing: who shows it must show the
 * token as well, and is given what he could have asked for by name.
 *
 * @param xid of the table's object
 * @param part the rows
 * @param name that the table had, for messages
 * @param columns their names, in the order that is wanted; none for all
 */
record TableTicket(long xid, TablePart part, String name, List<String> columns) {
  private static final int VERSION = 2;

  TableTicket {
    columns = List.copyOf(columns);
  }

  /** For what is left behind so many of its row groups. */
  TableTicket after(int groups) {
    return new TableTicket(xid, part.after(groups), name, columns);
  }

  byte[] toBytes() {
    WireWriter out =
        new WireWriter(64)
            .int8(VERSION)
            .int64(xid)
            .int32(part.version().extents())
            .int32(part.version().checksum())
            .string(part.owner().name())
            .int32(part.from())
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
    TablePart part = part(in);
    String name = in.string();
    List<String> columns = new ArrayList<>();
    for (int left = in.count(4); left > 0; left--) {
      columns.add(in.string());
    }
    in.end();
    return new TableTicket(xid, part, name, columns);
  }

  private static TablePart part(WireReader in) {
    try {
      DatasetVersion version = new DatasetVersion(in.int32(), in.int32());
      return new TablePart(version, new NodeId(in.string()), in.int32());
    } catch (IllegalArgumentException e) {
      throw new MalformedException("not a ticket: " + e.getMessage());
    }
  }
}

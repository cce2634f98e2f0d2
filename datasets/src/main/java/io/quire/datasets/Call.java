package io.quire.datasets;

import io.quire.ager.Copy;
import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A control request to a member. Layout: operation (1 byte), incarnation that is meant (8), xid
 * (8), then the parts of the record in their order.
 */
sealed interface Call {
  int LOAD = 1;
  int HOLD = 2;
  int DROP = 3;
  int ACTIVE = 4;
  int TAKE = 5;
  int SCAN = 6;
  int BEGIN = 7;
  int NEXT = 8;
  int END = 9;
  int SPARE = 10;
  int KEEP = 20;

  long xid();

  int operation();

  void writeBody(WireWriter out);

  /**
   * Load a part. Answered with a descriptor of its extents, without schema.
   *
   * @param dataset that the load makes, or that it appends to
   */
  record LoadPart(
      long xid,
      long dataset,
      long coordinator,
      String function,
      byte[] arguments,
      int part,
      int parts,
      boolean durable)
      implements Call {
    @Override
    public int operation() {
      return LOAD;
    }

    @Override
    public void writeBody(WireWriter out) {
      out.int64(dataset).int64(coordinator).string(function).bytes(arguments);
      out.int32(part).int32(parts).bool(durable);
    }
  }

  /** Say that you hold these extents, and drop what else you have: OK if so, GONE if not. */
  record Hold(long xid, Map<ExtentKey, Integer> crcs) implements Call {
    @Override
    public int operation() {
      return HOLD;
    }

    @Override
    public void writeBody(WireWriter out) {
      Varint.write(out, crcs.size());
      crcs.forEach(
          (key, crc) -> {
            key.write(out);
            out.int32(crc);
          });
    }
  }

  /** The load failed: drop what you have of it. */
  record Drop(long xid) implements Call {
    @Override
    public int operation() {
      return DROP;
    }

    @Override
    public void writeBody(WireWriter out) {}
  }

  /** Say whether you are still loading this: OK if so, GONE if not. */
  record Active(long xid) implements Call {
    @Override
    public int operation() {
      return ACTIVE;
    }

    @Override
    public void writeBody(WireWriter out) {}
  }

  /**
   * Pull an extent and keep it. Answered with a descriptor of it, without schema.
   *
   * @param dataset that the load makes, or that it appends to
   */
  record Take(
      long xid,
      long dataset,
      long coordinator,
      ExtentKey key,
      long rows,
      long bytes,
      int crc,
      boolean durable,
      Address from)
      implements Call {
    @Override
    public int operation() {
      return TAKE;
    }

    ExtentInfo info(NodeId owner, @Nullable Copy copy) {
      return new ExtentInfo(key.part(), key.group(), key.column(), rows, bytes, crc, owner, copy);
    }

    @Override
    public void writeBody(WireWriter out) {
      out.int64(dataset).int64(coordinator);
      key.write(out);
      out.int64(rows).int64(bytes).int32(crc).bool(durable);
      out.string(from.host()).uint16(from.port());
    }
  }

  /**
   * Pull the extents of a part from a member that holds them, and hold them as spares; those that
   * are there already count.
   *
   * @param dataset that the load makes, or that it appends to
   * @param from which incarnation
   * @param address where that listens
   */
  record Spare(
      long xid,
      long dataset,
      long coordinator,
      long from,
      Address address,
      List<ExtentInfo> extents)
      implements Call {
    @Override
    public int operation() {
      return SPARE;
    }

    @Override
    public void writeBody(WireWriter out) {
      out.int64(dataset).int64(coordinator).int64(from);
      out.string(address.host()).uint16(address.port());
      out.bytes(DescriptorCodec.write(Descriptor.of(new byte[0], extents)));
    }
  }

  /**
   * Take over parts that an attempt before had finished, by their durable copies. Answered with a
   * descriptor, without schema, of the extents of those that are held now.
   *
   * @param dataset that the load makes, or that it appends to
   * @param extents a descriptor without schema
   */
  record Keep(long xid, long dataset, long coordinator, byte[] extents) implements Call {
    @Override
    public int operation() {
      return KEEP;
    }

    @Override
    public void writeBody(WireWriter out) {
      out.int64(dataset).int64(coordinator).bytes(extents);
    }
  }

  /**
   * Scan these groups, ascending, of a version of a dataset.
   *
   * @param scan as the caller calls it, to end it
   * @param caller which incarnation
   * @param extents that the version has
   * @param checksum of these
   */
  record Scan(
      long xid,
      long scan,
      long caller,
      int extents,
      int checksum,
      String function,
      byte[] arguments,
      List<Integer> groups,
      long nanosLeft)
      implements Call {
    @Override
    public int operation() {
      return SCAN;
    }

    @Override
    public void writeBody(WireWriter out) {
      out.int64(scan).int64(caller);
      Varint.write(out, extents);
      out.int32(checksum).string(function).bytes(arguments).int64(nanosLeft);
      Varint.write(out, groups.size());
      int before = 0;
      for (int group : groups) {
        Varint.write(out, group - before);
        before = group;
      }
    }
  }

  /**
   * Begin to stream what is picked from these groups, ascending, of a version of a dataset, and
   * give the first of it. Answered with a {@link Picked}.
   *
   * @param stream as the caller calls it, for further requests
   * @param caller who may end before he says so
   * @param from the row of each group from which to go on
   */
  record Begin(
      long xid,
      long stream,
      long caller,
      int extents,
      int checksum,
      String function,
      byte[] arguments,
      boolean ordered,
      List<Integer> groups,
      List<Long> from,
      long nanosLeft)
      implements Call {
    @Override
    public int operation() {
      return BEGIN;
    }

    @Override
    public void writeBody(WireWriter out) {
      out.int64(stream).int64(caller);
      Varint.write(out, extents);
      out.int32(checksum).string(function).bytes(arguments).bool(ordered).int64(nanosLeft);
      Varint.write(out, groups.size());
      int before = 0;
      for (int i = 0; i < groups.size(); i++) {
        Varint.write(out, groups.get(i) - before);
        Varint.write(out, from.get(i));
        before = groups.get(i);
      }
    }
  }

  /** Give more of a stream. Answered with a {@link Picked}; LATER if there is no such stream. */
  record Next(long xid, long stream, long caller) implements Call {
    @Override
    public int operation() {
      return NEXT;
    }

    @Override
    public void writeBody(WireWriter out) {
      out.int64(stream).int64(caller);
    }
  }

  /**
   * A stream, or a scan, is not wanted any more.
   *
   * @param run the number of it
   */
  record End(long xid, long run, long caller) implements Call {
    @Override
    public int operation() {
      return END;
    }

    @Override
    public void writeBody(WireWriter out) {
      out.int64(run).int64(caller);
    }
  }

  /** Encodes, for one incarnation. */
  default byte[] toBytes(long target) {
    WireWriter out = new WireWriter(256).int8(operation()).int64(target).int64(xid());
    writeBody(out);
    return out.toBytes();
  }

  /** A request and whom it means. */
  record Addressed(long target, Call call) {}

  /**
   * Decodes.
   *
   * @throws MalformedException if the bytes are not a request
   */
  static Addressed read(ByteBuffer body) {
    WireReader in = new WireReader(body);
    int operation = in.int8();
    long target = in.int64();
    long xid = in.int64();
    Call call =
        switch (operation) {
          case LOAD ->
              new LoadPart(
                  xid,
                  in.int64(),
                  in.int64(),
                  in.string(),
                  in.bytes(),
                  in.int32(),
                  in.int32(),
                  in.bool());
          case HOLD -> new Hold(xid, readCrcs(in));
          case DROP -> new Drop(xid);
          case ACTIVE -> new Active(xid);
          case TAKE ->
              new Take(
                  xid,
                  in.int64(),
                  in.int64(),
                  ExtentKey.read(in),
                  in.int64(),
                  in.int64(),
                  in.int32(),
                  in.bool(),
                  new Address(in.string(), in.uint16()));
          case SPARE ->
              new Spare(
                  xid,
                  in.int64(),
                  in.int64(),
                  in.int64(),
                  new Address(in.string(), in.uint16()),
                  DescriptorCodec.read(in.bytes()).extents());
          case KEEP -> new Keep(xid, in.int64(), in.int64(), in.bytes());
          case SCAN -> readScan(xid, in);
          case BEGIN -> readBegin(xid, in);
          case NEXT -> new Next(xid, in.int64(), in.int64());
          case END -> new End(xid, in.int64(), in.int64());
          default -> throw new MalformedException("not an operation: found=" + operation);
        };
    in.end();
    return new Addressed(target, call);
  }

  private static Scan readScan(long xid, WireReader in) {
    long scan = in.int64();
    long caller = in.int64();
    int extents = Varint.readInt(in);
    int checksum = in.int32();
    String function = in.string();
    byte[] arguments = in.bytes();
    long nanosLeft = in.int64();
    List<Integer> groups = new ArrayList<>();
    int before = 0;
    for (int left = Varint.readInt(in, in.remaining()); left > 0; left--) {
      before += Varint.readInt(in, Integer.MAX_VALUE - before);
      groups.add(before);
    }
    return new Scan(xid, scan, caller, extents, checksum, function, arguments, groups, nanosLeft);
  }

  private static Begin readBegin(long xid, WireReader in) {
    long stream = in.int64();
    long caller = in.int64();
    int extents = Varint.readInt(in);
    int checksum = in.int32();
    String function = in.string();
    byte[] arguments = in.bytes();
    boolean ordered = in.bool();
    long nanosLeft = in.int64();
    List<Integer> groups = new ArrayList<>();
    List<Long> from = new ArrayList<>();
    int before = 0;
    for (int left = Varint.readInt(in, in.remaining() / 2); left > 0; left--) {
      before += Varint.readInt(in, Integer.MAX_VALUE - before);
      groups.add(before);
      from.add(Varint.read(in));
    }
    return new Begin(
        xid, stream, caller, extents, checksum, function, arguments, ordered, groups, from,
        nanosLeft);
  }

  private static Map<ExtentKey, Integer> readCrcs(WireReader in) {
    int count = Varint.readInt(in, in.remaining() / 7);
    Map<ExtentKey, Integer> crcs = new HashMap<>(count * 2);
    for (int i = 0; i < count; i++) {
      crcs.put(ExtentKey.read(in), in.int32());
    }
    return crcs;
  }
}

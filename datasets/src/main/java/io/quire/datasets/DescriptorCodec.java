package io.quire.datasets;

import io.quire.ager.Copy;
import io.quire.base.Checksum;
import io.quire.base.NodeId;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.datasets.Descriptor.Append;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The layout of a descriptor. Numbers without a size are {@link Varint}s. Version 3 is written only
 * if there are replicas, so that what has none can be read by nodes that do not know them.
 *
 * <pre>
 *   magic       4 bytes, with the version of the format, 1 to 3
 *   crc         4 bytes, CRC32C of all that follows
 *   schema      4 bytes length, bytes
 *   appends     count; each: load (8 bytes), first part, difference    not in version 1
 *   replicas    1 byte, 2 or 3                                     only in version 3
 *   owners      count, strings; those with spares too
 *   files       count; each: store, file, owner of the copy (strings)
 *   extents     count; each:
 *     flags     1 byte: what is as in the extent before it, and whether it has a durable copy
 *     part      difference              unless GROUP
 *     group     difference, or itself if the part is another    unless GROUP
 *     column    if GROUP, difference - 1
 *     rows                              unless ROWS
 *     bytes
 *     crc       4 bytes
 *     owner     number                  unless OWNER
 *     spares    count, each: number of an owner     unless SPARES; only in version 3
 *     file      number                  if DURABLE, unless FILE
 *     offset    in units of 4 KiB       if DURABLE
 *     extent    id of the writer's extent     if DURABLE
 * </pre>
 */
final class DescriptorCodec {
  /** What an object's value may take, less what surrounds it in its cell. */
  static final int BYTES_MAX = (2 << 20) - (8 << 10);

  private static final int MAGIC_1 = 0x3153_4451;
  private static final int MAGIC_2 = 0x3253_4451;
  private static final int MAGIC = 0x3353_4451;
  private static final int GROUP = 1;
  private static final int ROWS = 2;
  private static final int OWNER = 4;
  private static final int DURABLE = 8;
  private static final int FILE = 16;
  private static final int FLAGS = 31;
  private static final int SPARES = 32;
  private static final int OFFSET_UNIT = 4096;
  private static final int EXTENT_BYTES_MIN = 7;

  private DescriptorCodec() {}

  /** A file with copies, and who wrote it. */
  private record CopyFile(String store, String file, String owner) {
    static CopyFile of(Copy copy) {
      return new CopyFile(copy.store(), copy.file(), copy.owner());
    }
  }

  /** Encodes; how long it may be is the caller's to check. */
  static byte[] write(Descriptor descriptor) {
    List<ExtentInfo> extents = descriptor.extents();
    Map<NodeId, Integer> owners = new LinkedHashMap<>();
    Map<CopyFile, Integer> files = new LinkedHashMap<>();
    for (ExtentInfo info : extents) {
      info.holders().forEach(node -> owners.putIfAbsent(node, owners.size()));
      Copy copy = info.durable();
      if (copy != null) {
        files.putIfAbsent(CopyFile.of(copy), files.size());
      }
    }
    WireWriter out = new WireWriter(64 + descriptor.schema().length + extents.size() * 40);
    boolean spared = descriptor.replicas() > 1;
    out.int32(spared ? MAGIC : MAGIC_2).int32(0).bytes(descriptor.schema());
    writeAppends(out, descriptor.appends());
    if (spared) {
      out.int8(descriptor.replicas());
    }
    Varint.write(out, owners.size());
    owners.keySet().forEach(owner -> out.string(owner.name()));
    Varint.write(out, files.size());
    files.keySet().forEach(file -> out.string(file.store).string(file.file).string(file.owner));
    Varint.write(out, extents.size());
    @Nullable ExtentInfo before = null;
    for (ExtentInfo info : extents) {
      write(out, spared, before, info, owners, files);
      before = info;
    }
    byte[] bytes = out.toBytes();
    int crc = Checksum.of(bytes, 8, bytes.length - 8);
    return out.int32At(4, crc).toBytes();
  }

  private static void writeAppends(WireWriter out, List<Append> appends) {
    Varint.write(out, appends.size());
    int before = 0;
    for (Append append : appends) {
      out.int64(append.load());
      Varint.write(out, append.firstPart() - before);
      before = append.firstPart();
    }
  }

  private static List<Append> readAppends(WireReader in) {
    List<Append> appends = new ArrayList<>();
    int before = 0;
    for (int left = count(in, 9); left > 0; left--) {
      long load = in.int64();
      before = Math.addExact(before, Varint.readInt(in));
      appends.add(new Append(load, before));
    }
    return appends;
  }

  private static void write(
      WireWriter out,
      boolean spared,
      @Nullable ExtentInfo before,
      ExtentInfo info,
      Map<NodeId, Integer> owners,
      Map<CopyFile, Integer> files) {
    Copy copy = info.durable();
    boolean sameSpares = spared && before != null && before.spares().equals(info.spares());
    int flags = flags(before, info) | (sameSpares ? SPARES : 0);
    out.int8(flags);
    if ((flags & GROUP) == 0) {
      int part = before == null ? 0 : before.part();
      boolean samePart = before != null && before.part() == info.part();
      int group = before != null && samePart ? before.group() : 0;
      Varint.write(out, info.part() - part);
      Varint.write(out, info.group() - group);
      Varint.write(out, info.column());
    } else if (before != null) {
      Varint.write(out, info.column() - before.column() - 1);
    }
    if ((flags & ROWS) == 0) {
      Varint.write(out, info.rows());
    }
    Varint.write(out, info.bytes());
    out.int32(info.crc());
    if ((flags & OWNER) == 0) {
      Varint.write(out, number(owners, info.owner()));
    }
    if (spared && !sameSpares) {
      Varint.write(out, info.spares().size());
      info.spares().forEach(node -> Varint.write(out, number(owners, node)));
    }
    if (copy != null) {
      if ((flags & FILE) == 0) {
        Varint.write(out, number(files, CopyFile.of(copy)));
      }
      Varint.write(out, copy.offset() / OFFSET_UNIT);
      Varint.write(out, copy.extent());
    }
  }

  private static <T> int number(Map<T, Integer> numbers, T thing) {
    Integer number = numbers.get(thing);
    if (number == null) {
      throw new IllegalStateException("not in its table: " + thing);
    }
    return number;
  }

  private static int flags(@Nullable ExtentInfo before, ExtentInfo info) {
    Copy copy = info.durable();
    int flags = copy == null ? 0 : DURABLE;
    if (before == null) {
      return flags;
    }
    if (before.part() == info.part() && before.group() == info.group()) {
      flags |= GROUP;
    }
    if (before.rows() == info.rows()) {
      flags |= ROWS;
    }
    if (before.owner().equals(info.owner())) {
      flags |= OWNER;
    }
    Copy last = before.durable();
    if (copy != null && last != null && CopyFile.of(copy).equals(CopyFile.of(last))) {
      flags |= FILE;
    }
    return flags;
  }

  /**
   * Decodes.
   *
   * @throws MalformedException if the bytes are not a descriptor, whatever they are
   */
  static Descriptor read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int magic = in.int32();
    if (magic != MAGIC && magic != MAGIC_2 && magic != MAGIC_1) {
      throw new MalformedException(
          "not a descriptor: magicFound=%08x magicWanted=%08x".formatted(magic, MAGIC));
    }
    int wanted = in.int32();
    int found = Checksum.of(ByteBuffer.wrap(bytes, 8, bytes.length - 8));
    if (found != wanted) {
      throw new MalformedException(
          "descriptor damaged: crcFound=%08x crcWanted=%08x".formatted(found, wanted));
    }
    try {
      return readBody(in, magic != MAGIC_1, magic == MAGIC);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new MalformedException("not a descriptor: reason=" + e.getMessage());
    }
  }

  private static Descriptor readBody(WireReader in, boolean appended, boolean spared) {
    byte[] schema = in.bytes();
    List<Append> appends = appended ? readAppends(in) : List.of();
    int replicas = spared ? in.int8() : 1;
    List<NodeId> owners = new ArrayList<>();
    for (int left = count(in, 5); left > 0; left--) {
      owners.add(new NodeId(in.string()));
    }
    List<CopyFile> files = new ArrayList<>();
    for (int left = count(in, 12); left > 0; left--) {
      files.add(new CopyFile(in.string(), in.string(), in.string()));
    }
    int count = count(in, EXTENT_BYTES_MIN);
    List<ExtentInfo> extents = new ArrayList<>(count);
    @Nullable ExtentInfo before = null;
    for (int i = 0; i < count; i++) {
      before = read(in, spared, before, owners, files);
      extents.add(before);
    }
    in.end();
    return Descriptor.of(schema, extents, appends, replicas);
  }

  private static int count(WireReader in, int bytesEach) {
    return Varint.readInt(in, in.remaining() / bytesEach);
  }

  private static ExtentInfo read(
      WireReader in,
      boolean spared,
      @Nullable ExtentInfo before,
      List<NodeId> owners,
      List<CopyFile> files) {
    int flags = in.int8();
    int known = spared ? FLAGS | SPARES : FLAGS;
    if ((flags & ~known) != 0 || (before == null && (flags & ~DURABLE) != 0)) {
      throw new MalformedException("not the flags of an extent: found=" + flags);
    }
    ExtentKey key = readKey(in, flags, before);
    long rows = before != null && (flags & ROWS) != 0 ? before.rows() : Varint.read(in);
    long bytes = Varint.read(in);
    int crc = in.int32();
    NodeId owner =
        before != null && (flags & OWNER) != 0
            ? before.owner()
            : owners.get(index(in, owners.size()));
    List<NodeId> spares = List.of();
    if (before != null && (flags & SPARES) != 0) {
      spares = before.spares();
    } else if (spared) {
      spares = readSpares(in, owners);
    }
    Copy copy = null;
    if ((flags & DURABLE) != 0) {
      Copy last = before == null ? null : before.durable();
      CopyFile file;
      if ((flags & FILE) == 0) {
        file = files.get(index(in, files.size()));
      } else if (last != null) {
        file = CopyFile.of(last);
      } else {
        throw new MalformedException("no copy before this one: " + key);
      }
      long offset = Math.multiplyExact(Varint.read(in), (long) OFFSET_UNIT);
      long extent = Varint.read(in);
      copy = new Copy(file.store, file.file, offset, bytes, crc, extent, file.owner);
    }
    return new ExtentInfo(
        key.part(), key.group(), key.column(), rows, bytes, crc, owner, spares, copy);
  }

  private static List<NodeId> readSpares(WireReader in, List<NodeId> owners) {
    List<NodeId> spares = new ArrayList<>();
    for (int left = Varint.readInt(in, LoadOptions.REPLICAS_MAX - 1); left > 0; left--) {
      spares.add(owners.get(index(in, owners.size())));
    }
    return spares;
  }

  private static int index(WireReader in, int size) {
    return Varint.readInt(in, size - 1);
  }

  private static ExtentKey readKey(WireReader in, int flags, @Nullable ExtentInfo before) {
    if (before == null) {
      return ExtentKey.read(in);
    }
    if ((flags & GROUP) != 0) {
      int column = Math.addExact(before.column() + 1, Varint.readInt(in));
      return new ExtentKey(before.part(), before.group(), column);
    }
    int parts = Varint.readInt(in);
    int group = Varint.readInt(in);
    return new ExtentKey(
        Math.addExact(before.part(), parts),
        parts == 0 ? Math.addExact(before.group(), group) : group,
        Varint.readInt(in));
  }
}

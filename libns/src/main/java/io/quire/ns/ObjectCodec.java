package io.quire.ns;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.gvm.Versioned;

/**
 * The keys and values of the cells that make objects.
 *
 * <pre>
 *   n/(namespace)/(name)   xid (64 bits)
 *   x/(xid)                flags, namespace, creator, created, name, kind, value
 *   l/(namespace)          named by every create, delete and rename, so that listings wait for them
 *   c/xid                  the next block of xids
 * </pre>
 */
final class ObjectCodec {
  static final String NAME_PREFIX = "n/";
  static final String XID_PREFIX = "x/";
  static final String XID_COUNTER = "c/xid";

  private static final int DRAINING = 1;
  private static final int SESSION = 2;

  private ObjectCodec() {}

  static String nameKey(long namespace, String name) {
    return NAME_PREFIX + Long.toHexString(namespace) + name;
  }

  static String xidKey(long xid) {
    return XID_PREFIX + Long.toHexString(xid);
  }

  static String listKey(long namespace) {
    return "l/" + Long.toHexString(namespace);
  }

  static long namespaceOf(String nameKey) {
    return Long.parseUnsignedLong(nameKey, 2, nameKey.indexOf('/', 2), 16);
  }

  static String nameOf(String nameKey) {
    return nameKey.substring(nameKey.indexOf('/', 2));
  }

  static long xidOf(String xidKey) {
    return Long.parseUnsignedLong(xidKey, 2, xidKey.length(), 16);
  }

  static byte[] number(long number) {
    return new WireWriter(8).int64(number).toBytes();
  }

  static long number(byte[] bytes) {
    return new WireReader(bytes).int64();
  }

  static byte[] write(NsObject object) {
    int flags =
        (object.draining() ? DRAINING : 0) | (object.lifetime() == Lifetime.SESSION ? SESSION : 0);
    return new WireWriter(object.value().length + 96)
        .int8(flags)
        .int64(object.namespace().id())
        .int64(object.creator())
        .int64(object.created())
        .string(object.name())
        .string(object.kind())
        .bytes(object.value())
        .toBytes();
  }

  static NsObject read(long xid, Versioned cell) {
    WireReader in = new WireReader(cell.value());
    int flags = in.int8();
    NsHandle namespace = new NsHandle(in.int64());
    long creator = in.int64();
    long created = in.int64();
    return new NsObject(
        xid,
        namespace,
        in.string(),
        in.string(),
        (flags & SESSION) != 0 ? Lifetime.SESSION : Lifetime.DURABLE,
        creator,
        created,
        (flags & DRAINING) != 0,
        cell.version(),
        in.bytes());
  }

  /** Reads the flags alone. */
  static boolean draining(byte[] value) {
    return (value[0] & DRAINING) != 0;
  }
}

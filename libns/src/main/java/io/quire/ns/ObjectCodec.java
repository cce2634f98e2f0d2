package io.quire.ns;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.gvm.Key;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The keys and values of the cells that make objects.
 *
 * <pre>
 *   (name)                 xid (64 bits), of a name in the root namespace that begins with /
 *   n/(namespace)(name)    xid, of such a name in another namespace
 *   n/(namespace):(name)   xid, of a name that does not begin so, in any namespace
 *   x/(xid)                flags, namespace, creator, created, name, kind, value
 *   l/(namespace)          named by every create, delete and rename, so that listings wait for them
 *   c/xid                  the next block of xids
 * </pre>
 */
final class ObjectCodec {
  static final String XID_PREFIX = "x/";
  static final String XID_COUNTER = "c/xid";

  private static final String NAME_PREFIX = "n/";
  private static final String RELATIVE = ":";
  private static final int KINDS_MAX = 256;
  private static final ConcurrentHashMap<String, String> KINDS = new ConcurrentHashMap<>();
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int DRAINING = 1;
  private static final int SESSION = 2;
  private static final int UNTIL_CLOSED = 4;
  private static final int OPENED = 8;
  private static final int LIFETIMES = SESSION | UNTIL_CLOSED;
  private static final int FLAGS = DRAINING | LIFETIMES | OPENED;

  /** What an object takes besides its name, kind and value. */
  private static final int FIXED_BYTES = 1 + 3 * Long.BYTES + 3 * Integer.BYTES;

  private static final char NO_TEXT = '\uFFFD';

  private ObjectCodec() {}

  static String nameKey(long namespace, String name) {
    if (isAbsolute(name)) {
      return namespace == 0 ? name : NAME_PREFIX + Long.toHexString(namespace) + name;
    }
    return NAME_PREFIX + Long.toHexString(namespace) + RELATIVE + name;
  }

  static boolean isAbsolute(String name) {
    return name.startsWith("/");
  }

  static String xidKey(long xid) {
    return XID_PREFIX + Long.toHexString(xid);
  }

  static String listKey(long namespace) {
    return "l/" + Long.toHexString(namespace);
  }

  static boolean isNameKey(Key key) {
    return key.isNamed() || isAbsolute(key.text());
  }

  static boolean isXidKey(Key key) {
    return key.isNumber();
  }

  /** Whether a number that fits stands between the prefix, of two, and this place. */
  static boolean isHexadecimal(String key, int end) {
    for (int i = 2; i < end; i++) {
      if (i >= 2 + 2 * Long.BYTES || !HexFormat.isHexDigit(key.charAt(i))) {
        return false;
      }
    }
    return end > 2;
  }

  static long namespaceOf(Key nameKey) {
    return nameKey.isNamed() ? nameKey.number() : 0;
  }

  static String nameOf(Key nameKey) {
    return nameKey.isNamed() ? nameKey.name() : nameKey.text();
  }

  static long xidOf(Key xidKey) {
    return xidKey.number();
  }

  static byte[] number(long number) {
    return new WireWriter(8).int64(number).toBytes();
  }

  static long number(byte[] bytes) {
    return (long) LONG.get(bytes, 0);
  }

  /** There are few kinds and many objects. */
  private static String shared(String kind) {
    String known = KINDS.get(kind);
    if (known == null && KINDS.size() < KINDS_MAX) {
      known = KINDS.putIfAbsent(kind, kind);
    }
    return known == null ? kind : known;
  }

  static byte[] write(NsObject object) {
    int flags =
        (object.draining() ? DRAINING : 0)
            | (object.opened() ? OPENED : 0)
            | switch (object.lifetime()) {
              case DURABLE -> 0;
              case SESSION -> SESSION;
              case UNTIL_CLOSED -> UNTIL_CLOSED;
            };
    byte[] name = object.name().getBytes(StandardCharsets.UTF_8);
    byte[] kind = object.kind().getBytes(StandardCharsets.UTF_8);
    return new WireWriter(FIXED_BYTES + name.length + kind.length + object.held().length)
        .int8(flags)
        .int64(object.namespace().id())
        .int64(object.creator())
        .int64(object.created())
        .bytes(name)
        .bytes(kind)
        .bytes(object.held())
        .toBytes();
  }

  /** Whether {@link #write} makes these very bytes of the object that was read from them. */
  static boolean isExact(NsObject object, byte[] value) {
    int flags = value[0];
    boolean known = (flags & ~FLAGS) == 0 && (flags & LIFETIMES) != LIFETIMES;
    // What is no UTF-8 is read as this character. Where it stands by right, all is compared.
    boolean text = object.name().indexOf(NO_TEXT) < 0 && object.kind().indexOf(NO_TEXT) < 0;
    return known && (text || Arrays.equals(write(object), value));
  }

  /** As {@link #read(long, byte[], long)}. If the name is this very one, that string is held. */
  static NsObject read(long xid, byte[] value, long version, String likelyName) {
    WireReader in = new WireReader(value);
    int flags = in.int8();
    long number = in.int64();
    NsHandle namespace = number == 0 ? NsHandle.ROOT : new NsHandle(number);
    long creator = in.int64();
    long created = in.int64();
    String name = in.string();
    String kind = in.string();
    byte[] held = in.bytes();
    in.end();
    return new NsObject(
        xid,
        namespace,
        name.equals(likelyName) ? likelyName : name,
        shared(kind),
        lifetime(flags),
        creator,
        created,
        (flags & DRAINING) != 0,
        (flags & OPENED) != 0,
        version,
        held);
  }

  private static Lifetime lifetime(int flags) {
    if ((flags & SESSION) != 0) {
      return Lifetime.SESSION;
    }
    return (flags & UNTIL_CLOSED) != 0 ? Lifetime.UNTIL_CLOSED : Lifetime.DURABLE;
  }

  static NsObject read(long xid, byte[] value, long version) {
    return read(xid, value, version, "");
  }
}

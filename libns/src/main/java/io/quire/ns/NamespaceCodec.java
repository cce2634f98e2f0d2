package io.quire.ns;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.Optional;

/**
 * The keys and values of the cells that make namespaces.
 *
 * <pre>
 *   s/(namespace)   version of this form, creator, created, quota, name or nothing
 *   w/(name)        namespace (64 bits)
 *   l/w             named by every change of a name, so that listings wait for them
 * </pre>
 */
final class NamespaceCodec {
  static final String LIST_KEY = "l/w";

  private static final String PREFIX = "s/";
  private static final String NAME_PREFIX = "w/";
  private static final int FORM = 1;

  private NamespaceCodec() {}

  static String key(long namespace) {
    return PREFIX + Long.toHexString(namespace);
  }

  static String nameKey(String name) {
    return NAME_PREFIX + name;
  }

  static boolean isKey(String key) {
    return key.startsWith(PREFIX) && ObjectCodec.isHexadecimal(key, key.length());
  }

  static boolean isNameKey(String key) {
    return key.startsWith(NAME_PREFIX);
  }

  static long idOf(String key) {
    return Long.parseUnsignedLong(key, PREFIX.length(), key.length(), 16);
  }

  static String nameOf(String nameKey) {
    return nameKey.substring(NAME_PREFIX.length());
  }

  static byte[] write(NamespaceInfo info) {
    return new WireWriter(64)
        .int8(FORM)
        .int64(info.creator())
        .int64(info.created())
        .int64(info.quota().objects())
        .int64(info.quota().bytes())
        .string(info.name().orElse(""))
        .toBytes();
  }

  static NamespaceInfo read(long id, byte[] value, long version) {
    WireReader in = new WireReader(value);
    int form = in.int8();
    if (form != FORM) {
      throw new WireReader.MalformedException("not a namespace: form=" + form + " wanted=" + FORM);
    }
    long creator = in.int64();
    long created = in.int64();
    long objects = in.int64();
    long bytes = in.int64();
    String name = in.string();
    in.end();
    if (objects < 0 || bytes < 0) {
      throw new WireReader.MalformedException("not a quota: objects=" + objects);
    }
    return new NamespaceInfo(
        new NsHandle(id),
        name.isEmpty() ? Optional.empty() : Optional.of(name),
        creator,
        created,
        new Quota(objects, bytes),
        version);
  }
}

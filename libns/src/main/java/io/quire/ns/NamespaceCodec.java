package io.quire.ns;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.gvm.Versioned;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The keys and values of the cells that make namespaces.
 *
 * <pre>
 *   s/(namespace)   version of this form, creator, created, quota, name or nothing, access list;
 *                   of the root (0) only if it has a list
 *   w/(name)        namespace (64 bits)
 *   l/w             named by every change of a name, so that listings wait for them
 * </pre>
 */
final class NamespaceCodec {
  static final String LIST_KEY = "l/w";

  private static final String PREFIX = "s/";
  private static final String NAME_PREFIX = "w/";

  /** Without a list. */
  private static final int OPEN_FORM = 1;

  private static final int FORM = 2;
  private static final Access[] ACCESS = Access.values();

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

  static byte[] write(NamespaceInfo info, Optional<AccessList> access) {
    WireWriter out =
        new WireWriter(64)
            .int8(access.isPresent() ? FORM : OPEN_FORM)
            .int64(info.creator())
            .int64(info.created())
            .int64(info.quota().objects())
            .int64(info.quota().bytes())
            .string(info.name().orElse(""));
    access.ifPresent(
        list -> {
          out.int8(list.others().ordinal()).int32(list.granted().size());
          list.granted()
              .forEach((principal, has) -> out.string(principal.name()).int8(has.ordinal()));
        });
    return out.toBytes();
  }

  static NamespaceCell read(long id, byte[] value, long version) {
    WireReader in = new WireReader(value);
    int form = in.int8();
    if (form != OPEN_FORM && form != FORM) {
      throw new WireReader.MalformedException(
          "not a namespace: form=%d wanted=%d..%d".formatted(form, OPEN_FORM, FORM));
    }
    long creator = in.int64();
    long created = in.int64();
    long objects = in.int64();
    long bytes = in.int64();
    String name = in.string();
    Optional<AccessList> access = form == FORM ? Optional.of(accessList(in)) : Optional.empty();
    in.end();
    if (objects < 0 || bytes < 0) {
      throw new WireReader.MalformedException("not a quota: objects=" + objects);
    }
    NamespaceInfo info =
        new NamespaceInfo(
            new NsHandle(id),
            name.isEmpty() ? Optional.empty() : Optional.of(name),
            creator,
            created,
            new Quota(objects, bytes),
            version);
    return new NamespaceCell(info, access);
  }

  private static AccessList accessList(WireReader in) {
    Access others = access(in.int8());
    TreeMap<Principal, Access> granted = new TreeMap<>();
    try {
      for (int left = in.count(5); left > 0; left--) {
        Principal principal = new Principal(in.string());
        if (!granted.isEmpty() && granted.lastKey().compareTo(principal) >= 0) {
          throw new WireReader.MalformedException("not in order: principal=" + principal);
        }
        granted.put(principal, access(in.int8()));
      }
      return new AccessList(granted, others);
    } catch (IllegalArgumentException e) {
      throw new WireReader.MalformedException("not an access list: " + e.getMessage());
    }
  }

  private static Access access(int number) {
    if (number < 0 || number >= ACCESS.length) {
      throw new WireReader.MalformedException("not an access: found=" + number);
    }
    return ACCESS[number];
  }

  /**
   * Who may do what in a namespace, by its cell; empty if there is no such namespace. Nobody may do
   * anything where the cell cannot be read.
   */
  static Optional<AccessList> access(long id, @Nullable Versioned cell) {
    return switch (cell) {
      case null -> id == 0 ? Optional.of(AccessList.OPEN) : Optional.empty();
      case NamespaceCell known -> Optional.of(known.access());
      default -> Optional.of(readable(id, cell));
    };
  }

  /** What a hint showed ahead of the log is bytes still. */
  private static AccessList readable(long id, Versioned cell) {
    try {
      return read(id, cell.value(), cell.version()).access();
    } catch (WireReader.MalformedException e) {
      return AccessList.CLOSED;
    }
  }
}

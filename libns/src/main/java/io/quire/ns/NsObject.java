package io.quire.ns;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An object as of one version. It is a copy: it does not change and holds nothing.
 *
 * @param xid unique in the cluster for ever
 * @param namespace whose name it has
 * @param name unique in the namespace
 * @param kind what its maker says it is, such as {@code dataset}
 * @param lifetime how long it lives
 * @param creator the incarnation that made it
 * @param created by the creator's wall clock, milliseconds since 1970
 * @param draining it was deleted and waits for its last reference
 * @param opened of one that lives until it is closed: it was opened
 * @param version position of its last change
 * @param value what it holds, encoded; see {@link Values}
 */
public record NsObject(
    long xid,
    NsHandle namespace,
    String name,
    String kind,
    Lifetime lifetime,
    long creator,
    long created,
    boolean draining,
    boolean opened,
    long version,
    byte[] value) {
  /** How large a value may be: 2 MiB. */
  public static final int VALUE_BYTES_MAX = 2 << 20;

  /**
   * What it holds, a copy: many readers share this object, and the node's own state is made of it.
   */
  @Override
  public byte[] value() {
    return value.clone();
  }

  /** The same without a copy, for who does not change it and does not hand it on. */
  byte[] held() {
    return value;
  }

  /** Whether all is the same, the value byte by byte. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof NsObject that
        && xid == that.xid
        && version == that.version
        && draining == that.draining
        && opened == that.opened
        && creator == that.creator
        && created == that.created
        && lifetime == that.lifetime
        && namespace.equals(that.namespace)
        && name.equals(that.name)
        && kind.equals(that.kind)
        && Arrays.equals(value, that.value);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(xid) * 31 + Long.hashCode(version);
  }

  /** Without the value. */
  @Override
  public String toString() {
    return "NsObject[xid=%s namespace=%s name=%s kind=%s %s version=%d bytes=%d%s]"
        .formatted(
            xidText(),
            namespace.text(),
            name,
            kind,
            lifetime,
            version,
            value.length,
            draining ? " draining" : "");
  }

  /** For people: hexadecimal. */
  public String xidText() {
    return Long.toHexString(xid);
  }

  NsObject withName(NsHandle space, String next) {
    return with(space, next, draining, opened, version, value);
  }

  NsObject withValue(byte[] next) {
    return with(namespace, name, draining, opened, version, next);
  }

  NsObject deleted() {
    return with(namespace, name, true, opened, version, value);
  }

  NsObject at(long position) {
    return with(namespace, name, draining, opened, position, value);
  }

  NsObject withOpened() {
    return with(namespace, name, draining, true, version, value);
  }

  private NsObject with(
      NsHandle space,
      String nextName,
      boolean drains,
      boolean wasOpened,
      long position,
      byte[] nextValue) {
    return new NsObject(
        xid, space, nextName, kind, lifetime, creator, created, drains, wasOpened, position,
        nextValue);
  }
}

package io.quire.ns;

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

  /** For people: hexadecimal. */
  public String xidText() {
    return Long.toHexString(xid);
  }

  NsObject withName(String next) {
    return with(next, draining, version, value);
  }

  NsObject withValue(byte[] next) {
    return with(name, draining, version, next);
  }

  NsObject deleted() {
    return with(name, true, version, value);
  }

  NsObject at(long position) {
    return with(name, draining, position, value);
  }

  private NsObject with(String nextName, boolean drains, long position, byte[] nextValue) {
    return new NsObject(
        xid, namespace, nextName, kind, lifetime, creator, created, drains, position, nextValue);
  }
}

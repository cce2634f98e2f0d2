package io.quire.ns;

import io.quire.gvm.Versioned;
import org.jspecify.annotations.Nullable;

/**
 * The cell of a name: the id it stands for, and the way to the object. With that a lookup by name
 * is one look at the hash table instead of two.
 */
final class NameCell extends Versioned {
  private final long xid;

  /** Set on the loop and read by any thread, by a race: what it leads to has final fields only. */
  private @Nullable ObjectCell object;

  NameCell(long xid, long version) {
    super(version);
    this.xid = xid;
  }

  long xid() {
    return xid;
  }

  /**
   * The last version of the object that was applied here, or null; it has this name and does not
   * drain. It counts if it is {@link #current}.
   */
  @Nullable ObjectCell object() {
    return object;
  }

  void leadTo(ObjectCell applied) {
    object = applied;
  }

  @Override
  public byte[] value() {
    return ObjectCodec.number(xid);
  }
}

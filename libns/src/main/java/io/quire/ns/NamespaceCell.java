package io.quire.ns;

import io.quire.gvm.Versioned;
import java.util.Optional;

/** The cell of a namespace: what it is and who may do what in it, in the place of its bytes. */
final class NamespaceCell extends Versioned {
  private final NamespaceInfo info;
  private final Optional<AccessList> access;

  /**
   * @param access empty if it has no list of its own; see {@link AccessList#OPEN}
   */
  NamespaceCell(NamespaceInfo info, Optional<AccessList> access) {
    super(info.version());
    this.info = info;
    this.access = access;
  }

  NamespaceInfo info() {
    return info;
  }

  AccessList access() {
    return access.orElse(AccessList.OPEN);
  }

  NamespaceCell limited(Quota quota) {
    return new NamespaceCell(info.limited(quota), access);
  }

  NamespaceCell with(AccessList next) {
    return new NamespaceCell(info, Optional.of(next));
  }

  @Override
  public byte[] value() {
    return NamespaceCodec.write(info, access);
  }
}

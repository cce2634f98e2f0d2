package io.quire.ns;

import io.quire.gvm.Versioned;

/** The cell of a namespace: what it is, in the place of its bytes. */
final class NamespaceCell extends Versioned {
  private final NamespaceInfo info;

  NamespaceCell(NamespaceInfo info) {
    super(info.version());
    this.info = info;
  }

  NamespaceInfo info() {
    return info;
  }

  @Override
  public byte[] value() {
    return NamespaceCodec.write(info);
  }
}

package io.quire.ns;

import io.quire.gvm.Versioned;

/** The cell of an object: the object, in the place of its bytes. */
final class ObjectCell extends Versioned {
  private final NsObject object;

  ObjectCell(NsObject object) {
    super(object.version());
    this.object = object;
  }

  NsObject object() {
    return object;
  }

  @Override
  public byte[] value() {
    return ObjectCodec.write(object);
  }
}

package io.quire.ns;

import io.quire.gvm.Versioned;
import java.util.Optional;

/**
 * The cell of an object: the object, in the place of its bytes. It is wrapped as lookups answer it,
 * so that they make nothing.
 */
final class ObjectCell extends Versioned {
  private final Optional<NsObject> object;

  ObjectCell(NsObject object) {
    super(object.version());
    this.object = Optional.of(object);
  }

  NsObject object() {
    return object.orElseThrow();
  }

  Optional<NsObject> found() {
    return object;
  }

  @Override
  public byte[] value() {
    return ObjectCodec.write(object());
  }
}

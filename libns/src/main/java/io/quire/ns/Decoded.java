package io.quire.ns;

import io.quire.gvm.Versioned;

/**
 * An object in the place of the bytes of its cell, which are all of it but the id and the version.
 */
record Decoded(NsObject object) implements Versioned.Form {
  @Override
  public byte[] encoded() {
    return ObjectCodec.write(object);
  }
}

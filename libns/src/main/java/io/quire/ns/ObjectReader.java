package io.quire.ns;

import io.quire.base.WireReader;
import io.quire.gvm.Key;
import io.quire.gvm.Versioned;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads names, objects and namespaces once for each version, as the log brings them. On the loop.
 */
final class ObjectReader implements Versioned.Reader {
  private String lastName = "";

  @Override
  public @Nullable Versioned read(Key key, byte[] value, long version) {
    try {
      if (ObjectCodec.isNameKey(key)) {
        lastName = ObjectCodec.nameOf(key);
        return value.length == Long.BYTES ? new NameCell(ObjectCodec.number(value), version) : null;
      }
      if (ObjectCodec.isXidKey(key)) {
        NsObject object = ObjectCodec.read(ObjectCodec.xidOf(key), value, version, lastName);
        // Flags that are not known here, or a name that is no UTF-8, would not come back.
        return ObjectCodec.isExact(object, value) ? new ObjectCell(object) : null;
      }
      if (NamespaceCodec.isKey(key.text())) {
        Versioned cell = NamespaceCodec.read(NamespaceCodec.idOf(key.text()), value, version);
        return Arrays.equals(cell.value(), value) ? cell : null;
      }
      return null;
    } catch (WireReader.MalformedException e) {
      // Not ours, though the key looks like it; it stays as it is.
      return null;
    }
  }
}

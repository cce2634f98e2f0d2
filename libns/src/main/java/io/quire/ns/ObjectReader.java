package io.quire.ns;

import io.quire.base.WireReader;
import io.quire.gvm.Versioned;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads names, objects and namespaces once for each version, as the log brings them. On the loop.
 */
final class ObjectReader implements Versioned.Reader {
  private String lastKey = "";

  @Override
  public @Nullable Versioned read(String key, byte[] value, long version) {
    try {
      if (ObjectCodec.isNameKey(key)) {
        lastKey = key;
        return value.length == Long.BYTES ? new NameCell(ObjectCodec.number(value), version) : null;
      }
      if (!ObjectCodec.isXidKey(key) && !NamespaceCodec.isKey(key)) {
        return null;
      }
      Versioned cell =
          ObjectCodec.isXidKey(key)
              ? new ObjectCell(ObjectCodec.read(ObjectCodec.xidOf(key), value, version, lastKey))
              : NamespaceCodec.read(NamespaceCodec.idOf(key), value, version);
      // Flags that are not known here, or a name that is no UTF-8, would not come back.
      return Arrays.equals(cell.value(), value) ? cell : null;
    } catch (WireReader.MalformedException e) {
      // Not ours, though the key looks like it; it stays as it is.
      return null;
    }
  }
}

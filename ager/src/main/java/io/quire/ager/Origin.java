package io.quire.ager;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.UUID;

/**
 * For whom a durable copy was made. It stands in the copy's header, so that whoever finds a copy
 * can find out whether anybody needs it; the ager itself makes nothing of it.
 *
 * @param cluster that made it: several may use one store
 * @param load what made it
 * @param object that needs it, or will
 */
public record Origin(UUID cluster, long load, long object) {
  /** Of copies of which nobody said that. */
  public static final Origin NONE = new Origin(new UUID(0, 0), 0, 0);

  WireWriter write() {
    return new WireWriter(32)
        .int64(cluster.getMostSignificantBits())
        .int64(cluster.getLeastSignificantBits())
        .int64(load)
        .int64(object);
  }

  static Origin read(WireReader in) {
    return new Origin(new UUID(in.int64(), in.int64()), in.int64(), in.int64());
  }
}

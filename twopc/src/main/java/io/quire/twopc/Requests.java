package io.quire.twopc;

import io.quire.base.RequestId;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.LinkedHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What became of the last {@value #KNOWN_MAX} requests that had a name, by the log alone. A request
 * that is in here does not happen again.
 */
final class Requests {
  /** The oldest in the log is forgotten for the next one. */
  static final int KNOWN_MAX = 65_536;

  /**
   * An end.
   *
   * @param position where it was decided
   * @param result as {@link Decisions#apply} answered it
   */
  record End(long position, byte[] result) {}

  private final LinkedHashMap<RequestId, End> ends = new LinkedHashMap<>();

  @Nullable End end(RequestId id) {
    return ends.get(id);
  }

  void add(RequestId id, long position, byte[] result) {
    ends.put(id, new End(position, result));
    if (ends.size() > KNOWN_MAX) {
      ends.pollFirstEntry();
    }
  }

  void save(WireWriter out) {
    capture().accept(out);
  }

  /** What there is now, to be written later. */
  Consumer<WireWriter> capture() {
    RequestId[] ids = ends.keySet().toArray(new RequestId[0]);
    End[] now = ends.values().toArray(new End[0]);
    return out -> {
      out.int32(now.length);
      for (int i = 0; i < now.length; i++) {
        ids[i].write(out);
        out.int64(now[i].position()).bytes(now[i].result());
      }
    };
  }

  void restore(WireReader in) {
    ends.clear();
    for (int left = in.count(RequestId.BYTES + 12); left > 0; left--) {
      ends.put(RequestId.read(in), new End(in.int64(), in.bytes()));
    }
  }
}

package io.quire.twopc;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.LinkedHashMap;
import java.util.Map;
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
   * @param result as {@link TwoPhase#apply} answered it
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
    out.int32(ends.size());
    for (Map.Entry<RequestId, End> entry : ends.entrySet()) {
      entry.getKey().write(out);
      out.int64(entry.getValue().position()).bytes(entry.getValue().result());
    }
  }

  void restore(WireReader in) {
    ends.clear();
    for (int left = in.count(RequestId.BYTES + 12); left > 0; left--) {
      ends.put(RequestId.read(in), new End(in.int64(), in.bytes()));
    }
  }
}

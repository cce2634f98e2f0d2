package io.quire.lockserver;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;

/**
 * One session of a node: an incarnation, and the position of the entry by which it joined. An
 * incarnation that was expired and joined again has another.
 */
record Tenure(long incarnation, long joined) implements Comparable<Tenure> {
  static final int BYTES = 16;

  void write(WireWriter out) {
    out.int64(incarnation).int64(joined);
  }

  static Tenure read(WireReader in) {
    return new Tenure(in.int64(), in.int64());
  }

  @Override
  public int compareTo(Tenure other) {
    int byJoin = Long.compare(joined, other.joined);
    return byJoin != 0 ? byJoin : Long.compare(incarnation, other.incarnation);
  }

  @Override
  public String toString() {
    return Long.toHexString(incarnation) + "@" + joined;
  }
}

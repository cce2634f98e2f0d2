package io.quire.datasets;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.Comparator;

/** The place of an extent in its dataset. */
record ExtentKey(int part, int group, int column) implements Comparable<ExtentKey> {
  private static final Comparator<ExtentKey> ORDER =
      Comparator.comparingInt(ExtentKey::part)
          .thenComparingInt(ExtentKey::group)
          .thenComparingInt(ExtentKey::column);

  void write(WireWriter out) {
    Varint.write(out, part);
    Varint.write(out, group);
    Varint.write(out, column);
  }

  static ExtentKey read(WireReader in) {
    return new ExtentKey(Varint.readInt(in), Varint.readInt(in), Varint.readInt(in));
  }

  @Override
  public int compareTo(ExtentKey other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return "part=" + part + " group=" + group + " column=" + column;
  }
}

package io.quire.sim;

import io.quire.base.Log;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.ArrayList;
import java.util.List;

/** A projection that remembers all it applied; the result is how many entries there were. */
final class Ledger implements Log.Projection {
  final List<Long> entries = new ArrayList<>();
  final List<Long> positions = new ArrayList<>();
  int fenced;

  @Override
  public Log.Stream stream() {
    return Log.Stream.TRANSACTIONS;
  }

  @Override
  public byte[] apply(long position, byte[] payload) {
    entries.add(new WireReader(payload).int64());
    positions.add(position);
    return new WireWriter(16).int32(entries.size()).toBytes();
  }

  @Override
  public void fenced(long position, byte[] payload) {
    fenced++;
  }

  @Override
  public void save(WireWriter out) {
    out.int32(entries.size()).int32(fenced);
    for (int i = 0; i < entries.size(); i++) {
      out.int64(entries.get(i)).int64(positions.get(i));
    }
  }

  @Override
  public void restore(long position, WireReader in) {
    entries.clear();
    positions.clear();
    int count = in.count(16);
    fenced = in.int32();
    for (int i = 0; i < count; i++) {
      entries.add(in.int64());
      positions.add(in.int64());
    }
    in.end();
  }

  static Log.Entry entry(long value) {
    return entry(value, Log.Fence.NONE);
  }

  static Log.Entry entry(long value, Log.Fence fence) {
    return new Log.Entry(Log.Stream.TRANSACTIONS, fence, new WireWriter(16).int64(value).toBytes());
  }
}

package io.quire.log;

import io.quire.base.Log;
import io.quire.base.Position;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A projection that remembers all it saw. The payload "poison" makes it throw. */
final class Journal implements Log.Projection {
  private final Log.Stream stream;
  private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
  volatile long restoredAt = -1;

  Journal(Log.Stream stream) {
    this.stream = stream;
  }

  List<String> lines() {
    synchronized (lines) {
      return List.copyOf(lines);
    }
  }

  @Override
  public Log.Stream stream() {
    return stream;
  }

  @Override
  public byte[] apply(long position, byte[] payload) {
    String text = new String(payload, StandardCharsets.UTF_8);
    if (text.equals("poison")) {
      throw new IllegalStateException("poisoned");
    }
    lines.add(Position.text(position) + " " + text);
    return ("#" + lines.size()).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void fenced(long position, byte[] payload) {
    lines.add(Position.text(position) + " void " + new String(payload, StandardCharsets.UTF_8));
  }

  @Override
  public void save(WireWriter out) {
    out.int32(lines.size());
    lines.forEach(out::string);
  }

  @Override
  public void restore(long position, WireReader in) {
    restoredAt = position;
    lines.clear();
    for (int left = in.count(4); left > 0; left--) {
      lines.add(in.string());
    }
  }
}

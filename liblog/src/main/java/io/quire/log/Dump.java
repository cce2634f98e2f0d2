package io.quire.log;

import io.quire.base.Log.Recorded;
import io.quire.base.Position;
import java.util.function.Consumer;

/** Hands on the records between two positions, and the damage between them. */
class Dump implements LogScan.Visitor {
  private final long from;
  private final long to;
  private final Consumer<Recorded> record;
  private final Consumer<LogVerification.Bad> bad;

  Dump(long from, long to, Consumer<Recorded> record, Consumer<LogVerification.Bad> bad) {
    this.from = from;
    this.to = to;
    this.record = record;
    this.bad = bad;
  }

  @Override
  public void entry(EntryCursor.Taken taken) {
    Frame frame = taken.frame();
    if (frame == null) {
      return;
    }
    for (int slot = 0; slot < frame.records().size(); slot++) {
      long position = Position.of(taken.index(), slot);
      if (position >= from && position <= to) {
        record.accept(new Recorded(position, taken.term(), frame.records().get(slot).entry()));
      }
    }
  }

  @Override
  public void bad(LogVerification.Bad found) {
    if (found.last() >= Position.index(from) && found.first() <= Position.index(to)) {
      bad.accept(found);
    }
  }

  @Override
  public void missing(long first, long last) {
    bad(new LogVerification.Bad(first, last, "", 0, "no file has them"));
  }

  @Override
  public void torn(SegmentPath segment, long offset) {}

  @Override
  public void done(SegmentPath segment) {}
}

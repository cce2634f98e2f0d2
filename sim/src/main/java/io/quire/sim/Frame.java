package io.quire.sim;

import io.quire.base.Log;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An entry of the Raft log: the records of several appends, or none if it is a leader's first.
 * There is one object for each (index, term), on however many disks it stands.
 */
final class Frame {
  final long index;
  final long term;
  final List<Submission> records;

  /** What came of each record, from the first node that applied it on. */
  final Log.@Nullable Applied[] outcomes;

  Frame(long index, long term, List<Submission> records) {
    this.index = index;
    this.term = term;
    this.records = List.copyOf(records);
    outcomes = new Log.@Nullable Applied[records.size()];
  }

  @Override
  public String toString() {
    return index + "@" + term;
  }
}

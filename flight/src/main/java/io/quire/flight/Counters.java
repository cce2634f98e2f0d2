package io.quire.flight;

import java.util.concurrent.atomic.LongAdder;

/** What is counted. */
final class Counters {
  final LongAdder streams = new LongAdder();
  final LongAdder batches = new LongAdder();
  final LongAdder rows = new LongAdder();
  final LongAdder bytes = new LongAdder();
  final LongAdder failed = new LongAdder();
  final LongAdder cancelled = new LongAdder();
  final LongAdder cutOff = new LongAdder();
  final LongAdder refused = new LongAdder();
  final LongAdder uploads = new LongAdder();
  final LongAdder uploadsFailed = new LongAdder();

  FlightStats stats(int open, int uploadsOpen) {
    return new FlightStats(
        open,
        streams.sum(),
        batches.sum(),
        rows.sum(),
        bytes.sum(),
        failed.sum(),
        cancelled.sum(),
        cutOff.sum(),
        refused.sum(),
        uploadsOpen,
        uploads.sum(),
        uploadsFailed.sum());
  }
}

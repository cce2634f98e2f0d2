package io.quire.fabric;

import java.util.concurrent.atomic.LongAdder;

/** What {@link FabricStats} reports, as it is counted. Safe from any thread. */
final class Counters {
  final LongAdder connections = new LongAdder();
  final LongAdder bytesIn = new LongAdder();
  final LongAdder bytesOut = new LongAdder();
  final LongAdder requests = new LongAdder();
  final LongAdder served = new LongAdder();
  final LongAdder dropped = new LongAdder();
  final LongAdder overloads = new LongAdder();
  final LongAdder deadlinesMissed = new LongAdder();
  final LongAdder lateAnswers = new LongAdder();
  final LongAdder refused = new LongAdder();

  FabricStats stats() {
    return new FabricStats(
        connections.sum(),
        bytesIn.sum(),
        bytesOut.sum(),
        requests.sum(),
        served.sum(),
        dropped.sum(),
        overloads.sum(),
        deadlinesMissed.sum(),
        lateAnswers.sum(),
        refused.sum());
  }
}

package io.quire.datasets;

import java.util.concurrent.atomic.LongAdder;

/** What {@link DatasetsStats} counts. Any thread. */
final class Counters {
  final LongAdder loads = new LongAdder();
  final LongAdder loadsFailed = new LongAdder();
  final LongAdder partsLoaded = new LongAdder();
  final LongAdder partsLoadedAgain = new LongAdder();
  final LongAdder scans = new LongAdder();
  final LongAdder ended = new LongAdder();
  final LongAdder fragments = new LongAdder();
  final LongAdder fragmentsEnded = new LongAdder();
  final LongAdder fragmentsGivenAgain = new LongAdder();
  final LongAdder groupsSkipped = new LongAdder();
  final LongAdder bytesScanned = new LongAdder();
  final LongAdder bytesServed = new LongAdder();
  final LongAdder bytesPulled = new LongAdder();
  final LongAdder extentsAdopted = new LongAdder();
  final LongAdder extentsDropped = new LongAdder();
  final LongAdder refused = new LongAdder();

  DatasetsStats stats(Registry registry, Courses courses) {
    Registry.Totals held = registry.totals();
    return new DatasetsStats(
        held.datasets(),
        held.extents(),
        held.bytes(),
        courses.count(),
        loads.sum(),
        loadsFailed.sum(),
        partsLoaded.sum(),
        partsLoadedAgain.sum(),
        scans.sum(),
        ended.sum(),
        fragments.sum(),
        fragmentsEnded.sum(),
        fragmentsGivenAgain.sum(),
        groupsSkipped.sum(),
        bytesScanned.sum(),
        bytesServed.sum(),
        bytesPulled.sum(),
        extentsAdopted.sum(),
        extentsDropped.sum(),
        refused.sum());
  }
}

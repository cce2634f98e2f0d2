package io.quire.twopc;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.View;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which transactions of the current members are decided: per coordinator everything below its low
 * watermark, and the exceptions above it. Part of the projection, so it is the same on every node
 * at the same position.
 */
final class Decided {
  private static final class Of {
    long low = 1;
    final TreeSet<Long> above = new TreeSet<>();
  }

  private final TreeMap<Long, Of> coordinators = new TreeMap<>();

  boolean has(TxnId txn) {
    Of of = coordinators.get(txn.coordinator());
    return of != null && (txn.sequence() < of.low || of.above.contains(txn.sequence()));
  }

  /**
   * Remembers the transaction.
   *
   * @param low everything of this coordinator below is decided, as the coordinator says
   */
  void add(TxnId txn, long low) {
    Of of = coordinators.computeIfAbsent(txn.coordinator(), _ -> new Of());
    of.above.add(txn.sequence());
    if (low > of.low) {
      of.low = low;
      of.above.headSet(low).clear();
    }
  }

  /** Forgets coordinators that left: what they had under way is void by the fence. */
  void keepOnly(View view) {
    coordinators.keySet().removeIf(coordinator -> !view.has(coordinator));
  }

  void save(WireWriter out) {
    out.int32(coordinators.size());
    for (Map.Entry<Long, Of> entry : coordinators.entrySet()) {
      Of of = entry.getValue();
      out.int64(entry.getKey()).int64(of.low).int32(of.above.size());
      of.above.forEach(out::int64);
    }
  }

  void restore(WireReader in) {
    coordinators.clear();
    for (int left = in.count(20); left > 0; left--) {
      Of of = new Of();
      coordinators.put(in.int64(), of);
      of.low = in.int64();
      for (int more = in.count(8); more > 0; more--) {
        of.above.add(in.int64());
      }
    }
  }
}

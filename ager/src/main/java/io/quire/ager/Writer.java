package io.quire.ager;

import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what is in memory only to the first store that takes it, many extents at a time, so that
 * their memory can be had. When, {@link Dirty} says. While page-ins wait it writes in small
 * batches, between which they get their turn. There may be several, which take batches in turn.
 */
final class Writer {
  private static final Logger log = LoggerFactory.getLogger(Writer.class);
  private static final long IDLE_NANOS = 100_000_000L;
  private static final long REFUSED_NANOS = 50_000_000L;
  private static final long BATCH_BYTES = 32 << 20;
  private static final long SMALL_BATCH_BYTES = 4 << 20;

  private final Memory memory;
  private final PageIns pageIns;
  private final List<Store> stores;

  /** Where many do not fit, one may: after a failure extents are written one by one for a while. */
  private boolean failed;

  /** Writes to these, in the order of preference. */
  Writer(Memory memory, PageIns pageIns, List<Store> stores) {
    this.memory = memory;
    this.pageIns = pageIns;
    this.stores = stores;
  }

  /** One batch, or a wait. */
  void step() throws InterruptedException {
    for (Store store : stores) {
      store.tidySpilled();
    }
    List<String> refusals = refusals();
    if (refusals.size() >= stores.size()) {
      memory.cannotWrite(refusals, REFUSED_NANOS);
      return;
    }
    long most = failed ? 1 : pageIns.anyWait() ? SMALL_BATCH_BYTES : BATCH_BYTES;
    List<Extent> batch = memory.nextToWrite(most, IDLE_NANOS);
    if (!batch.isEmpty()) {
      failed = !write(batch);
    }
  }

  /** Why stores are not to be tried now; as many as there are stores, or more, if none is. */
  private List<String> refusals() {
    List<String> refusals = new ArrayList<>();
    if (stores.isEmpty()) {
      refusals.add("none is configured");
    }
    for (Store store : stores) {
      store.refusal().ifPresent(refusal -> refusals.add(store.uri() + ": " + refusal));
    }
    return refusals;
  }

  /** Whether all were written. */
  private boolean write(List<Extent> extents) {
    List<Extent> good = new ArrayList<>();
    List<Body> bodies = new ArrayList<>();
    for (Extent extent : extents) {
      Body body = extent.body();
      try {
        body.check();
        good.add(extent);
        bodies.add(body);
      } catch (AgerException.CorruptExtent e) {
        log.error("extent kept in memory, it cannot be copied", e);
        memory.unwritable(extent);
      }
    }
    SpillBatch batch = new SpillBatch(bodies);
    boolean[] settled = new boolean[bodies.size()];
    List<String> reasons = new ArrayList<>();
    try {
      for (int number = 0; number < stores.size() && !batch.done(); number++) {
        write(number, batch, good, settled, reasons);
      }
    } finally {
      for (int i = good.size() - 1; i >= 0; i--) {
        if (!settled[i]) {
          memory.notWritten(good.get(i), reasons);
        }
      }
    }
    return batch.done();
  }

  private void write(
      int number, SpillBatch batch, List<Extent> extents, boolean[] settled, List<String> reasons) {
    Store store = stores.get(number);
    String refusal = store.refusal().orElse(null);
    if (refusal == null) {
      store.spill(batch);
      for (int i = 0; i < settled.length; i++) {
        if (!settled[i] && batch.lies(i)) {
          settled[i] = true;
          memory.written(extents.get(i), number, batch.place(i));
        }
      }
      refusal = String.valueOf(batch.failure());
    }
    if (!batch.done()) {
      reasons.add(store.uri() + ": " + refusal);
    }
  }
}

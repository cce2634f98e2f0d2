package io.quire.ager;

import io.quire.ager.Frame.Spilled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes dirty extents to the first store that takes them, so that their memory can be had. Works
 * when more than three fifths of the budget is dirty, until less than two fifths is, and whenever
 * somebody waits for room.
 */
final class Cleaner {
  private static final Logger log = LoggerFactory.getLogger(Cleaner.class);
  private static final long IDLE_NANOS = 100_000_000L;
  private static final long REFUSED_NANOS = 50_000_000L;

  private final Memory memory;
  private final List<Store> stores;

  Cleaner(Memory memory, List<Store> stores) {
    this.memory = memory;
    this.stores = stores;
  }

  /** One extent, or a wait. */
  void step() throws InterruptedException {
    for (Store store : stores) {
      store.tidySpilled();
    }
    List<String> refusals = refusals();
    if (refusals.size() >= stores.size()) {
      memory.cannotClean(refusals, REFUSED_NANOS);
      return;
    }
    Frame frame = memory.nextToClean(IDLE_NANOS);
    if (frame != null) {
      clean(frame);
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

  private void clean(Frame frame) throws InterruptedException {
    Body body = memory.bodyOf(frame);
    try {
      body.check();
    } catch (AgerException.CorruptExtent e) {
      log.error("extent kept in memory, it cannot be copied", e);
      memory.unwritable(frame);
      return;
    }
    List<String> reasons = new ArrayList<>();
    Spilled spilled = write(body, reasons);
    if (spilled != null) {
      memory.cleaned(frame, spilled);
    } else {
      memory.notCleaned(frame, reasons, REFUSED_NANOS);
    }
  }

  private @Nullable Spilled write(Body body, List<String> reasons) {
    SpillBatch batch = new SpillBatch(List.of(body));
    for (Store store : stores) {
      String refusal = store.refusal().orElse(null);
      if (refusal == null) {
        store.spill(batch);
        if (batch.done()) {
          return new Spilled(store, batch.place(0));
        }
        refusal = String.valueOf(batch.failure());
      }
      reasons.add(store.uri() + ": " + refusal);
    }
    return null;
  }
}

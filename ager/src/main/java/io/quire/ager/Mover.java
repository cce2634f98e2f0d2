package io.quire.ager;

import io.quire.ager.Frame.Stored;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves spilled copies between stores, as {@link Tiers} says. A copy goes by way of the memory of
 * its extent, which is had only if nothing that is needed sooner has to go for it; so no store and
 * no memory needs room besides for that. The old copy is given up after the new one was written,
 * read again and verified.
 */
final class Mover {
  private static final Logger log = LoggerFactory.getLogger(Mover.class);
  private static final long IDLE_NANOS = 100_000_000L;
  private static final Duration READ_MAX = Duration.ofSeconds(60);

  private final Memory memory;
  private final PageIns pageIns;
  private final List<Store> stores;

  Mover(Memory memory, PageIns pageIns, List<Store> stores) {
    this.memory = memory;
    this.pageIns = pageIns;
    this.stores = stores;
  }

  /** One move of a few extents, or a wait. */
  void step() throws InterruptedException {
    Tiers.Move move = memory.nextToMove(IDLE_NANOS);
    if (move == null) {
      return;
    }
    List<Extent> held = new ArrayList<>(move.resident());
    try {
      read(move.absent(), held);
      write(move, held);
    } finally {
      held.forEach(memory::letGo);
    }
  }

  /** Pages in those for which there is memory, and holds them. */
  private void read(List<Extent> absent, List<Extent> held) throws InterruptedException {
    Deadline deadline = Deadline.in(READ_MAX);
    List<PageIn> reading = new ArrayList<>();
    for (Extent extent : absent) {
      PageIn pageIn = pageIns.toMove(extent, deadline);
      if (pageIn != null) {
        reading.add(pageIn);
      }
    }
    for (PageIn pageIn : reading) {
      Extent extent = pageIn.extent();
      try {
        pageIn.done().get(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
        if (memory.holdToMove(extent)) {
          held.add(extent);
        }
      } catch (ExecutionException e) {
        log.debug("copy not moved, it was not read: extent={}", extent.id(), e);
      } catch (TimeoutException e) {
        pageIns.cancel(pageIn);
      }
    }
  }

  private void write(Tiers.Move move, List<Extent> held) {
    int to = move.to();
    Store store = stores.get(to);
    List<Extent> extents = new ArrayList<>();
    List<Body> bodies = new ArrayList<>();
    for (Extent extent : held) {
      Body body = extent.body();
      if (body.isAsSealed() && !(move.down() && durableDoes(extent, body))) {
        extents.add(extent);
        bodies.add(body);
      }
    }
    if (bodies.isEmpty() || store.refusal().isPresent()) {
      return;
    }
    SpillBatch batch = new SpillBatch(bodies);
    store.spill(batch);
    for (int i = 0; i < batch.size(); i++) {
      if (batch.lies(i)) {
        move(extents.get(i), batch.body(i), to, batch.place(i));
      }
    }
  }

  /** A durable copy that verifies is as good as a new one, where there is little room. */
  private boolean durableDoes(Extent extent, Body body) {
    Stored durable = extent.durable();
    if (durable == null) {
      return false;
    }
    try {
      durable.store().verify(durable.copy(), body);
      memory.movedToDurable(extent);
      return true;
    } catch (IOException e) {
      log.warn("durable copy cannot stand for a spilled one: copy={}", durable.copy(), e);
      return false;
    }
  }

  /** The old copy goes if the new one verifies, else the new one does. */
  private void move(Extent extent, Body body, int to, long place) {
    Store store = stores.get(to);
    try {
      store.verify(place, body);
      memory.moved(extent, to, place);
    } catch (IOException e) {
      log.warn("copy not moved: copy={}", store.describe(place, body), e);
      store.quarantine(place);
    }
  }
}

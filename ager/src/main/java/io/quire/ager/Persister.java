package io.quire.ager;

import io.quire.ager.Frame.Stored;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes durable copies: what is asked for while a batch is being written forms the next batch, and
 * each batch is synced once. An extent is in the queue at most once, so that the limit on extents
 * is the limit of the queue.
 */
final class Persister {
  private static final long IDLE_MILLIS = 200;
  private static final long BATCH_BYTES = 64 << 20;
  private static final Duration PIN_WAIT = Duration.ofSeconds(30);

  /** The first failure may be the container's, the second is the store's. */
  private static final int ATTEMPTS = 2;

  private sealed interface Job {
    CompletableFuture<?> done();
  }

  private record Persist(Extent extent, Origin origin, CompletableFuture<Copy> done)
      implements Job {}

  private record Finish(CompletableFuture<Void> done) implements Job {}

  private record Written(Persist job, Copy copy) {}

  private final Memory memory;
  private final PageIns pageIns;
  private final List<Store> stores;
  private final BlockingQueue<Job> queue = new LinkedBlockingQueue<>();

  /** What was asked for and is not done. Guarded by the lock of Memory. */
  private final Map<Extent, CompletableFuture<Copy>> persisting = new HashMap<>();

  /**
   * Creates a persister.
   *
   * @param stores the durable ones, in the order of preference
   */
  Persister(Memory memory, PageIns pageIns, List<Store> stores) {
    this.memory = memory;
    this.pageIns = pageIns;
    this.stores = stores;
  }

  CompletableFuture<Copy> persist(Extent extent, Origin origin) {
    return memory.lockedIfOpen(
        () -> {
          if (extent.dropped()) {
            throw new IllegalStateException("extent was dropped: extent=" + extent.id());
          }
          Stored stored = extent.durable();
          if (stored != null) {
            return CompletableFuture.completedFuture(stored.copy());
          }
          CompletableFuture<Copy> running = persisting.get(extent);
          if (running == null) {
            running = new CompletableFuture<>();
            persisting.put(extent, running);
            queue.add(new Persist(extent, origin, running));
          }
          return running.copy();
        });
  }

  /** Completes when no container is open for appending, and all that were asked for before are. */
  CompletableFuture<Void> finish() {
    Finish job = new Finish(new CompletableFuture<>());
    memory.lockedIfOpen(() -> queue.add(job));
    return job.done;
  }

  /** One batch, or a wait. */
  void step() throws InterruptedException {
    for (Store store : stores) {
      store.tidyDurable();
    }
    Job first = queue.poll(IDLE_MILLIS, TimeUnit.MILLISECONDS);
    if (first instanceof Finish finish) {
      finish(finish);
    } else if (first instanceof Persist persist) {
      persist(batchFrom(persist));
    }
  }

  private void finish(Finish job) {
    try {
      for (Store store : stores) {
        store.finishDurable();
      }
      Thread.startVirtualThread(() -> job.done.complete(null));
    } catch (IOException e) {
      fail(job.done, new AgerException.StoreUnavailable("durable", e.toString(), e));
    }
  }

  private List<Persist> batchFrom(Persist first) {
    List<Persist> batch = new ArrayList<>();
    batch.add(first);
    long bytes = first.extent.bytes();
    while (bytes < BATCH_BYTES && queue.peek() instanceof Persist next) {
      queue.remove();
      batch.add(next);
      bytes += next.extent.bytes();
    }
    return batch;
  }

  private void persist(List<Persist> batch) {
    ArrayDeque<Persist> left = new ArrayDeque<>(batch);
    List<String> reasons = new ArrayList<>();
    if (stores.isEmpty()) {
      reasons.add("no durable one is configured");
    }
    for (Store store : stores) {
      for (int attempt = 0; attempt < ATTEMPTS && !left.isEmpty(); attempt++) {
        write(store, left, reasons);
      }
    }
    for (Persist job : left) {
      forget(job);
      fail(job.done, new AgerException.NoStoreLeft(job.extent.bytes(), reasons));
    }
  }

  /** Takes from the jobs those that are done or have failed for reasons of their own. */
  private void write(Store store, ArrayDeque<Persist> left, List<String> reasons) {
    List<Written> written = new ArrayList<>();
    try {
      StoreFull full = writeAll(store, left, written);
      store.syncDurable();
      for (Written each : written) {
        store.readBack(each.copy);
      }
      for (Written each : written) {
        store.wrote(each.copy);
        memory.persisted(each.job.extent, new Stored(store, each.copy));
        forget(each.job);
        complete(each.job.done, each.copy);
      }
      if (full != null) {
        reasons.add(store.uri() + ": " + full.getMessage());
      }
    } catch (IOException e) {
      store.failed(e);
      reasons.add(store.uri() + ": " + e);
      for (Written each : written) {
        store.discard(each.copy);
        left.add(each.job);
      }
    }
  }

  /** Returns why it stopped early, if it did. */
  private @Nullable StoreFull writeAll(Store store, ArrayDeque<Persist> left, List<Written> written)
      throws IOException {
    int count = left.size();
    for (int i = 0; i < count; i++) {
      Persist job = left.element();
      try {
        written.add(new Written(job, write(store, job)));
      } catch (StoreFull full) {
        return full;
      } catch (AgerException | IllegalStateException e) {
        forget(job);
        fail(job.done, e);
      }
      left.remove();
    }
    return null;
  }

  private Copy write(Store store, Persist job) throws IOException {
    Extent extent = job.extent;
    pageIns.hold(extent, Deadline.in(PIN_WAIT));
    try {
      Body body = extent.body();
      body.check();
      return store.append(body, job.origin);
    } finally {
      extent.unpin();
    }
  }

  /** A later call finds the copy, or may try again. */
  private void forget(Persist job) {
    var unused = memory.locked(() -> persisting.remove(job.extent));
  }

  /** Fails what is still in the queue; the thread must have ended. */
  void close(RuntimeException why) {
    for (Job job = queue.poll(); job != null; job = queue.poll()) {
      fail(job.done(), why);
    }
  }

  // Whoever waits may do anything on completion, so it is not done on this thread.

  private static <T extends @Nullable Object> void complete(CompletableFuture<T> future, T value) {
    Thread.startVirtualThread(() -> future.complete(value));
  }

  private static void fail(CompletableFuture<?> future, RuntimeException why) {
    Thread.startVirtualThread(() -> future.completeExceptionally(why));
  }
}

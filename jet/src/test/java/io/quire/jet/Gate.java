package io.quire.jet;

import com.hazelcast.jet.pipeline.BatchStage;
import com.hazelcast.jet.pipeline.ServiceFactories;
import com.hazelcast.jet.pipeline.ServiceFactory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Holds a pipeline up in the midst: whoever comes after so many items waits until it is opened. One
 * for this process, since pipelines are copied.
 */
final class Gate {
  private static final long PATIENCE_SECONDS = 60;

  private static final AtomicLong passed = new AtomicLong();
  private static volatile long limit;
  private static volatile CountDownLatch reached = new CountDownLatch(0);
  private static volatile CountDownLatch open = new CountDownLatch(0);

  private Gate() {}

  /** Closes it behind so many items. */
  static void closeAfter(long items) {
    passed.set(0);
    limit = items;
    reached = new CountDownLatch(1);
    open = new CountDownLatch(1);
  }

  static void open() {
    open.countDown();
  }

  static void awaitReached() throws InterruptedException {
    await(reached);
  }

  private static void await(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("not in time: passed=" + passed);
    }
  }

  /** Waits on threads of its own. */
  static <T> BatchStage<T> in(BatchStage<T> stage) {
    ServiceFactory<?, Gate> gate =
        ServiceFactories.sharedService(_ -> new Gate()).toNonCooperative();
    return stage.mapUsingService(gate, Gate::pass).setLocalParallelism(1);
  }

  private <T> T pass(T item) throws InterruptedException {
    if (passed.incrementAndGet() > limit && open.getCount() > 0) {
      reached.countDown();
      await(open);
    }
    return item;
  }
}

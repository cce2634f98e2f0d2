package io.quire.fabric;

import io.netty.channel.EventLoop;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Hands things from any thread to an event loop, many at a time: what is offered before the loop
 * gets round to it is one batch. That is where batches of frames come from; no timer is involved.
 * How much may lie here is bounded by whoever offers.
 */
final class Mailbox<T> {
  private final EventLoop loop;
  private final Consumer<T> each;
  private final Runnable afterBatch;
  private final Consumer<T> orphaned;
  private final Queue<T> queue = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean called = new AtomicBoolean();
  private volatile boolean ended;

  /**
   * @param each takes one thing, on the loop
   * @param afterBatch runs after each batch, on the loop
   * @param orphaned takes a thing that the loop, which has ended, will never see; on any thread
   */
  Mailbox(EventLoop loop, Consumer<T> each, Runnable afterBatch, Consumer<T> orphaned) {
    this.loop = loop;
    this.each = each;
    this.afterBatch = afterBatch;
    this.orphaned = orphaned;
  }

  void offer(T thing) {
    queue.add(thing);
    if (ended) {
      orphan();
      return;
    }
    if (called.compareAndSet(false, true)) {
      try {
        loop.execute(this::drain);
      } catch (RejectedExecutionException ended) {
        end();
      }
    }
  }

  private void drain() {
    called.set(false);
    for (T thing = queue.poll(); thing != null; thing = queue.poll()) {
      each.accept(thing);
    }
    afterBatch.run();
  }

  /** Orphans what is left and all that is offered from now on. For when the loop has ended. */
  void end() {
    ended = true;
    orphan();
  }

  private void orphan() {
    for (T thing = queue.poll(); thing != null; thing = queue.poll()) {
      orphaned.accept(thing);
    }
  }
}

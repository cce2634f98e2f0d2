package io.quire.datasets;

import io.quire.base.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The threads of a node's datasets: a few platform threads each for load functions and for scan
 * functions, and virtual threads for all that waits. Each kind is bounded; at the bound a task is
 * refused with {@link Refusal.Reason#LATER}.
 */
final class Workers implements AutoCloseable {
  private static final int LOADS_QUEUED_MAX = 64;
  private static final int COMPUTATIONS_QUEUED_MAX = 4096;
  private static final int WAITING_MAX = 1024;

  private final ThreadPoolExecutor loading;
  private final ThreadPoolExecutor computing;
  private final ExecutorService virtual;
  private final Semaphore waiting = new Semaphore(WAITING_MAX);
  private final Counters counters;

  Workers(NodeId node, int threads, Counters counters) {
    this.counters = counters;
    loading = pool(node + "-load-", threads, LOADS_QUEUED_MAX);
    computing = pool(node + "-scan-", threads, COMPUTATIONS_QUEUED_MAX);
    virtual =
        Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name(node + "-datasets-", 0).factory());
  }

  private static ThreadPoolExecutor pool(String name, int threads, int queuedMax) {
    ThreadFactory made = Thread.ofPlatform().daemon().name(name, 0).factory();
    return new ThreadPoolExecutor(
        threads, threads, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(queuedMax), made);
  }

  /** A task and what comes of it. */
  private record Task<T>(Supplier<T> body, CompletableFuture<T> result) implements Runnable {
    @Override
    public void run() {
      try {
        result.complete(body.get());
      } catch (Throwable e) {
        result.completeExceptionally(e);
      }
    }
  }

  /** Runs a load function. */
  <T> CompletableFuture<T> load(Supplier<T> task) {
    return submit(loading, task, LOADS_QUEUED_MAX);
  }

  /** Runs a step of a scan function. */
  <T> CompletableFuture<T> compute(Supplier<T> task) {
    return submit(computing, task, COMPUTATIONS_QUEUED_MAX);
  }

  /** Runs what may wait. */
  <T> CompletableFuture<T> await(Supplier<T> task) {
    if (!waiting.tryAcquire()) {
      return refused(new CompletableFuture<>(), false, WAITING_MAX);
    }
    CompletableFuture<T> result = submit(virtual, task, WAITING_MAX);
    result.whenComplete((_, _) -> waiting.release());
    return result;
  }

  private <T> CompletableFuture<T> submit(ExecutorService executor, Supplier<T> body, int max) {
    Task<T> task = new Task<>(body, new CompletableFuture<>());
    try {
      executor.execute(task);
      return task.result;
    } catch (RejectedExecutionException e) {
      return refused(task.result, executor.isShutdown(), max);
    }
  }

  private <T> CompletableFuture<T> refused(CompletableFuture<T> result, boolean closed, int max) {
    counters.refused.increment();
    String why = closed ? "datasets are closed" : "too much under way: max=" + max;
    result.completeExceptionally(new Refusal(Refusal.Reason.LATER, why));
    return result;
  }

  /** Interrupts what runs, and waits a second for it. */
  @Override
  public void close() {
    List<Runnable> dropped = new ArrayList<>(loading.shutdownNow());
    dropped.addAll(computing.shutdownNow());
    for (Runnable one : dropped) {
      if (one instanceof Task<?> task) {
        refused(task.result, true, 0);
      }
    }
    virtual.shutdownNow();
    try {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
      loading.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      computing.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      virtual.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

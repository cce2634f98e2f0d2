package io.quire.flight;

import io.quire.ns.Principal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The streams of uploads that are under way: at most so many. One counts until its memory is given
 * back.
 */
final class Uploads {
  static final int OPEN_MAX = 32;

  private final Semaphore free = new Semaphore(OPEN_MAX);
  private final Set<Calls.Call> running = ConcurrentHashMap.newKeySet();
  private final Map<Joint, JointUpload> joints = new ConcurrentHashMap<>();
  private final Counters counters;
  private volatile boolean stopping;

  /** What the streams of one upload have in common. */
  record Joint(
      Optional<Principal> by,
      UUID upload,
      Optional<String> namespace,
      String name,
      boolean append,
      Optional<UUID> mark) {}

  Uploads(Counters counters) {
    this.counters = counters;
  }

  /**
   * Takes a place, until {@link #end}.
   *
   * @throws Failure.Busy if there is none
   */
  void begin(Calls.Call call) {
    if (!free.tryAcquire()) {
      counters.refused.increment();
      throw new Failure.Busy("too many uploads: open=%d max=%d".formatted(OPEN_MAX, OPEN_MAX));
    }
    running.add(call);
    if (stopping) {
      call.reset("the node stops");
    }
  }

  void end(Calls.Call call) {
    running.remove(call);
    free.release();
  }

  /** The upload of several streams, begun if this is the first of them; kept until it is over. */
  JointUpload joint(Joint key, Supplier<JointUpload> begin) {
    JointUpload joint = joints.computeIfAbsent(key, _ -> begin.get());
    joint.made().whenComplete((_, _) -> joints.remove(key, joint));
    return joint;
  }

  int open() {
    return OPEN_MAX - free.availablePermits();
  }

  /** Ends all, soon, also those to come. */
  void stop() {
    stopping = true;
    running.forEach(call -> call.reset("the node stops"));
  }

  /** Whether all are over in time. */
  boolean awaitEnd(Duration patience) throws InterruptedException {
    return free.tryAcquire(OPEN_MAX, patience.toNanos(), TimeUnit.NANOSECONDS);
  }
}

package io.quire.node;

import io.quire.ns.Principal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Long work that was asked for over HTTP: it runs on a thread of its own and tells how far it is.
 * The last {@link #KEPT} are remembered; when as many run, more are refused.
 */
final class Jobs {
  static final int KEPT = 200;

  private final AtomicLong ids = new AtomicLong();
  private final Map<Long, Job> jobs = new LinkedHashMap<>();

  /** Work that reports how far it is. */
  interface Work {
    @Nullable Object run(Job job) throws Exception;
  }

  /** One piece of work. */
  static final class Job {
    final long id;
    private final Optional<Principal> owner;
    private volatile long done;
    private volatile long total;
    private volatile @Nullable Object result;
    private volatile @Nullable Throwable error;
    private volatile boolean finished;

    Job(long id, Optional<Principal> owner) {
      this.id = id;
      this.owner = owner;
    }

    /** Whether it is shown to this one: to whoever asked for it, and to the node. */
    boolean isFor(Optional<Principal> asker) {
      return asker.isEmpty() || asker.equals(owner);
    }

    void progress(long nowDone, long ofTotal) {
      done = nowDone;
      total = ofTotal;
    }

    boolean finished() {
      return finished;
    }

    JobStatus status() {
      boolean over = finished;
      Throwable failed = error;
      if (failed == null) {
        return new JobStatus(id, over, done, total, result, null, null, null);
      }
      int status = Failure.status(failed);
      String happened = Failure.happened(failed, status);
      return new JobStatus(
          id, over, done, total, null, AdminServer.message(failed), status, happened);
    }
  }

  /**
   * How a job stands; JSON by field name.
   *
   * @param status as HTTP would say what kind of error it is
   * @param happened as in {@link Failure}
   */
  record JobStatus(
      long id,
      boolean finished,
      long done,
      long total,
      @Nullable Object result,
      @Nullable String error,
      @Nullable Integer status,
      @Nullable String happened) {}

  /**
   * Starts one.
   *
   * @throws Failure.Busy if too many run
   */
  Job start(String name, Work work) {
    return start(name, Optional.empty(), work);
  }

  /**
   * As above.
   *
   * @param owner who asked for it, if it was not the node
   */
  Job start(String name, Optional<Principal> owner, Work work) {
    Job job = new Job(ids.incrementAndGet(), owner);
    synchronized (jobs) {
      makeRoom();
      jobs.put(job.id, job);
    }
    Thread.ofVirtual()
        .name(name + "-" + job.id)
        .start(
            () -> {
              try {
                job.result = work.run(job);
              } catch (Throwable e) {
                job.error = e;
              } finally {
                job.finished = true;
              }
            });
    return job;
  }

  /** Forgets the oldest that are over. */
  private void makeRoom() {
    var oldest = jobs.values().iterator();
    while (jobs.size() >= KEPT && oldest.hasNext()) {
      if (oldest.next().finished()) {
        oldest.remove();
      }
    }
    if (jobs.size() >= KEPT) {
      throw new Failure.Busy("too many jobs run: max=" + KEPT);
    }
  }

  int count() {
    synchronized (jobs) {
      return jobs.size();
    }
  }

  @Nullable Job job(long id) {
    synchronized (jobs) {
      return jobs.get(id);
    }
  }
}

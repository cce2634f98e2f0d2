package io.quire.node;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Long work that was asked for over HTTP: it runs on a thread of its own and tells how far it is.
 * The last {@link #KEPT} are remembered.
 */
final class Jobs {
  private static final int KEPT = 200;

  private final AtomicLong ids = new AtomicLong();
  private final Map<Long, Job> jobs =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Job> eldest) {
          return size() > KEPT && eldest.getValue().finished();
        }
      };

  /** Work that reports how far it is. */
  interface Work {
    Object run(Job job) throws Exception;
  }

  /** One piece of work. */
  static final class Job {
    final long id;
    private volatile long done;
    private volatile long total;
    private volatile @Nullable Object result;
    private volatile @Nullable Throwable error;

    Job(long id) {
      this.id = id;
    }

    void progress(long nowDone, long ofTotal) {
      done = nowDone;
      total = ofTotal;
    }

    boolean finished() {
      return result != null || error != null;
    }

    JobStatus status() {
      Throwable failed = error;
      return new JobStatus(
          id, finished(), done, total, result, failed == null ? null : AdminServer.message(failed));
    }
  }

  /** How a job stands; JSON by field name. */
  record JobStatus(
      long id,
      boolean finished,
      long done,
      long total,
      @Nullable Object result,
      @Nullable String error) {}

  Job start(String name, Work work) {
    Job job = new Job(ids.incrementAndGet());
    synchronized (jobs) {
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
              }
            });
    return job;
  }

  @Nullable Job job(long id) {
    synchronized (jobs) {
      return jobs.get(id);
    }
  }
}

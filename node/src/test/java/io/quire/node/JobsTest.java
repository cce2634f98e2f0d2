package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class JobsTest {
  private final Jobs jobs = new Jobs();

  private static Jobs.JobStatus end(Jobs.Job job) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!job.finished()) {
      assertThat(System.nanoTime() - deadline).isNegative();
      Thread.onSpinWait();
    }
    return job.status();
  }

  @Test
  void job_whileItRuns_tellsHowFarItIs() throws InterruptedException {
    CountDownLatch half = new CountDownLatch(1);
    CompletableFuture<String> rest = new CompletableFuture<>();
    Jobs.Job job =
        jobs.start(
            "test",
            running -> {
              running.progress(5, 10);
              half.countDown();
              return rest.get();
            });
    half.await();

    assertThat(job.status())
        .isEqualTo(new Jobs.JobStatus(job.id, false, 5, 10, null, null, null, null));
    assertThat(jobs.job(job.id)).isSameAs(job);
    rest.complete("done");
    assertThat(end(job))
        .isEqualTo(new Jobs.JobStatus(job.id, true, 5, 10, "done", null, null, null));
  }

  @Test
  void job_thatThrows_hasTheSentence() {
    Jobs.Job job =
        jobs.start(
            "test",
            _ -> {
              throw new IllegalStateException("no such file: path=x");
            });

    assertThat(end(job).error()).isEqualTo("no such file: path=x");
  }

  @Test
  void job_thatWasRefused_saysThatNothingHappened() {
    Jobs.Job job =
        jobs.start(
            "test",
            _ -> {
              throw new Failure.Busy("not now");
            });

    Jobs.JobStatus end = end(job);
    assertThat(end.status()).isEqualTo(503);
    assertThat(end.happened()).isEqualTo("no");
  }

  @Test
  void job_thatFailedSomehow_mayHaveHappened() {
    Jobs.Job job =
        jobs.start(
            "test",
            _ -> {
              throw new IllegalStateException("odd");
            });

    Jobs.JobStatus end = end(job);
    assertThat(end.status()).isEqualTo(500);
    assertThat(end.happened()).isEqualTo("maybe");
  }

  @Test
  void job_withoutResult_isFinished() {
    Jobs.Job job = jobs.start("test", _ -> null);

    assertThat(end(job).error()).isNull();
  }

  @Test
  void jobs_beyondTheLimit_forgetTheOldestFinished() {
    CompletableFuture<String> never = new CompletableFuture<>();
    Jobs.Job running = jobs.start("test", _ -> never.get());
    Jobs.Job first = jobs.start("test", _ -> "done");
    end(first);
    for (int i = 0; i < 2 * Jobs.KEPT; i++) {
      end(jobs.start("test", _ -> "done"));
    }

    assertThat(jobs.job(first.id)).isNull();
    assertThat(jobs.job(running.id)).isSameAs(running);
    assertThat(jobs.count()).isEqualTo(Jobs.KEPT);
    never.complete("");
  }

  @Test
  void start_whileAsManyRunAsAreKept_isRefused() {
    CompletableFuture<String> never = new CompletableFuture<>();
    for (int i = 0; i < Jobs.KEPT; i++) {
      jobs.start("test", _ -> never.get());
    }

    assertThatThrownBy(() -> jobs.start("test", _ -> "done"))
        .isInstanceOf(Failure.Busy.class)
        .hasMessage("too many jobs run: max=" + Jobs.KEPT);
    never.complete("");
  }
}

package io.quire.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventLoopTest {
  private static final int PATIENCE_SECONDS = 30;

  private final CompletableFuture<Throwable> fatal = new CompletableFuture<>();
  private final BlockingQueue<String> ran = new LinkedBlockingQueue<>();
  private final EventLoop loop = new EventLoop("test-loop", fatal::complete);

  @AfterEach
  void close() {
    loop.close();
  }

  @Test
  void execute_fromManyThreads_runsOneAtATimeInTheOrderOfEachThread() throws Exception {
    CountDownLatch done = new CountDownLatch(4_000);
    int[] unguarded = new int[1];
    List<Thread> threads =
        IntStream.range(0, 4)
            .mapToObj(
                _ ->
                    Thread.ofVirtual()
                        .start(
                            () -> {
                              for (int i = 0; i < 1_000; i++) {
                                loop.execute(
                                    () -> {
                                      unguarded[0]++;
                                      done.countDown();
                                    });
                              }
                            }))
            .toList();
    for (Thread thread : threads) {
      thread.join(Duration.ofSeconds(PATIENCE_SECONDS));
    }
    assertThat(done.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<Integer> seen = new CompletableFuture<>();
    loop.execute(() -> seen.complete(unguarded[0]));
    assertThat(seen.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(4_000);
  }

  @Test
  void task_thatThrows_isTheLastThatRuns() throws Exception {
    IllegalStateException cause = new IllegalStateException("planted");
    loop.after(Duration.ofMillis(1), () -> ran.add("timer"));
    assertThat(ran.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo("timer");
    CountDownLatch threw = new CountDownLatch(1);
    loop.execute(
        () -> {
          loop.execute(() -> ran.add("queued before the failure"));
          loop.after(Duration.ZERO, () -> ran.add("timer set before the failure"));
          threw.countDown();
          throw cause;
        });
    assertThat(fatal.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isSameAs(cause);
    assertThat(threw.getCount()).isZero();
    loop.execute(() -> ran.add("after the failure"));
    loop.close();
    assertThat(ran).isEmpty();
  }

  @Test
  void timers_runInTheOrderOfTheirTimes_andNotIfCancelled() throws Exception {
    CountDownLatch set = new CountDownLatch(1);
    loop.execute(
        () -> {
          loop.after(Duration.ofMillis(30), () -> ran.add("third"));
          loop.after(Duration.ofMillis(20), () -> ran.add("second"));
          loop.after(Duration.ofMillis(10), () -> ran.add("never")).cancel();
          loop.after(Duration.ofDays(36_500), () -> ran.add("in a century"));
          loop.after(Duration.ZERO, () -> ran.add("first"));
          set.countDown();
        });
    assertThat(set.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    loop.after(Duration.ofSeconds(1), () -> ran.add("cancelled elsewhere")).cancel();
    for (String wanted : List.of("first", "second", "third")) {
      assertThat(ran.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(wanted);
    }
    assertThat(ran).isEmpty();
  }

  /** Each task adds the next, so that the queue is never empty. */
  @Test
  void timers_runAlsoWhileTasksNeverEnd() throws Exception {
    CompletableFuture<String> rang = new CompletableFuture<>();
    loop.execute(() -> again(rang));
    loop.after(Duration.ofMillis(5), () -> rang.complete("in time"));
    assertThat(rang.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo("in time");
  }

  private void again(CompletableFuture<String> until) {
    if (!until.isDone()) {
      loop.execute(() -> again(until));
    }
  }

  @Test
  void task_thatWasInterrupted_doesNotKeepTheLoopAwake() throws Exception {
    loop.execute(() -> Thread.currentThread().interrupt());
    loop.after(Duration.ofMillis(5), () -> ran.add("interrupted=" + Thread.interrupted()));
    assertThat(ran.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo("interrupted=false");
  }

  @Test
  void execute_afterClose_isDropped() {
    loop.close();
    loop.execute(() -> ran.add("late"));
    loop.after(Duration.ZERO, () -> ran.add("late"));
    assertThat(ran).isEmpty();
  }

  @Test
  void here_isTrueOnTheLoopOnly() throws Exception {
    CompletableFuture<Boolean> there = new CompletableFuture<>();
    loop.execute(() -> there.complete(loop.here()));
    assertThat(there.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(loop.here()).isFalse();
  }
}

package io.quire.harness;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A running process that a {@link Reaper} started, and what one may do to it. Its standard input is
 * a pipe that stays open and empty while this JVM lives, its output goes to its log. Safe for use
 * by many threads.
 */
public final class ChildProcess {
  private static final Duration KILL_LIMIT = Duration.ofSeconds(10);
  private static final int TAIL_LINES = 20;

  private final Launch launch;
  private final ChildLog log;
  private final Process process;
  private @Nullable Pause pause;

  ChildProcess(Launch launch) {
    this.launch = launch;
    log = new ChildLog(launch.log());
    ProcessBuilder builder =
        new ProcessBuilder(launch.line())
            .directory(launch.directory().toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(launch.log().toFile()));
    builder.environment().putAll(launch.environment());
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new ChildProcessException("child not started: name=" + launch.name(), e);
    }
  }

  /** The name it was launched under. */
  public String name() {
    return launch.name();
  }

  /** The number that the operating system gave it. */
  public long pid() {
    return process.pid();
  }

  /** The file that its output is appended to. */
  public Path log() {
    return launch.log();
  }

  /** Whether it runs; one that is paused does. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** How it ended (128 + n if by signal n), or nothing while it runs. */
  public OptionalInt exitCode() {
    return process.isAlive() ? OptionalInt.empty() : OptionalInt.of(process.exitValue());
  }

  /** Completes when it has ended, by itself or not. */
  public CompletableFuture<ChildProcess> onExit() {
    return process.onExit().thenApply(_ -> this);
  }

  /** The last lines it wrote in this run, at most that many and at most 64 KiB of them. */
  public List<String> logTail(int lines) {
    return log.tail(lines);
  }

  /**
   * Waits for a line of its log.
   *
   * @return the first line of this run that contains the text
   * @throws ChildProcessException if the process ends or the limit passes before
   */
  public String awaitLine(String text, Duration limit) {
    ChildLog.Search search = log.new Search(text);
    await("line with '" + text + "'", search::advance, limit);
    return search.line();
  }

  /**
   * Waits for a condition that only a living child can bring about, asking every 20 ms.
   *
   * @param what is awaited, for the message
   * @throws ChildProcessException if the process ends or the limit passes before
   */
  public void await(String what, BooleanSupplier condition, Duration limit) {
    Deadline deadline = Deadline.in(limit);
    boolean[] met = new boolean[1];
    deadline.await(
        () -> {
          // Asked in this order: a child may do what is awaited and end.
          boolean alive = isAlive();
          met[0] = condition.getAsBoolean();
          return met[0] || !alive;
        });
    if (!met[0]) {
      throw failure("child did not get there", "awaited=" + what, deadline.waited());
    }
  }

  /**
   * Waits for its end.
   *
   * @return its exit code
   * @throws ChildProcessException if it still runs when the limit has passed
   */
  public int awaitExit(Duration limit) {
    if (!ended(limit)) {
      throw failure("child did not end", "limitMillis=" + limit.toMillis(), limit);
    }
    return process.exitValue();
  }

  /** Ends it with SIGKILL and waits until it is gone; no effect on one that has ended. */
  public void kill9() {
    dropPause();
    process.destroyForcibly();
    if (!ended(KILL_LIMIT)) {
      throw failure("child survived SIGKILL", "pid=" + pid(), KILL_LIMIT);
    }
  }

  /**
   * Asks it to end with SIGTERM, resuming it first if it is paused, and kills it if it has not
   * ended after the grace.
   *
   * @return whether it ended by itself
   */
  public boolean stop(Duration grace) {
    resume();
    // Process.destroy would close standard input as well, which says that this JVM is gone.
    process.toHandle().destroy();
    if (ended(grace)) {
      return true;
    }
    kill9();
    return false;
  }

  /**
   * Stops all its threads with SIGSTOP until {@link #resume}; no effect if it is paused. If this
   * JVM dies meanwhile, the child resumes, and so can notice.
   *
   * @throws ChildProcessException if it has ended
   */
  public synchronized void pause() {
    hold(Pause::of);
  }

  /**
   * Lets it run for a hundredth of each second until {@link #resume}, so that whatever it does
   * takes about a hundred times as long; no effect if it is paused or slow. Else as {@link #pause}.
   *
   * @throws ChildProcessException if it has ended
   */
  public synchronized void slow() {
    hold(Pause::mostly);
  }

  private interface Holding {
    Pause of(long pid) throws IOException;
  }

  private void hold(Holding holding) {
    if (pause != null) {
      return;
    }
    try {
      pause = holding.of(pid());
    } catch (IOException e) {
      throw new ChildProcessException("child not paused: name=" + name(), e);
    }
  }

  /** Lets it run on with SIGCONT; no effect if it is neither paused nor slow. */
  public synchronized void resume() {
    if (pause != null) {
      pause.end();
      pause = null;
    }
  }

  private synchronized void dropPause() {
    if (pause != null) {
      pause.drop();
      pause = null;
    }
  }

  private boolean ended(Duration limit) {
    try {
      return process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return !process.isAlive();
    }
  }

  private ChildProcessException failure(String what, String detail, Duration waited) {
    return new ChildProcessException(
        "%s: name=%s %s waitedMillis=%d state=%s log=%s%n%s"
            .formatted(
                what,
                name(),
                detail,
                waited.toMillis(),
                isAlive() ? "running" : "exited(" + process.exitValue() + ")",
                log(),
                String.join(System.lineSeparator(), logTail(TAIL_LINES))));
  }

  @Override
  public String toString() {
    return "%s(pid %d)".formatted(name(), pid());
  }
}

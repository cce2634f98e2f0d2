package io.quire.harness;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A process that is stopped, all the time or most of it. A stopped process cannot notice the death
 * of its parent, and would then stay for ever; so a shell holds it, which sends SIGCONT when its
 * own input ends, be it closed by us or by our death.
 */
final class Pause {
  private static final String HOLD =
      "trap '' INT; kill -STOP \"$0\" && echo held && read -r _; kill -CONT \"$0\"";

  /** The end of the input is told from the end of the wait by what read returns. */
  private static final String SLOW =
      "trap '' INT; while kill -STOP \"$0\"; do echo held; read -r -t 0.99 _; ended=$?;"
          + " kill -CONT \"$0\"; [ $ended -gt 128 ] || exit; sleep 0.01; done";

  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final Process holder;

  private Pause(Process holder) {
    this.holder = holder;
  }

  /** Stops the process of that number. */
  static Pause of(long pid) throws IOException {
    return held(pid, "/bin/sh", HOLD);
  }

  /** Lets the process run for a hundredth of each second. */
  static Pause mostly(long pid) throws IOException {
    return held(pid, "/bin/bash", SLOW);
  }

  private static Pause held(long pid, String shell, String script) throws IOException {
    Process holder =
        new ProcessBuilder(shell, "-c", script, Long.toString(pid))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    Pause pause = new Pause(holder);
    InputStream output = holder.getInputStream();
    Deadline.in(LIMIT).await(() -> available(output) > 0 || !holder.isAlive());
    if (available(output) == 0) {
      pause.drop();
      throw new IOException("no such process: pid=" + pid);
    }
    return pause;
  }

  /** Lets the process run on; it does so when this returns. */
  void end() {
    try {
      holder.getOutputStream().close();
      if (holder.waitFor(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (IOException e) {
      // The holder is gone, and with it the end of its input has come.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the holder without a word to the process, which is about to be killed. */
  void drop() {
    holder.destroyForcibly();
  }

  private static int available(InputStream output) {
    try {
      return output.available();
    } catch (IOException closed) {
      return 0;
    }
  }
}

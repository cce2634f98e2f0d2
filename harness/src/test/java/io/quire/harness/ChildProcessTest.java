package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ChildProcessTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir Path directory;
  private final Reaper reaper = Reaper.open();

  @AfterEach
  void reap() {
    reaper.close();
  }

  @Test
  void awaitLine_withLineWrittenLater_returnsTheLine() {
    ChildProcess child = shell("echo starting; read _; echo port=17", "a");
    child.awaitLine("starting", LIMIT);
    ChildProcess other = shell("echo no; echo ready on port=18; sleep 60", "b");

    assertThat(other.awaitLine("port=", LIMIT)).isEqualTo("ready on port=18");
  }

  @Test
  void awaitLine_ofRestartedChild_seesOnlyLinesOfThisRun() {
    shell("echo ready 1", "again").awaitExit(LIMIT);

    ChildProcess second = shell("echo ready 2; sleep 60", "again");

    assertThat(second.awaitLine("ready", LIMIT)).isEqualTo("ready 2");
    assertThat(second.logTail(10)).containsExactly("ready 2");
    assertThat(second.log()).content().isEqualTo("ready 1\nready 2\n");
  }

  @Test
  void awaitLine_whenChildEndsBefore_failsWithExitCodeAndTail() {
    ChildProcess child = shell("echo no such file; exit 3", "a");

    assertThatThrownBy(() -> child.awaitLine("ready", LIMIT))
        .isInstanceOf(ChildProcessException.class)
        .hasMessageContaining("name=a")
        .hasMessageContaining("state=exited(3)")
        .hasMessageEndingWith("no such file");
  }

  @Test
  void awaitLine_whenLimitPasses_failsAndLeavesTheChild() {
    ChildProcess child = shell("sleep 60", "a");

    assertThatThrownBy(() -> child.awaitLine("ready", Duration.ofMillis(50)))
        .isInstanceOf(ChildProcessException.class)
        .hasMessageContaining("state=running");
    assertThat(child.isAlive()).isTrue();
  }

  @Test
  void logTail_ofLongLog_isTheLastLines() {
    ChildProcess child =
        shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; done", "a");
    child.awaitExit(LIMIT);

    assertThat(child.logTail(2)).containsExactly("line 19999", "line 20000");
    assertThat(child.awaitLine("20000", LIMIT)).isEqualTo("line 20000");
  }

  @Test
  void kill9_ofChildThatIgnoresSignals_endsIt() {
    ChildProcess child = shell("trap '' TERM INT; echo ready; while :; do sleep 1; done", "a");
    child.awaitLine("ready", LIMIT);

    child.kill9();

    assertThat(child.exitCode()).hasValue(128 + 9);
    assertThat(reaper.alive()).isEmpty();
  }

  @Test
  void stop_ofChildThatCleansUp_letsItEndByItself() {
    ChildProcess child =
        shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.1; done", "a");
    child.awaitLine("ready", LIMIT);

    assertThat(child.stop(LIMIT)).isTrue();

    assertThat(child.exitCode()).hasValue(0);
    assertThat(child.logTail(1)).containsExactly("bye");
  }

  @Test
  void stop_ofChildThatIgnoresSigterm_killsItAfterTheGrace() {
    ChildProcess child = shell("trap '' TERM; echo ready; while :; do sleep 1; done", "a");
    child.awaitLine("ready", LIMIT);

    assertThat(child.stop(Duration.ofMillis(100))).isFalse();

    assertThat(child.exitCode()).hasValue(128 + 9);
  }

  @Test
  void pauseAndResume_ofRunningChild_stopAndContinueIt() {
    ChildProcess child = shell("echo ready; exec sleep 60", "a");
    child.awaitLine("ready", LIMIT);

    child.pause();
    child.pause();
    child.await("stopped", () -> state(child.pid()).startsWith("T"), LIMIT);
    assertThat(child.isAlive()).isTrue();

    child.resume();
    child.await("running", () -> state(child.pid()).startsWith("S"), LIMIT);
  }

  @Test
  void slow_ofRunningChild_letsItRunNowAndThen_andResumeEndsThat() {
    ChildProcess child = shell("echo ready; sleep 0.2; echo more; exec sleep 60", "a");
    child.awaitLine("ready", LIMIT);

    child.slow();
    child.slow();
    child.await("stopped", () -> state(child.pid()).startsWith("T"), LIMIT);
    child.awaitLine("more", LIMIT);
    child.await("stopped", () -> state(child.pid()).startsWith("T"), LIMIT);

    child.resume();
    child.await("running", () -> state(child.pid()).startsWith("S"), LIMIT);
    assertThat(child.isAlive()).isTrue();
  }

  @Test
  void kill9_ofPausedChild_endsIt() {
    ChildProcess child = shell("exec sleep 60", "a");
    child.pause();

    child.kill9();

    assertThat(child.exitCode()).hasValue(128 + 9);
  }

  @Test
  void stop_ofPausedChild_resumesItSoThatItCanEnd() {
    ChildProcess child = shell("trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done", "a");
    child.awaitLine("ready", LIMIT);
    child.pause();

    assertThat(child.stop(LIMIT)).isTrue();
  }

  @Test
  void pause_ofEndedChild_isRefused() {
    ChildProcess child = shell("exit 0", "a");
    child.awaitExit(LIMIT);

    assertThatThrownBy(child::pause).isInstanceOf(ChildProcessException.class);
  }

  @Test
  void start_withEnvironment_addsToOurs() {
    Launch launch =
        Launch.of("a", directory, "/bin/sh", "-c", "echo $ADDED; echo ${PATH:+inherited}")
            .withEnvironment(Map.of("ADDED", "gr en"));

    ChildProcess child = reaper.start(launch);

    child.awaitExit(LIMIT);
    assertThat(child.logTail(2)).containsExactly("gr en", "inherited");
  }

  @Test
  void start_ofMissingProgram_saysSo() {
    assertThatThrownBy(() -> reaper.start(Launch.of("a", directory, "/no/such/program")))
        .isInstanceOf(ChildProcessException.class)
        .hasMessageContaining("name=a");
  }

  @Test
  void close_withChildren_killsAllAndRefusesMore() {
    ChildProcess one = shell("exec sleep 60", "a");
    ChildProcess paused = shell("exec sleep 60", "b");
    paused.pause();

    reaper.close();

    assertThat(one.isAlive()).isFalse();
    assertThat(paused.isAlive()).isFalse();
    assertThatThrownBy(() -> shell("exit 0", "c")).isInstanceOf(IllegalStateException.class);
  }

  private ChildProcess shell(String script, String name) {
    return reaper.start(Launch.of(name, directory, "/bin/sh", "-c", script));
  }

  /** The state letters of ps, empty if there is no such process. */
  static String state(long pid) {
    try {
      Process ps = new ProcessBuilder("ps", "-o", "stat=", "-p", Long.toString(pid)).start();
      return new String(ps.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

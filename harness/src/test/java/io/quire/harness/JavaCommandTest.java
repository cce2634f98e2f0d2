package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class JavaCommandTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private static final String WAITER = Waiter.class.getName();

  @TempDir Path directory;
  private final Reaper reaper = Reaper.open();

  @AfterEach
  void reap() {
    reaper.close();
  }

  @Test
  void launch_withOddCharacters_passesThemOn() throws IOException {
    Path odd = Files.createDirectories(directory.resolve("a b \"c\" \\d #e"));
    JavaCommand command =
        JavaCommand.of(Waiter.class.getName(), "one", "@two", "three four")
            .withClassPath(odd)
            .withOptions("-Dmarker=" + odd);

    ChildProcess child = reaper.start(command.launch("child", odd));

    assertThat(child.awaitLine("waiting", LIMIT)).endsWith("arguments=one,@two,three four");
    assertThat(child.awaitLine("marker", LIMIT)).isEqualTo("marker=" + odd);
    assertThat(child.logTail(5)).as("no warnings of the JVM").hasSize(2);
  }

  @Test
  void launch_hasTheOptionsForAllChildrenBeforeItsOwn() throws IOException {
    String forAll = System.getenv(JavaCommand.CHILD_OPTIONS);
    assumeTrue(forAll != null, "nothing is set: variable=" + JavaCommand.CHILD_OPTIONS);

    JavaCommand.of(WAITER).withOptions("-Xmx64m").launch("child", directory);

    assertThat(Files.readAllLines(directory.resolve("child.args")))
        .containsSubsequence("-XX:+UseCompactObjectHeaders", forAll, "\"-Xmx64m\"");
  }

  @Test
  void launch_ofMainClassThatIsMissing_endsWithItsName() {
    ChildProcess child = reaper.start(JavaCommand.of("no.such.Main").launch("child", directory));

    assertThatThrownBy(() -> child.awaitLine("waiting", LIMIT))
        .isInstanceOf(ChildProcessException.class)
        .hasMessageContaining("ClassNotFoundException: no.such.Main")
        .hasMessageContaining("state=exited(1)");
  }

  @Test
  void stop_ofAChildJvm_letsItEndInOrder() {
    ChildProcess child = reaper.start(JavaCommand.of(WAITER).launch("child", directory));
    child.awaitLine("waiting", LIMIT);

    assertThat(child.stop(LIMIT)).isTrue();

    assertThat(child.exitCode()).hasValue(128 + 15);
    assertThat(child.logTail(1)).containsExactly("ended in order");
  }

  @Test
  void deafToInterrupts_thenSigint_runsOn() throws Exception {
    JavaCommand command = JavaCommand.of(WAITER);
    ChildProcess deaf = reaper.start(command.deafToInterrupts().launch("deaf", directory));
    ChildProcess hearing = reaper.start(command.launch("hearing", directory));
    deaf.awaitLine("waiting", LIMIT);
    hearing.awaitLine("waiting", LIMIT);

    for (ChildProcess child : List.of(deaf, hearing)) {
      new ProcessBuilder("/bin/sh", "-c", "kill -INT " + child.pid()).start().waitFor();
    }

    assertThat(hearing.awaitExit(LIMIT)).isEqualTo(128 + 2);
    assertThat(deaf.isAlive()).isTrue();
  }
}

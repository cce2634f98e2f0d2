package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of the children, one of them paused, of a parent that dies. */
@Timeout(120)
class ParentDeathTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @TempDir Path directory;
  private final Reaper reaper = Reaper.open();

  private record Family(ChildProcess parent, List<Long> children, Path workspace) {}

  @AfterEach
  void reap() {
    reaper.close();
  }

  @Test
  void kill9_ofParent_endsItsChildren() {
    Family family = family();

    family.parent().kill9();

    awaitGone(family.children());
  }

  @Test
  void interrupt_ofParent_endsItsChildrenAndDeletesItsWorkspace() {
    Family family = family();

    String pid = Long.toString(family.parent().pid());
    reaper.start(Launch.of("ctrl-c", directory, "kill", "-INT", pid)).awaitExit(LIMIT);

    assertThat(family.parent().awaitExit(LIMIT)).isEqualTo(128 + 2);
    awaitGone(family.children());
    assertThat(Files.exists(family.workspace())).isFalse();
  }

  @Test
  void kill9_ofParent_leavesItsWorkspaceToTheNextOne() {
    Family killed = family();
    killed.parent().kill9();
    awaitGone(killed.children());
    assertThat(killed.workspace()).exists();

    Family living = family();
    family();

    assertThat(killed.workspace()).doesNotExist();
    assertThat(living.workspace()).exists();
  }

  private Family family() {
    JavaCommand command =
        JavaCommand.of(Parent.class.getName())
            .withOptions("-Xmx64m", "-Djava.io.tmpdir=" + directory);
    ChildProcess parent = reaper.start(command.launch("parent", directory));
    String[] words = parent.awaitLine("ready", LIMIT).split(" ");
    List<Long> children = List.of(Long.valueOf(words[1]), Long.valueOf(words[2]));
    assertThat(children).allMatch(pid -> !gone(pid));
    return new Family(parent, children, Path.of(words[3]));
  }

  private static void awaitGone(List<Long> children) {
    boolean allGone = Deadline.in(LIMIT).await(() -> children.stream().allMatch(pid -> gone(pid)));
    assertThat(allGone).as("children %s are gone", children).isTrue();
  }

  /** An orphan that has ended may stay a zombie where nobody adopts it. */
  private static boolean gone(long pid) {
    String state = ChildProcessTest.state(pid);
    return state.isEmpty() || state.startsWith("Z");
  }
}

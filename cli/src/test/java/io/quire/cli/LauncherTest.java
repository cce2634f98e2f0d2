package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.harness.ChildProcess;
import io.quire.harness.Deadline;
import io.quire.harness.Launch;
import io.quire.harness.Reaper;
import io.quire.harness.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The launcher in a checkout that has nothing but what it looks at, with a {@code java} that prints
 * what it was given and a {@code mvn} that takes half a second.
 */
@Timeout(400)
class LauncherTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private static final String JAVA =
      """
      #!/bin/sh
      echo "java of $0"
      echo "pid $$"
      echo "classpath $CLASSPATH"
      case " $* " in *" locale "*) echo "ctype ${LC_CTYPE:-}" ;; esac
      for argument in "$@"; do echo "[$argument]"; done
      [ "${QUIRE_JAVA_OPTS:-}" != -Dwait ] || exec sleep 60
      """;

  private static final String MAVEN =
      """
      #!/bin/sh
      echo "[INFO] Building Quire base 0.1.0-SNAPSHOT                         [1/2]"
      echo "JAVA_HOME=$JAVA_HOME" >>builds
      sleep 0.5
      if [ -f base/src/main/broken ]; then echo "[ERROR] broken"; exit 1; fi
      mkdir -p cli/target
      touch cli/target/quire-cli.jar dependency.jar
      echo "$PWD/dependency.jar:$PWD/cli/target/quire-cli.jar" >cli/target/classpath
      """;

  private final Workspace workspace = Workspace.open("launcher");
  private final Reaper reaper = Reaper.open();
  private Path directory = Path.of("");
  private Path root = Path.of("");
  private Path tools = Path.of("");
  private int runs;

  @BeforeEach
  void makeCheckout() throws IOException {
    directory = workspace.path().toRealPath();
    root = Files.createDirectories(directory.resolve("check out"));
    String launcher =
        Files.readString(Path.of("../quire"))
            .replace("/usr/lib/jvm/", directory + "/jvm/")
            .replace("/opt/", directory + "/opt/")
            .replace("/Library/", directory + "/Library/");
    script(root.resolve("quire"), launcher);
    Files.createDirectories(root.resolve("base/src/main"));
    Files.writeString(root.resolve("base/src/main/Source.java"), "");
    Files.writeString(root.resolve("pom.xml"), "");
    tools = Files.createDirectories(directory.resolve("tools"));
    for (String tool :
        List.of("sh", "basename", "cat", "date", "dirname", "env", "find", "head", "ln", "mkdir")) {
      link(tool);
    }
    for (String tool : List.of("readlink", "rm", "sed", "sleep", "tail", "touch", "wc")) {
      link(tool);
    }
    script(tools.resolve("mvn"), MAVEN);
  }

  @AfterEach
  void reap() {
    reaper.close();
    workspace.close();
  }

  @Test
  void run_withoutJdk_says78AndWhatToInstall() {
    ChildProcess run = run("status");

    assertThat(run.awaitExit(LIMIT)).isEqualTo(78);
    assertThat(run.logTail(9)).singleElement().asString().contains("no JDK 25 or newer found");
  }

  @Test
  void run_withOlderJdkOnly_says78() throws IOException {
    jdk("jvm/java-17", "17.0.15");
    jdk("opt/java-8", "1.8.0_402");

    assertThat(run("status").awaitExit(LIMIT)).isEqualTo(78);
  }

  @Test
  void run_withJavaHomeThatIsNoJdk25_says78AndNamesIt() throws IOException {
    jdk("jvm/java-25", "25.0.3");
    Path named = jdk("mine", "21");

    ChildProcess run = run(List.of("QUIRE_JAVA_HOME=" + named), root.resolve("quire"), "status");

    assertThat(run.awaitExit(LIMIT)).isEqualTo(78);
    assertThat(run.logTail(9)).singleElement().asString().contains(named.toString());
  }

  @Test
  void run_withoutALocale_canOpenFilesOfAnyName() throws IOException {
    jdk("jvm/java-25", "25.0.3");
    List<String> german = List.of("LC_ALL=de_DE.UTF-8");

    ChildProcess bare = run(List.of(), root.resolve("quire"), "locale");
    bare.awaitExit(LIMIT);
    ChildProcess set = run(german, root.resolve("quire"), "locale");
    set.awaitExit(LIMIT);

    assertThat(bare.logTail(99)).contains("ctype C.UTF-8");
    assertThat(set.logTail(99)).contains("ctype ");
  }

  @Test
  void run_withoutMaven_says78() throws IOException {
    jdk("jvm/java-25", "25.0.3");
    Files.delete(tools.resolve("mvn"));

    ChildProcess run = run("status");

    assertThat(run.awaitExit(LIMIT)).isEqualTo(78);
    assertThat(run.logTail(9)).singleElement().asString().contains("Maven");
  }

  @Test
  void run_forTheFirstTime_buildsAndStarts() throws IOException {
    jdk("jvm/java-17", "17.0.15");
    Path jdk = jdk("jvm/java-26", "26-ea");

    ChildProcess run = run("status", "--json", "two words");

    assertThat(run.awaitExit(LIMIT)).isZero();
    List<String> lines = run.logTail(99);
    assertThat(lines.get(0)).isEqualTo("quire: building Quire (first run: a few minutes) ...");
    assertThat(lines.get(1)).isEqualTo("  1/2\tQuire base");
    assertThat(lines.get(2)).startsWith("quire: built in ");
    assertThat(lines)
        .contains("java of " + jdk.resolve("bin/java"), "pid " + run.pid(), "[-Xmx512m]")
        .contains(
            "classpath %s/cli/target/quire-cli.jar:%1$s/dependency.jar:%1$s/cli/target/quire-cli.jar"
                .formatted(root))
        .endsWith("[io.quire.cli.Quire]", "[status]", "[--json]", "[two words]");
    assertThat(builds()).containsExactly("JAVA_HOME=" + jdk);
  }

  @Test
  void run_throughLinkFromElsewhere_doesNotBuildAgain() throws IOException {
    jdk("jvm/java-25", "25.0.3");
    run("status").awaitExit(LIMIT);
    Path link = Files.createSymbolicLink(tools.resolve("quire"), Path.of("../check out/quire"));

    ChildProcess run = run(List.of(), link, "start");

    assertThat(run.awaitExit(LIMIT)).isZero();
    assertThat(run.logTail(99))
        .endsWith("[io.quire.cli.Quire]", "[start]")
        .doesNotContain("[-Xmx512m]");
    assertThat(builds()).hasSize(1);
  }

  @Test
  void run_afterChangeOfSource_buildsAgain() throws IOException {
    jdk("jvm/java-25", "25.0.3");
    run("status").awaitExit(LIMIT);
    FileTime later = FileTime.from(Instant.now().plusSeconds(1));
    Files.setLastModifiedTime(root.resolve("base/src/main/Source.java"), later);

    ChildProcess run = run("status");

    assertThat(run.awaitExit(LIMIT)).isZero();
    assertThat(run.logTail(99)).contains("quire: building Quire (sources changed) ...");
    assertThat(builds()).hasSize(2);
  }

  @Test
  void run_afterDependencyVanished_buildsAgain() throws IOException {
    jdk("jvm/java-25", "25.0.3");
    run("status").awaitExit(LIMIT);
    Files.delete(root.resolve("dependency.jar"));

    assertThat(run("status").awaitExit(LIMIT)).isZero();

    assertThat(builds()).hasSize(2);
  }

  @Test
  void run_withBrokenBuild_says70AndShowsItsEnd() throws IOException {
    jdk("jvm/java-25", "25.0.3");
    Files.writeString(root.resolve("base/src/main/broken"), "");

    ChildProcess run = run("status");

    assertThat(run.awaitExit(LIMIT)).isEqualTo(70);
    assertThat(run.logTail(2).getFirst()).isEqualTo("[ERROR] broken");
    assertThat(run.logTail(1).getFirst()).contains("target/build.log");
    assertThat(lock()).doesNotExist();
  }

  @Test
  void run_twiceAtOnce_buildsOnce() throws IOException {
    jdk("jvm/java-25", "25.0.3");

    ChildProcess one = run("status");
    ChildProcess other = run("status");

    assertThat(one.awaitExit(LIMIT)).isZero();
    assertThat(other.awaitExit(LIMIT)).isZero();
    assertThat(builds()).hasSize(1);
    assertThat(lock()).doesNotExist();
  }

  @Test
  void run_withLockOfDeadProcess_takesItOver() throws IOException {
    jdk("jvm/java-25", "25.0.3");
    ChildProcess dead = reaper.start(Launch.of("dead", directory, "/bin/sh", "-c", "exit 0"));
    dead.awaitExit(LIMIT);
    Files.createDirectories(root.resolve("target"));
    Files.createSymbolicLink(lock(), Path.of(Long.toString(dead.pid())));

    assertThat(run("status").awaitExit(LIMIT)).isZero();
  }

  @Test
  void sigterm_whileBuilding_endsMavenAndUnlocks() throws IOException {
    jdk("jvm/java-25", "25.0.3");
    ChildProcess run = run("status");
    run.awaitLine("Quire base", LIMIT);

    assertThat(run.stop(LIMIT)).isTrue();

    assertThat(run.exitCode()).hasValue(143);
    assertThat(lock()).doesNotExist();
    assertThat(root.resolve("cli/target/classpath")).doesNotExist();
  }

  @Test
  void sigterm_whileRunning_reachesTheProgram() throws IOException {
    jdk("jvm/java-25", "25.0.3");
    ChildProcess run = run(List.of("QUIRE_JAVA_OPTS=-Dwait"), root.resolve("quire"), "start");
    run.awaitLine("[start]", LIMIT);
    Deadline.in(LIMIT).await(() -> run.logTail(9).contains("pid " + run.pid()));

    assertThat(run.stop(LIMIT)).isTrue();

    assertThat(run.exitCode()).hasValue(143);
  }

  private ChildProcess run(String... arguments) {
    return run(List.of(), root.resolve("quire"), arguments);
  }

  private ChildProcess run(List<String> environment, Path launcher, String... arguments) {
    List<String> line = new ArrayList<>(List.of("/usr/bin/env", "-i", "PATH=" + tools));
    line.addAll(environment);
    line.add(launcher.toString());
    line.addAll(List.of(arguments));
    return reaper.start(Launch.of("run-" + runs++, directory, line.toArray(String[]::new)));
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(root.resolve("builds"));
  }

  private Path lock() {
    return root.resolve("target/build.lock");
  }

  private Path jdk(String name, String version) throws IOException {
    Path home = directory.resolve(name);
    script(Files.createDirectories(home.resolve("bin")).resolve("java"), JAVA);
    script(home.resolve("bin/javac"), "#!/bin/sh\n");
    Files.writeString(
        home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"%s\"\n".formatted(version));
    return home;
  }

  private void link(String tool) throws IOException {
    Path original =
        Stream.of("/usr/bin", "/bin")
            .map(folder -> Path.of(folder, tool))
            .filter(Files::exists)
            .findFirst()
            .orElseThrow();
    Files.createSymbolicLink(tools.resolve(tool), original);
  }

  private static void script(Path path, String text) throws IOException {
    Files.writeString(path, text);
    assertThat(path.toFile().setExecutable(true)).isTrue();
  }
}

package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.cli.Commands.Ran;
import io.quire.cli.Commands.Started;
import io.quire.harness.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** One node without a configuration file: how it ends, how it comes back, and what it refuses. */
@Timeout(400)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StartIT {
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final String[] SMALL = {"memory=16MiB", "snapshot-entries=1"};

  private final Commands quire = new Commands("start");
  private Path file = Path.of("");
  private Path data = Path.of("");

  /** Leaves a directory behind that was in use, and was closed in order. */
  @BeforeAll
  void endByEachSignal_andComeBack() throws IOException {
    file =
        Files.write(
            quire.directory().resolve("lines.txt"),
            Stream.iterate(0, i -> i + 1).limit(100_000).map(i -> "line " + i).toList());
    Started first = quire.start(quire.directory(), SMALL);
    data = first.data();
    command(first, "load", file.toString(), "--as", "/kept").assertDone();
    quire.signal(first.process(), "INT");
    assertThat(first.process().awaitExit(GRACE)).isIn(0, 130);

    Started second = quire.start(quire.directory(), SMALL);
    assertKept(second);
    second.process().kill9();

    Started third = quire.start(quire.directory(), SMALL);
    assertKept(third);
    quire.signal(third.process(), "TERM");
    assertThat(third.process().awaitExit(GRACE)).isEqualTo(143);
  }

  @AfterAll
  void end() {
    quire.close();
  }

  private Ran command(Started node, String... arguments) {
    return quire.run(
        Stream.concat(Stream.of(arguments), Stream.of("--node", node.http().toString()))
            .toArray(String[]::new));
  }

  private void assertKept(Started node) throws IOException {
    assertThat(command(node, "ns", "ls").assertDone().text()).contains("/kept");
    Ran cat = command(node, "cat", "/kept").assertDone();
    assertThat(CommandsIT.sha256(cat.out())).isEqualTo(CommandsIT.sha256(file));
  }

  private Path copy(String name) throws IOException {
    Path copy = quire.directory().resolve(name);
    try (Stream<Path> all = Files.walk(data)) {
      for (Path from : all.toList()) {
        Files.copy(from, copy.resolve(data.relativize(from)));
      }
    }
    return copy;
  }

  private Ran start(Path in, String... settings) {
    List<String> arguments =
        new ArrayList<>(List.of("start", "--set", "http.port=0", "--set", "data=" + in));
    for (String setting : SMALL) {
      arguments.addAll(List.of("--set", setting));
    }
    for (String setting : settings) {
      arguments.addAll(List.of("--set", setting));
    }
    return quire.run(arguments.toArray(String[]::new));
  }

  private void assertRefused(Path in, String[] words, String... settings) throws IOException {
    Map<String, String> before = Commands.contents(in);
    start(in, settings).assertFailed(1, words);
    assertThat(Commands.contents(in)).isEqualTo(before);
  }

  private static void damage(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int written = bytes.length;
    while (bytes[written - 1] == 0) {
      // Zeros that are written ahead of the log's entries.
      written--;
    }
    bytes[written / 2] ^= 1;
    Files.write(file, bytes);
  }

  private static List<Path> segments(Path in) throws IOException {
    try (Stream<Path> files = Files.walk(in.resolve("log/raft"))) {
      return files
          .filter(each -> each.getFileName().toString().startsWith("log_"))
          .sorted()
          .toList();
    }
  }

  private static List<Path> snapshots(Path in) throws IOException {
    try (Stream<Path> files = Files.list(in.resolve("log/snapshots"))) {
      return files.sorted().toList();
    }
  }

  @Test
  void start_onADirectoryThatIsNotItsOwn_changesNothing() throws IOException {
    String[] cluster = {"another cluster", "found=quire wanted=other"};
    assertRefused(data, cluster, "cluster=other");
    String[] node = {"another node", "found=quire wanted=other"};
    assertRefused(data, node, "name=other");
  }

  @Test
  void start_onADirectoryOfANewerFormat_changesNothing() throws IOException {
    Path newer = copy("newer");
    Path identity = newer.resolve("log/identity");
    // One of the two alone would be damage, and would be had from the other.
    for (Path file : List.of(identity, newer.resolve("log/identity-copy"))) {
      byte[] bytes = Files.readAllBytes(file);
      bytes[4] = 99;
      Files.write(file, bytes);
    }

    String[] words = {"newer format", identity.toString(), "found=99"};
    assertRefused(newer, words);
  }

  @Test
  void start_withoutAGoodSnapshot_changesNothing() throws IOException {
    Path corrupt = copy("corrupt");
    for (Path snapshot : snapshots(corrupt)) {
      damage(snapshot);
    }
    damage(segments(corrupt).getFirst());

    String[] words = {"no snapshot verifies", corrupt.toString()};
    assertRefused(corrupt, words);
  }

  @Test
  void start_withoutAGoodSnapshotButAWholeLog_findsTheData() throws IOException {
    Path cwd = Files.createDirectory(quire.directory().resolve("replayed"));
    Path damaged = copy("replayed/quire-data");
    List<Path> snapshots = snapshots(damaged);
    for (Path snapshot : snapshots) {
      damage(snapshot);
    }

    Started node =
        quire.start(cwd, "memory=16MiB", "stores=[\"flash://%s/flash\"]".formatted(data));
    assertKept(node);
    String status = command(node, "status").assertDone().text();
    for (Path snapshot : snapshots) {
      assertThat(status).contains("bad snapshot ", snapshot.getFileName() + ".bad, set aside");
    }
  }

  @Test
  void start_withADamagedSnapshotAndAnOlderGoodOne_findsTheData() throws IOException {
    Path cwd = Files.createDirectory(quire.directory().resolve("older"));
    Path damaged = copy("older/quire-data");
    assertThat(snapshots(damaged)).hasSizeGreaterThan(1);
    damage(snapshots(damaged).getLast());

    // Where the flash is, is part of a copy's name, so the directory is told by the name it had.
    Started node =
        quire.start(cwd, "memory=16MiB", "stores=[\"flash://%s/flash\"]".formatted(data));
    assertKept(node);
    String aside =
        damaged.resolve("log/aside").resolve(snapshots(damaged).getLast().getFileName()) + ".bad";
    assertThat(command(node, "status").assertDone().text())
        .contains("bad snapshot " + aside + ", set aside");
    assertThat(command(node, "status", "--json").assertDone().text())
        .contains("\"badSnapshots\":[\"" + aside + "\"]");
  }

  @Test
  void start_withHdfsThatCannotBeReached_saysSoSoonAndChangesNothing() throws IOException {
    String[] words = {"store unavailable: store=hdfs://127.0.0.1:1/quire", "Connection refused"};
    assertRefused(data, words, "stores=[\"hdfs://127.0.0.1:1/quire\"]");
  }

  @Test
  void start_whereNothingCanBeWritten_saysSo() throws IOException {
    start(file.resolve("data")).assertFailed(1, "cannot write in the data directory", "lines.txt");
    if (Files.isDirectory(Path.of("/proc"))) {
      start(Path.of("/proc/quire")).assertFailed(1, "/proc/quire");
    }
  }

  @Test
  void start_withBadConfiguration_says78AndMakesNothing() throws IOException {
    Path fresh = quire.directory().resolve("unmade");
    Path config = quire.directory().resolve("node.conf");
    Path absent = quire.directory().resolve("absent.conf");

    quire.run("start", "--config", absent.toString()).assertFailed(78, "no such file", "absent");
    Files.writeString(config, "data = \"" + fresh + "\"\nhttp { port = 7\n");
    quire.run("start", "--config", config.toString()).assertFailed(78, "node.conf: 3: ");
    Files.writeString(
        config, "data = \"" + fresh + "\"\nmemory = 1 MiB\nhtp.port = 1\nhttp.port = 70000\n");
    quire
        .run("start", "--config", config.toString())
        .assertFailed(
            78,
            "node.conf",
            "line 2: memory: found=",
            "line 3: htp.port: unknown key, did you mean http.port?",
            "line 4: http.port: found=70000 allowed=a whole number, 0..65535");

    assertThat(fresh).doesNotExist();
  }

  @Test
  void start_interruptedAtOnce_endsAndStartsAgain() throws IOException {
    Path cwd = Files.createDirectory(quire.directory().resolve("interrupted"));
    ChildProcess early =
        quire.launch("early", cwd, "start", "--set", "http.port=0", "--set", "memory=16MiB");
    early.await(
        "the log's directory",
        () -> Files.exists(cwd.resolve("quire-data/log/identity")),
        Commands.LIMIT);
    quire.signal(early, "TERM");
    assertThat(early.awaitExit(GRACE)).isEqualTo(143);

    Started node = quire.start(cwd, "memory=16MiB");

    command(node, "status").assertDone();
  }
}

package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Address;
import io.quire.harness.ChildProcess;
import io.quire.harness.JavaCommand;
import io.quire.harness.Launch;
import io.quire.harness.Ports;
import io.quire.harness.Reaper;
import io.quire.harness.Workspace;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands as a user would, in a directory of their own: nodes, and what writes bytes to its
 * standard output, as processes of their own, all others in one {@link CommandShell}.
 */
final class Commands implements AutoCloseable {
  static final Duration LIMIT = Duration.ofSeconds(120);
  private static final Set<String> OF_THEIR_OWN = Set.of("cat", "start");
  private static final String IN_VIEW = "is in the view";

  private final Workspace workspace;
  private final Reaper reaper = Reaper.open();
  private @Nullable Shell shell;
  private int runs;

  /** How a command ended, and what it wrote. */
  record Ran(int code, Path out, String err) {
    String text() throws IOException {
      return Files.readString(out);
    }

    /** It failed with that code and said why in one sentence, and nothing else. */
    Ran assertFailed(int expected, String... words) throws IOException {
      assertThat(err).as("standard error").startsWith("quire: ").contains(words);
      assertThat(err.strip().lines()).hasSize(1);
      assertThat(err).doesNotContain("\tat ", "Exception in thread");
      assertThat(code).as(err).isEqualTo(expected);
      assertThat(text()).as("standard output").isEmpty();
      return this;
    }

    Ran assertDone() {
      assertThat(code).as(err).isZero();
      assertThat(err).isEmpty();
      return this;
    }
  }

  /** A node that runs, or ran. */
  record Started(ChildProcess process, Path data, int port) {
    Address http() {
      return new Address("127.0.0.1", port);
    }
  }

  /** The other end of a {@link CommandShell}. */
  private final class Shell implements AutoCloseable {
    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;

    Shell() throws IOException {
      try (ServerSocket door = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        door.setSoTimeout((int) LIMIT.toMillis());
        reaper.start(
            JavaCommand.of(CommandShell.class.getName(), Integer.toString(door.getLocalPort()))
                .withOptions("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m")
                .launch("shell", workspace.path()));
        socket = door.accept();
      }
      socket.setSoTimeout((int) LIMIT.toMillis());
      in = new DataInputStream(socket.getInputStream());
      out = new DataOutputStream(socket.getOutputStream());
    }

    int run(Path outFile, Path errFile, String... words) throws IOException {
      out.writeUTF(outFile.toString());
      out.writeUTF(errFile.toString());
      out.writeInt(words.length);
      for (String word : words) {
        out.writeUTF(word);
      }
      out.flush();
      return in.readInt();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  Commands(String name) {
    workspace = Workspace.open(name);
  }

  Path directory() {
    return workspace.path();
  }

  /** Starts a command; its standard error goes to the file {@code <name>.err} beside its log. */
  ChildProcess launch(String name, Path in, String... arguments) {
    Launch java =
        JavaCommand.of(Quire.class.getName(), arguments)
            .withOptions("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m")
            .launch(name, in);
    List<String> line = new ArrayList<>();
    // A test that runs in the background of a shell would hand down that SIGINT is ignored.
    if (Files.exists(Path.of("/proc/self/status"))) {
      line.addAll(List.of("/usr/bin/env", "--default-signal=INT"));
    }
    line.addAll(List.of("/bin/sh", "-c", "exec \"$@\" 2>\"$0\"", name + ".err"));
    line.addAll(java.line());
    return reaper.start(new Launch(name, line, Map.of(), in, java.log()));
  }

  /** Runs a command to its end. */
  Ran run(String... arguments) {
    String name = "run-" + runs++;
    if (OF_THEIR_OWN.contains(arguments[0])) {
      return runAlone(name, arguments);
    }
    Path out = workspace.path().resolve(name + ".out");
    Path err = workspace.path().resolve(name + ".err");
    try {
      if (shell == null) {
        shell = new Shell();
      }
      return new Ran(shell.run(out, err, arguments), out, Files.readString(err));
    } catch (IOException e) {
      throw new UncheckedIOException(String.join(" ", arguments), e);
    }
  }

  private Ran runAlone(String name, String... arguments) {
    ChildProcess process = launch(name, workspace.path(), arguments);
    int code = process.awaitExit(LIMIT);
    try {
      return new Ran(
          code, process.log(), Files.readString(workspace.path().resolve(name + ".err")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a node without a file and waits until it is in the view. */
  Started start(Path in, String... settings) {
    int port = Ports.take();
    List<String> arguments = new ArrayList<>(List.of("start", "--set", "http.port=" + port));
    for (String setting : settings) {
      arguments.addAll(List.of("--set", setting));
    }
    ChildProcess node = launch("node-" + runs++, in, arguments.toArray(String[]::new));
    node.awaitLine(IN_VIEW, LIMIT);
    node.awaitLine("http=127.0.0.1:" + port, LIMIT);
    return new Started(node, in.resolve("quire-data"), port);
  }

  /** Sends a signal that Java itself cannot send. */
  void signal(ChildProcess process, String signal) {
    String name = "signal-" + runs++;
    Launch kill =
        Launch.of(
            name,
            workspace.path(),
            "/bin/sh",
            "-c",
            "kill -%s %d".formatted(signal, process.pid()));
    assertThat(reaper.start(kill).awaitExit(LIMIT)).isZero();
  }

  /** All files below a directory with what is in them; what must not change compares equal. */
  static Map<String, String> contents(Path directory) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (var files = Files.walk(directory)) {
      for (Path file : files.toList()) {
        String found =
            Files.isDirectory(file)
                ? "directory"
                : new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        contents.put(directory.relativize(file).toString(), found);
      }
    }
    return contents;
  }

  @Override
  public void close() {
    if (shell != null) {
      try {
        shell.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    reaper.close();
    workspace.close();
  }
}

package io.quire.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.harness.CheckFailed;
import io.quire.harness.ChildProcessException;
import io.quire.harness.Demo;
import io.quire.harness.DemoOptions;
import io.quire.harness.LocalCluster;
import io.quire.harness.Screen;
import io.quire.node.NodeConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code quire demo}. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Shows the main job on this machine, and checks it.",
      "A cluster of processes, each a JVM, holds a data set larger than all its memory, paged to"
          + " flash and to a real HDFS; every node works with it; one node is killed, then all; nothing"
          + " is lost. Exit code 0 only if every check held."
    })
final class DemoCommand implements Callable<Integer> {
  @Option(
      names = "--scale",
      paramLabel = "S",
      description =
          "scale of TPC-H lineitem, up to 100 (default: 0.2; 1 is 6 million rows;"
              + " at least 0.1 for three nodes, unless --memory is given)")
  private double scale = DemoOptions.SCALE_DEFAULT;

  @Option(names = "--nodes", paramLabel = "N", description = "nodes, 3 to 9 (default: 3)")
  private int nodes = DemoOptions.NODES_DEFAULT;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      converter = Sizes.class,
      description =
          "memory for extents of each node, such as 64M (default: so much that the data"
              + " are 2.8 times that of all nodes)")
  private @Nullable Long memory;

  @Option(
      names = "--spill",
      paramLabel = "STORES",
      split = ",",
      description = "flash, hdfs or flash,hdfs (default: flash,hdfs)")
  private List<String> spill = List.of("flash", "hdfs");

  @Option(
      names = "--input",
      paramLabel = "FILE",
      description = "load this file, cut at line ends, instead of TPC-H")
  private @Nullable Path input;

  @Option(names = "--keep", description = "leave it running, and say how to talk to it")
  private boolean keep;

  @Option(names = "--json", description = "write one JSON object with every figure")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    DemoOptions options = options();
    PrintStream words = json ? System.err : System.out;
    Screen screen = new Screen(words, System.console() != null && System.console().isTerminal());
    Throwable failure = null;
    try (Demo demo = new Demo(options, screen)) {
      try {
        LocalCluster cluster = demo.run();
        table(screen, demo.report().table());
        if (keep) {
          leaveRunning(demo, cluster, screen);
        } else {
          cluster.close();
        }
      } catch (Throwable e) {
        failure = e;
        tell(e, demo, words);
      }
      if (json) {
        System.out.println(new ObjectMapper().writeValueAsString(demo.report().json(failure)));
      }
    }
    return failure == null ? 0 : 1;
  }

  /** One sentence, and where the rest is. */
  private static void tell(Throwable failure, Demo demo, PrintStream words) {
    if (!demo.keepFiles("the demo failed")) {
      return;
    }
    words.println();
    words.println("quire: " + Objects.requireNonNullElse(failure.getMessage(), failure.toString()));
    words.println("quire: logs and data are kept in " + demo.directory());
    if (!(failure instanceof CheckFailed || failure instanceof ChildProcessException)) {
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace));
      Path file = demo.directory().resolve("failure.txt");
      try {
        Files.writeString(file, trace.toString());
      } catch (IOException e) {
        words.println("quire: cannot write: path=" + file + " cause=" + e);
        words.println(trace);
      }
    }
  }

  private DemoOptions options() {
    try {
      long bytes = memory == null ? 0 : memory;
      if (memory != null && bytes < NodeConfig.MEMORY_MIN) {
        throw new IllegalArgumentException(
            "memory below one extent: bytes=" + bytes + " min=" + NodeConfig.MEMORY_MIN);
      }
      return new DemoOptions(scale, nodes, bytes, spill, input, keep);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private static void table(Screen screen, Map<String, String> rows) {
    screen.step("Verified. In figures:");
    rows.forEach((label, text) -> screen.line("%-24s %s", label, text));
    screen.blank();
  }

  private static void leaveRunning(Demo demo, LocalCluster cluster, Screen screen)
      throws InterruptedException {
    screen.step("It goes on running until Ctrl-C. Talk to it:");
    cluster
        .workers()
        .forEach(
            worker ->
                screen.line(
                    "quire status --node %s   (%s)", worker.client().node(), worker.name()));
    String first = cluster.workers().getFirst().client().node().toString();
    screen.line("quire ns ls --node %s", first);
    screen.line("files: %s", demo.directory());
    new CountDownLatch(1).await();
  }
}

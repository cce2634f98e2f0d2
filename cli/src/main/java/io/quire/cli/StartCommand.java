package io.quire.cli;

import io.quire.harness.Logs;
import io.quire.node.AdminServer;
import io.quire.node.Node;
import io.quire.node.NodeConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code quire start}. */
@Command(
    name = "start",
    mixinStandardHelpOptions = true,
    description = {
      "Runs one node in the foreground, until Ctrl-C or SIGTERM.",
      "Without a file it runs alone: HTTP at 127.0.0.1:7480, data in ./quire-data, flash below that,"
          + " 256 MiB of memory for extents. What is wrong with the settings is told at once, and"
          + " nothing is started or changed then."
    },
    footer = {
      "%nExamples:",
      "  quire start",
      "  quire start --config node.conf",
      "  quire start --set memory=2GiB --set http.port=7490 --set data=/mnt/quire",
      "  quire start --set flight.port=7483"
    })
final class StartCommand implements Callable<Integer> {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "HOCON file of the node (default: none); its keys are in docs/configuration.md")
  private @Nullable Path config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "a setting that wins over the file, any number of times")
  private List<String> settings = List.of();

  @Option(
      names = "--accept-loss",
      description = {
        "if the log is damaged and this node is alone: go on with the newest good snapshot and what"
            + " follows it, or with what is before the damage. Without it the start is refused and"
            + " says what is lost. The damaged files are kept in DATA/log/aside"
      })
  private boolean acceptLoss;

  @Override
  public Integer call() throws InterruptedException {
    NodeConfig read = NodeConfig.load(config, settings);
    Path log = read.data().resolve("quire.log");
    AdminServer.checkPort(read);
    Node node =
        Node.open(read, _ -> Logs.toFile(log), acceptLoss ? Node.Loss.ACCEPTED : Node.Loss.REFUSED);
    AdminServer admin;
    try {
      admin = AdminServer.open(node, (_, _) -> {});
    } catch (RuntimeException e) {
      node.close();
      throw e;
    }
    Thread closing =
        new Thread(
            () -> {
              admin.close();
              node.close();
            });
    Runtime.getRuntime().addShutdownHook(closing);
    System.out.println(
        "quire: node %s is in the view: members=%d epoch=%d"
            .formatted(
                node.self().node(),
                node.sessions().view().members().size(),
                node.sessions().view().epoch()));
    System.out.println(
        "quire: http=%s data=%s log=%s".formatted(admin.address(), read.data(), log));
    node.flights().ifPresent(flights -> System.out.println("quire: flight=" + flights.location()));
    System.out.flush();
    Throwable failure = node.awaitStop();
    if (failure != null) {
      System.err.println("quire: the node stopped: " + failure.getMessage());
      Runtime.getRuntime().halt(70);
    }
    return 0;
  }
}

package io.quire.cli;

import io.quire.node.AdminServer;
import io.quire.node.Logs;
import io.quire.node.Node;
import io.quire.node.NodeConfig;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code quire start}. */
@Command(
    name = "start",
    mixinStandardHelpOptions = true,
    description = {
      "Runs one node in the foreground, until Ctrl-C.",
      "Without a file it runs alone, with its data in ./quire-data and flash below that."
    })
final class StartCommand implements Callable<Integer> {
  @Option(names = "--config", paramLabel = "FILE", description = "HOCON file of the node")
  private @Nullable Path config;

  @Override
  public Integer call() throws InterruptedException {
    NodeConfig read = config == null ? NodeConfig.defaults() : NodeConfig.load(config);
    Path log = read.data().resolve("quire.log");
    AdminServer.checkPort(read);
    Node node = Node.open(read, _ -> Logs.toFile(log));
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
    System.out.flush();
    Throwable failure = node.awaitStop();
    if (failure != null) {
      System.err.println("quire: the node stopped: " + failure.getMessage());
      Runtime.getRuntime().halt(70);
    }
    return 0;
  }
}

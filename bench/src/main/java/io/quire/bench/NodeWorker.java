package io.quire.bench;

import io.quire.harness.Logs;
import io.quire.harness.WorkerNode;
import io.quire.node.AdminServer;
import io.quire.node.Node;
import io.quire.node.NodeConfig;
import java.nio.file.Path;
import java.util.List;

/** The process of one of our nodes under measurement: a plain node that also takes jobs. */
public final class NodeWorker {
  private NodeWorker() {}

  /** Runs until it is killed; the arguments are the configuration file, and settings above it. */
  public static void main(String[] arguments) throws Exception {
    List<String> given = List.of(arguments);
    NodeConfig config = NodeConfig.load(Path.of(given.getFirst()), given.subList(1, given.size()));
    Logs.toFile(config.data().resolve("quire.log"));
    Node node = Node.open(config, RemoteReads::register);
    AdminServer admin = AdminServer.open(node, (_, _) -> {});
    System.out.println(Worker.READY + JobServer.serve(new QuireNode(node)));
    System.out.println(WorkerNode.READY + admin.address());
    Throwable failure = node.awaitStop();
    System.out.println("stopped: " + failure);
    Runtime.getRuntime().halt(70);
  }
}

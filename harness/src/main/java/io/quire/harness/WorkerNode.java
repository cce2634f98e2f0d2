package io.quire.harness;

import io.javalin.Javalin;
import io.quire.node.AdminServer;
import io.quire.node.ConfigProblems;
import io.quire.node.Node;
import io.quire.node.NodeConfig;
import io.quire.node.StartException;
import io.quire.ns.NsHandle;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * The process of one node of a {@link LocalCluster}: a plain node that also knows the workloads,
 * and that ends when its parent does. It writes {@value #READY} and its HTTP address when it can
 * work.
 */
public final class WorkerNode {
  /** Before the HTTP address, in the line that says that the node can work. */
  public static final String READY = "ready http=";

  private static final long LOOKUP_NANOS = 200_000_000;

  private WorkerNode() {}

  /** Runs until it is killed; the argument is the configuration file. */
  public static void main(String[] arguments) throws InterruptedException {
    int code = 0;
    try {
      NodeConfig config = NodeConfig.load(Path.of(arguments[0]));
      Logs.toFile(config.data().resolve("quire.log"));
      Node node = Node.open(config, TpchFunctions::register);
      AdminServer admin = AdminServer.open(node, WorkerNode::routes);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node, admin)));
      System.out.println(READY + admin.address());
      Throwable failure = node.awaitStop();
      if (failure != null) {
        System.out.println("failed: " + failure);
        code = 70;
      }
    } catch (ConfigProblems | StartException e) {
      System.out.println("cannot start: " + e.getMessage());
      code = 78;
    }
    Runtime.getRuntime().halt(code);
  }

  private static void close(Node node, AdminServer admin) {
    admin.close();
    node.close();
  }

  private static void routes(Node node, Javalin http) {
    http.get(
        "/bench/lookup",
        call ->
            call.json(
                Map.of(
                    "nanos",
                    lookupNanos(node, Objects.requireNonNull(call.queryParam("name"), "name")))));
  }

  /** The mean time of a lookup by name on one thread, with the answer decoded. */
  private static double lookupNanos(Node node, String name) {
    long count = 0;
    long begun = System.nanoTime();
    long now = begun;
    while (now - begun < LOOKUP_NANOS) {
      for (int i = 0; i < 1_000; i++) {
        if (node.namespaces().lookup(NsHandle.ROOT, name).isEmpty()) {
          throw new IllegalArgumentException("no such object: name=" + name);
        }
      }
      count += 1_000;
      now = System.nanoTime();
    }
    return (double) (now - begun) / count;
  }
}

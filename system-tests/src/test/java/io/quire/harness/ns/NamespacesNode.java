package io.quire.harness.ns;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.Javalin;
import io.quire.gvm.Transaction;
import io.quire.harness.Logs;
import io.quire.harness.WorkerNode;
import io.quire.node.AdminServer;
import io.quire.node.ConfigProblems;
import io.quire.node.Node;
import io.quire.node.NodeConfig;
import io.quire.node.StartException;
import io.quire.ns.Created;
import io.quire.ns.NewObject;
import io.quire.ns.NsHandle;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The process of one node that runs phases, see {@link NamespacesProcessesIT}: a plain node,
 * embedded. Over HTTP it is told to begin a phase, and writes a line when that has ended. Where
 * nodes must wait for each other within a phase they do so by objects and watches.
 */
public final class NamespacesNode {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Nobody dies here but all at once; a busy machine is not to look like a death. */
  private static final String LEASE = "15s";

  /** What all nodes do at once; an exception says what did not hold. */
  private interface Phase {
    /** Answers figures of this node. */
    Map<String, Object> run(Site site) throws Exception;
  }

  private static final Map<String, Phase> PHASES =
      Map.of(
          "n1", Modes::pairs,
          "n2", Names::rules,
          "n3", Modes::pending,
          "n4", MixedWork::run,
          "n5", Names::race,
          "n6", Names::lists,
          "n7", HugeObjects::run,
          "n8", Names::removal,
          "n9", PublishedTables::run);

  private NamespacesNode() {}

  /** Runs until it is killed; the argument is the configuration file. */
  public static void main(String[] arguments) throws InterruptedException {
    int code = 0;
    try {
      NodeConfig config = NodeConfig.load(Path.of(arguments[0]), List.of("lease=" + LEASE));
      Logs.toFile(config.data().resolve("quire.log"));
      Node node = Node.open(config, HugeObjects::register);
      AdminServer admin = AdminServer.open(node, NamespacesNode::routes);
      System.out.println(WorkerNode.READY + admin.address());
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

  private static void routes(Node node, Javalin http) {
    http.get(
        "/phase",
        call -> {
          String phase = Objects.requireNonNull(call.queryParam("name"), "name");
          List<String> all = List.of(Objects.requireNonNull(call.queryParam("all")).split(","));
          Thread.ofPlatform().name(phase).start(() -> run(phase, new Site(node, phase, all)));
          call.json(Map.of());
        });
    http.get(
        "/ids",
        call -> {
          int count = Integer.parseInt(Objects.requireNonNull(call.queryParam("count")));
          String under = Objects.requireNonNull(call.queryParam("under"));
          call.json(
              Map.of(
                  "under",
                  under,
                  "reserved",
                  reserved(node, count),
                  "made",
                  made(node, count, under)));
        });
    http.get("/lose-counter", call -> call.json(Map.of("outcome", loseCounter(node))));
  }

  /** Before the figures of a phase, in the line that says that it has ended. */
  static String done(String phase) {
    return "done phase=" + phase + " ";
  }

  private static void run(String phase, Site site) {
    Map<String, Object> figures;
    try {
      long begun = System.nanoTime();
      figures = new TreeMap<>(Objects.requireNonNull(PHASES.get(phase), phase).run(site));
      figures.put("seconds", Math.round((System.nanoTime() - begun) / 1e8) / 10.0);
    } catch (Throwable e) {
      StringWriter text = new StringWriter();
      e.printStackTrace(new PrintWriter(text));
      figures = Map.of("failed", text.toString());
    }
    try {
      System.out.println(done(phase) + JSON.writeValueAsString(figures));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> reserved(Node node, int count) {
    return LongStream.range(0, count)
        .map(_ -> node.namespaces().reserveXid())
        .mapToObj(Long::toHexString)
        .toList();
  }

  private static List<String> made(Node node, int count, String under) {
    List<NewObject> objects =
        IntStream.range(0, count)
            .mapToObj(i -> new NewObject(under + "/" + i, "test", new byte[1]))
            .toList();
    return node.namespaces().createAll(NsHandle.ROOT, objects).stream()
        .map(created -> ((Created.Made) created).object().xidText())
        .toList();
  }

  /** The cell from which blocks of ids are taken. */
  private static String loseCounter(Node node) {
    return node.cells()
        .commit(Transaction.begin().remove("c/xid").build(), Duration.ofSeconds(10))
        .join()
        .toString();
  }
}

package io.quire.log;

import io.quire.base.Address;
import io.quire.base.Checksum;
import io.quire.base.EventLoop;
import io.quire.base.Log;
import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.NodeId;
import io.quire.base.Position;
import io.quire.fabric.CertificateAuthority;
import io.quire.fabric.Fabric;
import io.quire.fabric.FabricConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Logs of several nodes in one process: real Ratis, sockets and disk. */
final class TestCluster implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path root;
  private final List<NodeId> voters;
  private final UnaryOperator<LogConfig> tuning;
  private final CertificateAuthority authority = CertificateAuthority.create("test");
  private final Map<NodeId, Address> seen = new ConcurrentHashMap<>();
  private final Map<NodeId, Node> running = new LinkedHashMap<>();

  TestCluster(Path root, UnaryOperator<LogConfig> tuning, String... voters) {
    this.root = root;
    this.voters = Stream.of(voters).map(NodeId::new).toList();
    this.tuning = tuning;
  }

  TestCluster(Path root, String... voters) {
    this(root, UnaryOperator.identity(), voters);
  }

  /** One node. */
  final class Node {
    final NodeId id;
    final List<Throwable> fatal = new CopyOnWriteArrayList<>();
    final List<Long> terms = new CopyOnWriteArrayList<>();
    final Journal sessions = new Journal(Log.Stream.SESSIONS);
    final Journal transactions = new Journal(Log.Stream.TRANSACTIONS);
    final EventLoop loop;
    final Fabric fabric;
    final RatisLog log;
    volatile long epoch = 1;

    Node(NodeId id) {
      this.id = id;
      loop = new EventLoop(id + "-loop", fatal::add);
      fabric =
          Fabric.open(
              FabricConfig.of(new Address("127.0.0.1", 0)),
              authority.issue(id, List.of("127.0.0.1")));
      seen.put(id, fabric.address());
      try {
        log = RatisLog.open(config(id), fabric, loop, peers());
      } catch (RuntimeException e) {
        release();
        throw e;
      }
      log.register(sessions);
      log.register(transactions);
      log.register(Fence.Kind.EPOCH, value -> value == epoch);
      log.register(Fence.Kind.LOCK, value -> value == 70 + epoch);
      log.onLeading(terms::add);
    }

    void start() {
      log.start(PATIENCE);
    }

    <T> T onLoop(Callable<T> task) throws Exception {
      CompletableFuture<T> done = new CompletableFuture<>();
      loop.execute(
          () -> {
            try {
              done.complete(task.call());
            } catch (Exception e) {
              done.completeExceptionally(e);
            }
          });
      return get(done);
    }

    List<CompletableFuture<Applied>> append(List<Entry> entries) throws Exception {
      return onLoop(() -> log.append(entries));
    }

    CompletableFuture<Applied> append(String text, Fence fence) throws Exception {
      return append(List.of(entry(text, fence))).getFirst();
    }

    /**
     * Appends until it is in the log. What may or may not be there is not tried again, unless this
     * node is alone, for it then knows as soon as it leads again: a machine that stands still for
     * seconds makes it step down.
     */
    Applied put(String text) throws Exception {
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      int before = transactions.lines().size();
      while (true) {
        try {
          return get(append(text, Fence.NONE));
        } catch (ExecutionException e) {
          boolean mayBeThere = e.getCause() instanceof Log.IndeterminateException;
          boolean known = e.getCause() instanceof Log.NotAppendedException;
          if (!known && !(mayBeThere && voters.size() == 1) || System.nanoTime() > deadline) {
            throw e;
          }
          Applied found = mayBeThere ? found(text, before) : null;
          if (found != null) {
            return found;
          }
          LockSupport.parkNanos(1_000_000);
        }
      }
    }

    /* Whoever leads has applied all that there was before its term. */
    private @Nullable Applied found(String text, int before) throws Exception {
      leader();
      List<String> lines = transactions.lines();
      for (int i = before; i < lines.size(); i++) {
        int space = lines.get(i).indexOf(' ');
        if (lines.get(i).substring(space + 1).equals(text)) {
          byte[] result = ("#" + (i + 1)).getBytes(StandardCharsets.UTF_8);
          return new Applied(Position.parse(lines.get(i).substring(0, space)), false, result);
        }
      }
      return null;
    }

    boolean leads() throws Exception {
      return onLoop(log::leadingTerm) != 0;
    }

    List<String> texts() {
      return transactions.lines().stream()
          .map(line -> line.substring(line.indexOf(' ') + 1))
          .toList();
    }

    void stop() {
      shut();
      running.remove(id);
    }

    private void shut() {
      log.close();
      release();
    }

    private void release() {
      seen.remove(id);
      fabric.close();
      loop.close();
    }

    Path directory() {
      return TestCluster.this.directory(id);
    }
  }

  /** Appends by whoever leads until it is in the log: once, or more often if leaders change. */
  void put(String text) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        leader().put(text);
        return;
      } catch (ExecutionException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
      }
    }
  }

  static Entry entry(String text, Fence fence) {
    return new Entry(Log.Stream.TRANSACTIONS, fence, text.getBytes(StandardCharsets.UTF_8));
  }

  Node open(String name) {
    Node node = new Node(new NodeId(name));
    running.put(node.id, node);
    return node;
  }

  /** Opens and starts nodes, all at once. */
  List<Node> start(String... names) throws Exception {
    List<Node> nodes = Stream.of(names).map(this::open).toList();
    List<CompletableFuture<Void>> starts =
        nodes.stream()
            .map(node -> CompletableFuture.runAsync(node::start, Thread::startVirtualThread))
            .toList();
    for (CompletableFuture<Void> start : starts) {
      get(start);
    }
    return nodes;
  }

  Node running(String name) {
    return Objects.requireNonNull(running.get(new NodeId(name)));
  }

  Node leader() throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline) {
      for (Node node : running.values()) {
        if (node.leads()) {
          return node;
        }
      }
      LockSupport.parkNanos(5_000_000);
    }
    throw new AssertionError("no leader in time");
  }

  List<Node> followers() throws Exception {
    Node leader = leader();
    return running.values().stream().filter(node -> node != leader).toList();
  }

  LogConfig config(NodeId id) {
    return tuning.apply(LogConfig.of("test", id, directory(id), voters));
  }

  Path directory(NodeId id) {
    return root.resolve(id.name());
  }

  Peers peers() {
    return new Peers() {
      @Override
      public @Nullable Address addressOf(NodeId node) {
        return seen.get(node);
      }

      @Override
      public List<Address> all() {
        return List.copyOf(seen.values());
      }
    };
  }

  /** Makes discovery see the node elsewhere, or not at all. */
  void see(NodeId node, @Nullable Address address) {
    if (address == null) {
      seen.remove(node);
    } else {
      seen.put(node, address);
    }
  }

  @Override
  public void close() {
    // At once, because Ratis takes a second for each.
    List<Thread> stops =
        List.copyOf(running.values()).stream()
            .map(node -> Thread.ofPlatform().start(node::shut))
            .toList();
    for (Thread stop : stops) {
      try {
        stop.join(PATIENCE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    running.clear();
  }

  static <T extends @Nullable Object> T get(CompletableFuture<T> future) throws Exception {
    return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  static void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("did not come true in time: " + what);
      }
      LockSupport.parkNanos(2_000_000);
    }
  }

  static void wipe(Path directory) throws IOException {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** Every file, with a checksum of what is in it. */
  static Map<String, String> contents(Path directory) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        byte[] bytes = Files.readAllBytes(path);
        contents.put(path.toString(), bytes.length + " bytes " + Checksum.of(bytes));
      }
    }
    return contents;
  }
}

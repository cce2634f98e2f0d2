package io.quire.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.ager.Ager;
import io.quire.ager.AgerConfig;
import io.quire.ager.PinTrace;
import io.quire.ager.StoreConfig;
import io.quire.base.Address;
import io.quire.base.EventLoop;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.base.SystemClock;
import io.quire.fabric.CertificateAuthority;
import io.quire.fabric.Fabric;
import io.quire.fabric.FabricConfig;
import io.quire.fabric.FabricTransport;
import io.quire.fabric.Service;
import io.quire.gvm.Cells;
import io.quire.lockserver.LeaseTable;
import io.quire.lockserver.LeaseTerms;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Session;
import io.quire.lockserver.Sessions;
import io.quire.log.LogConfig;
import io.quire.log.Peers;
import io.quire.log.RatisLog;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.twopc.TwoPhase;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Whole nodes in one process, without discovery: real log, sockets, TLS, memory and a durable store
 * that all share, or one for each on its flash. Killing one closes its sockets and stops its
 * threads; it does not leave the view.
 */
final class TestNodes implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(30);
  static final DatasetsConfig CONFIG =
      DatasetsConfig.DEFAULTS.withExtentBytes(16 << 10).withFragmentGroups(4);

  static final long MEMORY_BYTES = 8 << 20;

  private final Path root;
  private final DatasetsConfig config;
  private final OrphanConfig orphans;
  private long containerBytes = 256 << 20;
  private boolean flash;
  private final List<NodeId> voters;
  private final CertificateAuthority authority = CertificateAuthority.create("test");
  private final Map<NodeId, Address> seen = new ConcurrentHashMap<>();
  private final List<Node> running = new CopyOnWriteArrayList<>();
  private final List<CompletableFuture<Void>> ends = new CopyOnWriteArrayList<>();
  private final Random random = new Random();
  private LeaseTerms terms = leases(Duration.ofSeconds(2));

  TestNodes(Path root, String... names) {
    this(root, CONFIG, names);
  }

  TestNodes(Path root, DatasetsConfig config, String... names) {
    this(root, config, OrphanConfig.DEFAULTS, names);
  }

  TestNodes(Path root, DatasetsConfig config, OrphanConfig orphans, String... names) {
    this.root = root;
    this.config = config;
    this.orphans = orphans;
    voters = Stream.of(names).map(NodeId::new).toList();
  }

  /** Before the start: a file for each copy. */
  TestNodes withSmallContainers() {
    containerBytes = 1;
    return this;
  }

  /**
   * Before the start: each has a durable store of its own, in the place of the one that all share;
   * it is away when the node is.
   */
  TestNodes withFlash() {
    flash = true;
    return this;
  }

  /** Where a node's durable copies lie. */
  StoreConfig store(NodeId node) {
    String uri =
        flash
            ? "flash://" + root.toAbsolutePath() + "/flash-" + node
            : "file://" + root.toAbsolutePath() + "/store";
    return StoreConfig.parse(uri, 1 << 30, true);
  }

  private static LeaseTerms leases(Duration length) {
    return new LeaseTerms(length, 0.001, Duration.ofMillis(100));
  }

  /** Nodes that die stay in the view for so long; to be called before the start. */
  TestNodes withLeases(Duration length) {
    terms = leases(length);
    return this;
  }

  /** Starts a node again that was killed, and waits until it is in the view of these. */
  Node restart(Node dead, List<Node> others, Consumer<Datasets> register) {
    ends.forEach(end -> end.orTimeout(60, TimeUnit.SECONDS).join());
    Node node = new Node(dead.id);
    register.accept(node.datasets);
    running.add(node);
    node.start();
    until(
        "the node is in the view again",
        () ->
            node.ready()
                && others.stream().allMatch(other -> other.sessions.view().has(node.incarnation)));
    return node;
  }

  /** Starts all nodes at once, and waits until all are in each other's view. */
  List<Node> start(Consumer<Datasets> register) {
    List<Node> nodes = voters.stream().map(Node::new).toList();
    nodes.forEach(node -> register.accept(node.datasets));
    running.addAll(nodes);
    List<CompletableFuture<Void>> starts =
        nodes.stream()
            .map(node -> CompletableFuture.runAsync(node::start, Thread::startVirtualThread))
            .toList();
    starts.forEach(start -> start.orTimeout(60, TimeUnit.SECONDS).join());
    until(
        "all nodes are in the view",
        () ->
            nodes.stream()
                .allMatch(
                    node -> node.ready() && node.sessions.view().members().size() == nodes.size()));
    return nodes;
  }

  static void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!holds(condition)) {
      assertThat(System.nanoTime() - deadline).as("in time: %s", what).isNegative();
      LockSupport.parkNanos(2_000_000);
    }
  }

  /** A node that is out of the view for a moment, on a machine that has much to do, cannot tell. */
  private static boolean holds(BooleanSupplier condition) {
    try {
      return condition.getAsBoolean();
    } catch (NsException.NotInView e) {
      return false;
    }
  }

  @Override
  public void close() {
    List.copyOf(running).forEach(Node::kill);
    ends.forEach(end -> end.orTimeout(60, TimeUnit.SECONDS).join());
  }

  /** One node. */
  final class Node {
    final NodeId id;
    final long incarnation = random.nextLong(1, Long.MAX_VALUE);
    final List<Throwable> fatal = new CopyOnWriteArrayList<>();
    final Sessions sessions;
    final Namespaces namespaces;
    final Datasets datasets;
    final Ager ager;
    private final EventLoop loop;
    private final Fabric fabric;
    private final RatisLog log;
    private final Session session;
    private final LeaseTable leases;
    private final TwoPhase twoPhase;

    private Node(NodeId id) {
      this.id = id;
      SystemClock clock = new SystemClock();
      loop = new EventLoop(id + "-loop", fatal::add);
      fabric =
          Fabric.open(
              FabricConfig.of(new Address("127.0.0.1", 0)),
              authority.issue(id, List.of("127.0.0.1")));
      seen.put(id, fabric.address());
      Member self = new Member(id, incarnation, fabric.address());
      ager =
          Ager.open(
              AgerConfig.of(MEMORY_BYTES, List.of(store(id)), Datasets.owner(self))
                  .withContainerBytes(containerBytes)
                  .withPinTrace(PinTrace.Mode.STRICT));
      LogConfig config = LogConfig.of("test", id, root.resolve(id.name()), voters);
      log = RatisLog.open(config, fabric, loop, new Seen());
      FabricTransport transport = new FabricTransport(fabric, loop);
      sessions = new Sessions(log);
      session =
          new Session(
              self, () -> id.hashCode(), terms, sessions, log, transport, loop, clock, Rules.ALL);
      twoPhase = new TwoPhase(self, sessions, log, transport, loop, clock, random, Rules.ALL);
      session.enterThrough(twoPhase);
      leases = new LeaseTable(terms, session, sessions, twoPhase, log, transport, loop, clock);
      Locks locks = new Locks(sessions, session, terms, log, loop, clock, Rules.ALL);
      Cells cells = new Cells(sessions, locks, session, twoPhase, loop);
      namespaces =
          new Namespaces(
              sessions, locks, session, cells, log, transport, loop, clock, random, Rules.ALL);
      datasets =
          new Datasets(self, sessions, namespaces, ager, fabric, TestNodes.this.config, orphans);
    }

    private void start() {
      log.start(PATIENCE);
      loop.execute(
          () -> {
            session.open();
            leases.open();
            twoPhase.open();
            namespaces.open();
          });
    }

    /** Tells another node what members tell each other. */
    void tell(Node to, Call call) {
      fabric
          .request(
              to.fabric.address(),
              Service.CALL,
              ByteBuffer.wrap(call.toBytes(to.incarnation)),
              PATIENCE,
              answer -> {
                byte[] copy = new byte[answer.remaining()];
                answer.get(copy);
                return Refusal.result(copy);
              })
          .orTimeout(60, TimeUnit.SECONDS)
          .join();
    }

    boolean ready() {
      Session.Token token = session.token();
      return token != null && session.valid(token);
    }

    /** Cuts it off; the rest of its end goes on behind. */
    void kill() {
      running.remove(this);
      seen.remove(id);
      fabric.close();
      ends.add(CompletableFuture.runAsync(this::end, Thread::startVirtualThread));
    }

    private void end() {
      log.close();
      loop.close();
      datasets.close();
      ager.close();
    }
  }

  private final class Seen implements Peers {
    @Override
    public @Nullable Address addressOf(NodeId node) {
      return seen.get(node);
    }

    @Override
    public List<Address> all() {
      return List.copyOf(seen.values());
    }
  }
}

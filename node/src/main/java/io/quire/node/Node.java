package io.quire.node;

import io.quire.ager.Ager;
import io.quire.ager.AgerConfig;
import io.quire.ager.AgerException;
import io.quire.base.Address;
import io.quire.base.Clock;
import io.quire.base.EventLoop;
import io.quire.base.Log;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.base.SystemClock;
import io.quire.datasets.Datasets;
import io.quire.datasets.DatasetsConfig;
import io.quire.fabric.CertificateAuthority;
import io.quire.fabric.Discovery;
import io.quire.fabric.DiscoveryConfig;
import io.quire.fabric.Fabric;
import io.quire.fabric.FabricConfig;
import io.quire.fabric.FabricException;
import io.quire.fabric.FabricTransport;
import io.quire.fabric.Tls;
import io.quire.flight.TableFlights;
import io.quire.gvm.Cells;
import io.quire.lockserver.LeaseTable;
import io.quire.lockserver.LeaseTerms;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Session;
import io.quire.lockserver.Sessions;
import io.quire.log.LogConfig;
import io.quire.log.LogException;
import io.quire.log.Peers;
import io.quire.log.RatisLog;
import io.quire.ns.Namespaces;
import io.quire.tables.Tables;
import io.quire.twopc.TwoPhase;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running node: all parts of Quire in one process, wired by hand in the order in which they stand
 * on one another. {@link #open} returns when it is in the view and can work.
 *
 * <p>Its parts are its own: none is to be closed by the caller, and all are over when the node is
 * closed or has stopped. Any thread may ask for them.
 */
public final class Node implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Node.class);
  private static final String CERTIFICATE = "node.pem";

  /** What batches of tables may take while they are loaded, beside the memory of the ager. */
  private static final long LOADING_BYTES = 512 << 20;

  private static final Duration START_DEADLINE = Duration.ofSeconds(90);

  private final Closing closing = new Closing();
  private final NodeConfig config;
  private final Clock clock;
  private final Member self;
  private final EventLoop loop;
  private final Fabric fabric;
  private final @Nullable Discovery discovery;
  private final RatisLog log;
  private final Sessions sessions;
  private final Session session;
  private final LeaseTable leases;
  private final Locks locks;
  private final TwoPhase twoPhase;
  private final Cells cells;
  private final Namespaces namespaces;
  private final Ager ager;
  private final Datasets datasets;
  private final Tables tables;
  private final @Nullable TableFlights flights;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile @Nullable Throwable failure;

  /**
   * Starts a node. If something is in the way that can be known before, nothing is made or changed.
   * Blocks until it is in the view, or has not come there in a minute and a half; before that, for
   * as long as the ager needs for its memory and stores.
   *
   * @throws ConfigProblems if the configuration cannot be right
   * @throws StartException if something else is in the way, in one sentence; what had been opened
   *     is closed again
   */
  public static Node open(NodeConfig config) {
    return open(config, _ -> {});
  }

  /**
   * As {@link #open(NodeConfig)}.
   *
   * @param register is given the data sets before any other node can call them, to register
   *     functions
   */
  public static Node open(NodeConfig config, Consumer<Datasets> register) {
    return open(config, register, Loss.REFUSED);
  }

  /** What to do with a damaged log that no other node has. */
  public enum Loss {
    /** Do not start, and say what is lost. */
    REFUSED,
    /** Go on with what is left; see {@link RatisLog#acceptLoss}. */
    ACCEPTED
  }

  /** As {@link #open(NodeConfig, Consumer)}. */
  public static Node open(NodeConfig config, Consumer<Datasets> register, Loss loss) {
    return open(config, register, loss, new SystemClock(), Rules.ALL);
  }

  /**
   * As {@link #open(NodeConfig, Consumer, Loss)}, for a harness that does harm: with a clock that
   * it can set, and perhaps a rule of the protocol broken on purpose.
   */
  public static Node open(
      NodeConfig config, Consumer<Datasets> register, Loss loss, Clock clock, Rules rules) {
    Node node;
    try {
      Preflight.check(config);
      node = new Node(config, clock, rules);
    } catch (FabricException | LogException | AgerException | UncheckedIOException e) {
      throw new StartException(e.getMessage(), e);
    }
    try {
      register.accept(node.datasets);
      if (loss == Loss.ACCEPTED) {
        node.log.acceptLoss();
      }
      node.start();
      return node;
    } catch (FabricException | LogException | AgerException e) {
      node.close();
      throw new StartException(e.getMessage(), e);
    } catch (RuntimeException e) {
      node.close();
      throw e;
    }
  }

  private Node(NodeConfig config, Clock clock, Rules rules) {
    this.config = config;
    this.clock = clock;
    boolean opened = false;
    try {
      Tls tls = certificate(config);
      if (!tls.node().equals(config.name())) {
        throw new StartException(
            "the certificate is another node's: path=%s found=%s wanted=%s"
                .formatted(config.tls(), tls.node(), config.name()),
            null);
      }
      SecureRandom random = new SecureRandom();
      long incarnation = random.nextLong(1, Long.MAX_VALUE);
      loop = closing.add(new EventLoop(config.name() + "-loop", this::fatal));
      fabric =
          closing.add(
              Fabric.open(
                  FabricConfig.of(new Address(config.host(), config.fabricPort()))
                      .withEncryptedBulk(config.encryptsExtents()),
                  tls));
      self = new Member(config.name(), incarnation, fabric.address());
      // Before all that writes: it refuses a directory that is not this node's.
      log = closing.add(RatisLog.open(logConfig(config), fabric, loop, new Seen(this)));
      String owner = Datasets.owner(self);
      ager = closing.add(Ager.open(AgerConfig.of(config.memory(), config.stores(), owner)));
      FabricTransport transport = new FabricTransport(fabric, loop);
      sessions = new Sessions(log);
      sessions.listen(view -> LOG.info("view: epoch={} members={}", view.epoch(), view.members()));
      LeaseTerms terms = new LeaseTerms(config.lease(), 0.001, Duration.ofMillis(100));
      session =
          new Session(
              self, () -> storage(log), terms, sessions, log, transport, loop, clock, rules);
      locks = new Locks(sessions, session, terms, log, loop, clock, rules);
      twoPhase = new TwoPhase(self, sessions, log, transport, loop, clock, random, rules);
      session.enterThrough(twoPhase);
      leases = new LeaseTable(terms, session, sessions, twoPhase, log, transport, loop, clock);
      cells = new Cells(sessions, locks, session, twoPhase, loop);
      namespaces =
          new Namespaces(
              sessions, locks, session, cells, log, transport, loop, clock, random, rules);
      namespaces.trackReferences(config.trackReferences());
      datasets =
          closing.add(
              new Datasets(self, sessions, namespaces, ager, fabric, DatasetsConfig.DEFAULTS));
      tables = closing.add(new Tables(datasets, Map.of(), LOADING_BYTES));
      if (!Files.exists(config.tls().resolve(CERTIFICATE))) {
        tls.save(config.tls());
      }
      discovery = config.alone() ? null : closing.add(discover(config, self));
      flights =
          config
              .flight()
              .map(
                  flight ->
                      closing.add(
                          TableFlights.open(flight, self, sessions, fabric, namespaces, tables)))
              .orElse(null);
      opened = true;
    } finally {
      if (!opened) {
        closing.close();
      }
    }
  }

  private void start() {
    long giveUp = System.nanoTime() + START_DEADLINE.toNanos();
    log.start(START_DEADLINE);
    loop.execute(
        () -> {
          session.open();
          leases.open();
          locks.open();
          twoPhase.open();
          namespaces.open();
        });
    while (!ready()) {
      Throwable broken = failure;
      if (broken != null) {
        throw new StartException(
            "cannot start: node=%s why=%s".formatted(config.name(), AdminServer.message(broken)),
            broken);
      }
      if (System.nanoTime() - giveUp > 0) {
        throw new StartException(
            "cannot enter the view: node=%s waitedSeconds=%d log=%s"
                .formatted(config.name(), START_DEADLINE.toSeconds(), log.status()),
            null);
      }
      pause();
    }
    LOG.info(
        "in the view: node={} epoch={} members={}",
        self,
        sessions.view().epoch(),
        sessions.view().members());
  }

  /** Whether this node is in the view and its lease holds: whether it would answer a read now. */
  public boolean ready() {
    Session.Token token = session.token();
    return token != null && session.valid(token);
  }

  /** The configuration it was opened with. */
  public NodeConfig config() {
    return config;
  }

  /**
   * This incarnation: a name that stays, a number drawn at the start, and where its fabric listens.
   */
  public Member self() {
    return self;
  }

  /** Who is in the view, as this node has applied it: {@link Sessions#view} asks nobody. */
  public Sessions sessions() {
    return sessions;
  }

  /**
   * The log itself, for looking after it. Its {@link Log} methods belong to the loop: append by
   * {@link #append}.
   */
  public RatisLog log() {
    return log;
  }

  /**
   * Puts an entry at the end of the log: of a stream that a user declared, or made by {@link
   * io.quire.base.LogBook}. Any thread; does not block. The future is that of {@link Log#append}:
   * it completes on the loop, when the leader has applied the entry, and fails with {@link
   * Log.NotAppendedException} or {@link Log.IndeterminateException}, or {@link
   * IllegalArgumentException} if the stream is one of Quire's own that this node does not know.
   */
  public CompletableFuture<Log.Applied> append(Log.Entry entry) {
    CompletableFuture<Log.Applied> done = new CompletableFuture<>();
    loop.execute(
        () -> {
          CompletableFuture<Log.Applied> appended;
          try {
            appended = log.append(entry);
          } catch (IllegalArgumentException e) {
            done.completeExceptionally(e);
            return;
          }
          var _ =
              appended.whenComplete(
                  (applied, e) -> {
                    if (e != null) {
                      done.completeExceptionally(e);
                    } else {
                      done.complete(applied);
                    }
                  });
        });
    return done;
  }

  /** What talks to the other nodes. Its services belong to the parts of the node. */
  public Fabric fabric() {
    return fabric;
  }

  /** Two-phase commit, by which the cells change. Participants cannot be added to it any more. */
  public TwoPhase twoPhase() {
    return twoPhase;
  }

  /** Sessions, files and locks. What a client holds it should close before the node. */
  public Locks locks() {
    return locks;
  }

  /**
   * Globally visible memory. The namespaces are kept in it: keys of theirs are not to be written.
   */
  public Cells cells() {
    return cells;
  }

  /**
   * Names, objects and references, acting for the node itself, which may do everything; see {@link
   * Namespaces#as}.
   */
  public Namespaces namespaces() {
    return namespaces;
  }

  /**
   * Extents in the memory of this node, under the budget of the configuration. Datasets and tables
   * take theirs from it as well.
   */
  public Ager ager() {
    return ager;
  }

  /**
   * Objects whose data are extents on all members, acting for the node itself. Functions are
   * registered while it opens, see {@link #open(NodeConfig, Consumer)}.
   */
  public Datasets datasets() {
    return datasets;
  }

  /** Datasets of typed columns, acting for the node itself. */
  public Tables tables() {
    return tables;
  }

  /** What serves Arrow Flight; empty if it is off. */
  public Optional<TableFlights> flights() {
    return Optional.ofNullable(flights);
  }

  /** Waits until the node is closed or stopped by a failure, which it answers. */
  public @Nullable Throwable awaitStop() throws InterruptedException {
    stopped.await();
    return failure;
  }

  /** Leaves the view and stops all parts, within some seconds. A second call does nothing. */
  @Override
  public void close() {
    TableFlights served = flights;
    if (served != null) {
      served.close(); // its clients are told while this node is still in the view
    }
    if (failure == null) {
      leave();
    }
    closing.close();
    stopped.countDown();
  }

  private void leave() {
    CountDownLatch left = new CountDownLatch(1);
    loop.execute(
        () -> {
          session.leave();
          left.countDown();
        });
    try {
      if (!left.await(1, TimeUnit.SECONDS)) {
        LOG.warn("did not leave the view: node={}", self);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** On the loop, which runs nothing more: no vote is given, no keep-alive sent. */
  private void fatal(Throwable e) {
    LOG.error("the node stops: node={}", config.name(), e);
    failure = e;
    stopped.countDown();
    Thread.ofPlatform().name(config.name() + "-stop").start(closing::close);
  }

  private static LogConfig logConfig(NodeConfig config) {
    List<NodeId> voters = config.voters().isEmpty() ? List.of(config.name()) : config.voters();
    return LogConfig.of(config.cluster(), config.name(), config.data().resolve("log"), voters)
        .withSnapshotEntries(config.snapshotEntries());
  }

  private static Discovery discover(NodeConfig config, Member self) {
    return Discovery.open(
        new DiscoveryConfig(
            config.cluster(), new Address(config.host(), config.discoveryPort()), config.seeds()),
        new Discovery.Found(self.node(), self.incarnation(), self.address()));
  }

  private static Tls certificate(NodeConfig config) {
    if (Files.exists(config.tls().resolve(CERTIFICATE)) || !config.alone()) {
      Tls tls = Tls.load(config.tls());
      if (!config.alone()) {
        Preflight.checkCertificate(tls.node(), config);
      }
      return tls;
    }
    return CertificateAuthority.create(config.cluster())
        .issue(config.name(), List.of(config.host()));
  }

  /** Names the storage whose process lock the log holds. */
  private static long storage(RatisLog log) {
    String peer = log.status().peerId();
    return Long.parseUnsignedLong(peer, peer.lastIndexOf('-') + 1, peer.length(), 16);
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(10);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("interrupted while starting", e);
    }
  }

  /** Who discovery sees; a node alone sees nobody. */
  private record Seen(Node node) implements Peers {
    @Override
    public @Nullable Address addressOf(NodeId wanted) {
      return found().stream()
          .filter(found -> found.node().equals(wanted))
          .map(Discovery.Found::fabric)
          .findFirst()
          .orElse(null);
    }

    @Override
    public List<Address> all() {
      return found().stream().map(Discovery.Found::fabric).toList();
    }

    private List<Discovery.Found> found() {
      Discovery discovery = node.discovery;
      return discovery == null ? List.of() : discovery.present();
    }
  }
}

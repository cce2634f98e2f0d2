package io.quire.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.quorum.QuorumPeer;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig;
import org.apache.zookeeper.server.quorum.QuorumPeerMain;

/** One server of an ensemble, and a client of it. */
final class ZooKeeperPeer implements Subject {
  /** Of the documentation's limits, the one that would hold back 4,096 calls. */
  private static final String OUTSTANDING = "zookeeper.globalOutstandingLimit";

  private static final String PARENT = "/bench";

  private final Server server;
  private final int clientPort;
  private ZooKeeper client;
  private String parent = PARENT;

  private ZooKeeperPeer(Server server, int clientPort, ZooKeeper client) {
    this.server = server;
    this.clientPort = clientPort;
    this.client = client;
  }

  /** Gives a look at the server, which {@link QuorumPeerMain} keeps to itself. */
  private static final class Server extends QuorumPeerMain {
    boolean leads() {
      QuorumPeer peer = quorumPeer;
      return peer != null && peer.getPeerState() == QuorumPeer.ServerState.LEADING;
    }
  }

  static ZooKeeperPeer open(Worker.Setup setup) throws Exception {
    System.setProperty(OUTSTANDING, "100000");
    System.setProperty("zookeeper.admin.enableServer", "false");
    Properties properties = new Properties();
    properties.setProperty("dataDir", setup.directory().toString());
    properties.setProperty("tickTime", "2000");
    properties.setProperty("initLimit", "30");
    properties.setProperty("syncLimit", "10");
    properties.setProperty("maxClientCnxns", "0");
    int clientPort = setup.ports(setup.member()).getFirst();
    properties.setProperty("clientPort", String.valueOf(clientPort));
    properties.setProperty("clientPortAddress", "127.0.0.1");
    for (int member = 1; member <= setup.members(); member++) {
      properties.setProperty(
          "server." + member,
          "127.0.0.1:%d:%d".formatted(setup.ports(member).get(1), setup.ports(member).get(2)));
    }
    Files.writeString(setup.directory().resolve("myid"), setup.member() + "\n");
    QuorumPeerConfig config = new QuorumPeerConfig();
    config.parseProperties(properties);
    Server server = new Server();
    Thread.ofPlatform().daemon().name("zookeeper").start(() -> run(server, config));
    return new ZooKeeperPeer(server, clientPort, connect(clientPort));
  }

  private static void run(Server server, QuorumPeerConfig config) {
    try {
      server.runFromConfig(config);
    } catch (Throwable e) {
      e.printStackTrace();
      Runtime.getRuntime().halt(70);
    }
  }

  private static ZooKeeper connect(int port)
      throws IOException, InterruptedException, TimeoutException {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper made =
        new ZooKeeper(
            "127.0.0.1:" + port,
            30_000,
            event -> {
              if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
              }
            });
    if (!connected.await(60, TimeUnit.SECONDS)) {
      throw new TimeoutException("no session with the ensemble: port=" + port);
    }
    return made;
  }

  @Override
  public boolean leads() {
    return server.leads();
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    byte[] value = new byte[job.bytes()];
    return switch (job.kind()) {
      case PUBLISH_LATENCY -> {
        newParent();
        yield ClosedLoop.latency(job, number -> create(number, value));
      }
      case PUBLISH_RATE -> {
        newParent();
        yield ClosedLoop.rate(job, number -> createAsync(number, value));
      }
      case PUBLISH_GAP -> {
        newParent();
        yield ClosedLoop.gap(job, number -> create(number, value));
      }
      case CREATE_BATCH -> {
        parent = "/" + job.variant();
        make(parent);
        double calls =
            ClosedLoop.rate(job, number -> multi(clientPort + "-" + number, job.objects(), value))
                .getOrDefault(job.row(), Double.NaN);
        yield Map.of(job.row(), calls * job.objects());
      }
      case DROP -> Map.of();
      case LIST -> {
        newParent();
        multi("listed", NameJobs.LISTED, value).get(60, TimeUnit.SECONDS);
        yield ClosedLoop.latency(job, _ -> list());
      }
      case READ_LATENCY -> {
        newParent();
        double micros = ClosedLoop.latency(job, _ -> read()).getOrDefault(job.row(), Double.NaN);
        yield Map.of(job.row(), 1e3 * micros);
      }
      default -> throw new IllegalArgumentException("not for this peer: job=" + job);
    };
  }

  private void newParent() throws KeeperException, InterruptedException {
    if (!client.getState().isConnected()) {
      throw new IllegalStateException("no session with the ensemble: port=" + clientPort);
    }
    parent = PARENT + "-" + Long.toHexString(NAMES.incrementAndGet()) + "-" + clientPort;
    client.create(parent, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
  }

  private static final AtomicLong NAMES = new AtomicLong();

  private void create(long number, byte[] value) throws KeeperException, InterruptedException {
    client.create(parent + "/" + number, value, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
  }

  /** A sync before it makes a read linearizable; the two go out together and in this order. */
  private void read() throws KeeperException, InterruptedException {
    client.sync(parent, (_, _, _) -> {}, null);
    client.getData(parent, false, null);
  }

  /** Another member may have made it a moment before. */
  private void make(String path) throws KeeperException, InterruptedException {
    try {
      client.create(path, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    } catch (KeeperException.NodeExistsException e) {
      // It is there, and that is all.
    }
  }

  /** As {@link #read}, of the names below the parent. */
  private void list() throws KeeperException, InterruptedException {
    client.sync(parent, (_, _, _) -> {}, null);
    int found = client.getChildren(parent, false).size();
    if (found != NameJobs.LISTED) {
      throw new IllegalStateException("names: found=" + found + " wanted=" + NameJobs.LISTED);
    }
  }

  private CompletableFuture<Void> multi(String prefix, int count, byte[] value) {
    List<Op> batch = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      batch.add(
          Op.create(
              parent + "/" + prefix + "-" + i,
              value,
              ZooDefs.Ids.OPEN_ACL_UNSAFE,
              CreateMode.PERSISTENT));
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    client.multi(
        batch,
        (code, path, _, _) -> {
          if (code == KeeperException.Code.OK.intValue()) {
            done.complete(null);
          } else {
            done.completeExceptionally(
                KeeperException.create(KeeperException.Code.get(code), path));
          }
        },
        null);
    return done;
  }

  private CompletableFuture<Void> createAsync(long number, byte[] value) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    client.create(
        parent + "/" + number,
        value,
        ZooDefs.Ids.OPEN_ACL_UNSAFE,
        CreateMode.PERSISTENT,
        (code, path, _, _) -> {
          if (code == KeeperException.Code.OK.intValue()) {
            done.complete(null);
          } else {
            done.completeExceptionally(
                KeeperException.create(KeeperException.Code.get(code), path));
          }
        },
        null);
    return done;
  }

  @Override
  public void close() throws InterruptedException {
    client.close();
  }
}

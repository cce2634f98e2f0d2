package io.quire.log;

import io.quire.log.TestCluster.Node;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * What is done to logs while {@link DiskTrace} looks on; runs in a process of its own, whose file
 * system is {@link FaultyFiles}. Arguments: a directory, where to write the trace, a seed, "alone"
 * or "three", and how many rounds.
 */
final class CrashWorkload {
  private static final int ATTEMPTS = 20;
  private final TestCluster cluster;
  private final DiskTrace trace;
  private final Random random;
  private int next;

  private CrashWorkload(TestCluster cluster, DiskTrace trace, Random random) {
    this.cluster = cluster;
    this.trace = trace;
    this.random = random;
  }

  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]);
    Random random = new Random(Long.parseLong(arguments[2]));
    boolean alone = arguments[3].equals("alone");
    int rounds = Integer.parseInt(arguments[4]);
    DiskTrace trace = new DiskTrace(root);
    FaultyFiles.installed().traceTo(trace);
    String[] voters = alone ? new String[] {"n1"} : new String[] {"n1", "n2", "n3"};
    try (TestCluster cluster =
        new TestCluster(root, config -> config.withSnapshotEntries(25), voters)) {
      CrashWorkload workload = new CrashWorkload(cluster, trace, random);
      for (int round = 0; round < rounds; round++) {
        if (alone) {
          workload.alone();
        } else {
          workload.three();
        }
      }
    }
    FaultyFiles.installed().traceTo(null);
    trace.save(Path.of(arguments[1]));
    System.exit(0);
  }

  private void alone() throws Exception {
    Node node = cluster.start("n1").getFirst();
    cluster.leader();
    for (int i = 0; i < 20; i++) {
      put(node, random.nextInt(5) == 0 ? 2000 : 1 + random.nextInt(200));
    }
    // Several in one frame, and frames that share a sync.
    for (int i = 0; i < 4; i++) {
      List<String> texts =
          random.ints(1 + random.nextInt(8)).mapToObj(any -> text(random.nextInt(300))).toList();
      List<CompletableFuture<io.quire.base.Log.Applied>> done =
          node.append(
              texts.stream()
                  .map(text -> TestCluster.entry(text, io.quire.base.Log.Fence.NONE))
                  .toList());
      for (int each = 0; each < texts.size(); each++) {
        TestCluster.get(done.get(each));
        trace.note("acked " + texts.get(each));
      }
    }
    node.stop();
  }

  /* The leader writes what nobody else has, is replaced, and has to take it back. */
  private void three() throws Exception {
    List<Node> nodes = cluster.start("n1", "n2", "n3");
    for (int i = 0; i < 12; i++) {
      putSomewhere(1 + random.nextInt(600));
    }
    Node leader = cluster.leader();
    List<Node> followers = nodes.stream().filter(node -> node != leader).toList();
    followers.forEach(Node::stop);
    for (int i = 0; i < 3; i++) {
      // Never acknowledged; it may come to be in the log all the same.
      leader.append(text(1500), io.quire.base.Log.Fence.NONE);
    }
    TestCluster.until("it gave up", () -> leader.log.leader() == null);
    leader.stop();
    List<Node> again = cluster.start(followers.getFirst().id.name(), followers.getLast().id.name());
    for (int i = 0; i < 12; i++) {
      putSomewhere(1 + random.nextInt(100));
    }
    Node returned = cluster.start(leader.id.name()).getFirst();
    putSomewhere(50);
    int wanted = cluster.leader().transactions.lines().size();
    TestCluster.until("it has all", () -> returned.transactions.lines().size() >= wanted);
    returned.stop();
    again.forEach(Node::stop);
  }

  private String text(int length) {
    StringBuilder text = new StringBuilder("e" + next++ + ":");
    while (text.length() < length) {
      text.append(
          random.nextInt(10) == 0 ? "\0\0\0\0\0\0\0\0" : Integer.toString(random.nextInt()));
    }
    return text.toString();
  }

  /** By way of whoever leads; what may or may not be there was not acknowledged, and stays so. */
  private void putSomewhere(int length) throws Exception {
    for (int attempt = 1; ; attempt++) {
      try {
        put(cluster.leader(), length);
        return;
      } catch (ExecutionException e) {
        boolean mayBeThere = e.getCause() instanceof io.quire.base.Log.IndeterminateException;
        if (!mayBeThere || attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private void put(Node node, int length) throws Exception {
    String text = text(length);
    node.put(text);
    trace.note("acked " + text);
  }
}

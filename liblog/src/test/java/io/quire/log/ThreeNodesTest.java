package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.Position;
import io.quire.log.TestCluster.Node;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A group of three, in one process. */
@Timeout(300)
class ThreeNodesTest {
  /** Twice over a follower on a busy machine may hear nothing before it wants another leader. */
  private static final UnaryOperator<LogConfig> CALM =
      config -> config.withElectionTimeout(Duration.ofSeconds(1));

  @TempDir Path root;

  @Test
  void concurrentAppends_areAppliedInOneOrderEverywhere_alsoAfterRestart() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<String> before;
    try (TestCluster cluster = cluster()) {
      List<Node> nodes = cluster.start("n1", "n2", "n3");
      cluster.leader();
      nodes.forEach(node -> TestCluster.until("leader is known", () -> node.log.leader() != null));
      int acknowledged = acknowledged(appendRandomly(nodes, random));
      assertThat(acknowledged).describedAs("seed " + seed).isEqualTo(600);
      before = agreed(nodes, 600);
      assertThat(nodes).allSatisfy(node -> assertThat(node.fatal).isEmpty());
    }
    try (TestCluster cluster = cluster()) {
      List<Node> nodes = cluster.start("n1", "n2", "n3");
      cluster.leader().put("after");
      assertThat(agreed(nodes, 601))
          .describedAs("seed " + seed)
          .startsWith(before.toArray(String[]::new));
    }
  }

  /** With heartbeats a second apart and more, which is what the deadline does not allow for. */
  @Test
  @Timeout(60)
  void followers_hearOfEachCommitAtOnce_andNoEntryIsWrittenForIt() throws Exception {
    UnaryOperator<LogConfig> rare = config -> config.withElectionTimeout(Duration.ofSeconds(4));
    try (TestCluster cluster = new TestCluster(root, rare, "n1", "n2", "n3")) {
      List<Node> nodes = cluster.start("n1", "n2", "n3");
      Node leader = cluster.leader();
      long first = Position.index(leader.put("e0").position());
      long last = first;
      for (int i = 1; i <= 100; i++) {
        last = Position.index(leader.put("e" + i).position());
        int wanted = i + 1;
        for (Node node : nodes) {
          TestCluster.until("it is applied", () -> node.texts().size() == wanted);
        }
      }
      assertThat(last - first).isEqualTo(100);
    }
  }

  @Test
  void fences_areVoidAlikeEverywhere() throws Exception {
    try (TestCluster cluster = cluster()) {
      List<Node> nodes = cluster.start("n1", "n2", "n3");
      Node leader = cluster.leader();
      Node follower = cluster.followers().getFirst();
      TestCluster.until("leader is known", () -> follower.log.leader() != null);
      long term = leader.onLoop(leader.log::leadingTerm);
      assertThat(follower.onLoop(follower.log::leadingTerm)).isZero();
      assertThat(TestCluster.get(follower.append("a", Fence.epoch(2))).fenced()).isTrue();
      assertThat(TestCluster.get(follower.append("b", Fence.term(term + 1))).fenced()).isTrue();
      assertThat(TestCluster.get(follower.append("c", Fence.term(term))).fenced()).isFalse();
      assertThat(TestCluster.get(follower.append("d", Fence.lock(70))).fenced()).isTrue();
      assertThat(TestCluster.get(follower.append("e", Fence.lock(71))).fenced()).isFalse();
      List<String> lines = agreed(nodes, 5);
      assertThat(lines.get(3)).endsWith("void d");
      assertThat(lines.get(4)).endsWith(" e");
      assertThat(lines.get(0)).endsWith("void a");
      assertThat(lines.get(1)).endsWith("void b");
      assertThat(lines.get(2)).endsWith(" c");
    }
  }

  @Test
  void confirmLeadership_succeedsOnlyAtTheLeader() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      Node leader = cluster.leader();
      long term = leader.onLoop(leader.log::leadingTerm);
      assertThat(TestCluster.get(leader.onLoop(leader.log::confirmLeadership))).isEqualTo(term);
      assertThat(leader.terms).endsWith(term);
      for (Node follower : cluster.followers()) {
        assertThatThrownBy(() -> TestCluster.get(follower.onLoop(follower.log::confirmLeadership)))
            .hasCauseInstanceOf(LogException.NotLeadingException.class);
      }
    }
  }

  @Test
  void leaderWithoutMajority_confirmsNothingAndAppendsNothing() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      Node leader = cluster.leader();
      leader.put("with majority");
      cluster.followers().forEach(Node::stop);

      assertThatThrownBy(() -> TestCluster.get(leader.onLoop(leader.log::confirmLeadership)))
          .hasCauseInstanceOf(LogException.NotLeadingException.class);
      CompletableFuture<Applied> alone = leader.append("alone", Fence.NONE);
      assertThatThrownBy(() -> TestCluster.get(alone)).isInstanceOf(ExecutionException.class);
      assertThat(leader.texts()).containsExactly("with majority");
    }
  }

  @Test
  void lossOfTheLeader_losesNothingAcknowledged() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      Node first = cluster.leader();
      List<String> wanted = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        wanted.add("e" + i);
        first.put("e" + i);
      }
      List<Node> rest = cluster.followers();
      first.stop();
      Node second = cluster.leader();
      second.put("after");
      wanted.add("after");
      agreed(rest, 51);
      assertThat(second.texts()).isEqualTo(wanted);
    }
  }

  @Test
  void wipedVoter_comesBackUnderAnotherIdAndIsPromoted() throws Exception {
    UnaryOperator<LogConfig> snapshotting = config -> CALM.apply(config).withSnapshotEntries(20);
    try (TestCluster cluster = new TestCluster(root, snapshotting, "n1", "n2", "n3")) {
      cluster.start("n1", "n2", "n3");
      Node leader = cluster.leader();
      for (int i = 0; i < 50; i++) {
        leader.put("e" + i);
      }
      Node victim = cluster.followers().getFirst();
      String oldPeer = victim.log.status().peerId();
      victim.stop();
      TestCluster.wipe(victim.directory());

      Node returned = cluster.start(victim.id.name()).getFirst();
      String newPeer = returned.log.status().peerId();
      assertThat(newPeer).isNotEqualTo(oldPeer);
      TestCluster.until(
          "the wiped voter votes again", () -> returned.log.status().voters().contains(newPeer));
      Node now = cluster.leader();
      assertThat(now.log.status().voters()).hasSize(3).contains(newPeer).doesNotContain(oldPeer);
      now.put("after");
      agreed(List.of(now, returned), 51);
      assertThat(returned.transactions.restoredAt).isPositive();

      // It counts: with another voter gone, it is half of the majority.
      cluster.followers().stream()
          .filter(node -> node != returned)
          .findFirst()
          .orElseThrow()
          .stop();
      cluster.leader().put("with the returned one");
      assertThat(returned.fatal).isEmpty();

      // Its log begins behind the snapshot that it was sent, and it comes back with that.
      returned.stop();
      Node again = cluster.start(victim.id.name()).getFirst();
      cluster.leader().put("with it back");
      assertThat(again.log.status().peerId()).isEqualTo(newPeer);
      TestCluster.until("it has all", () -> again.transactions.lines().size() == 53);
    }
  }

  @Test
  void fourthNode_isAListenerThatAppliesAndForwards() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      cluster.leader().put("one");
      Node listener = cluster.start("n4").getFirst();
      TestCluster.until("leader is known", () -> listener.log.leader() != null);
      listener.put("two");
      TestCluster.until("the listener has both", () -> listener.texts().size() == 2);
      LogStatus status = listener.log.status();
      assertThat(status.role()).isEqualTo("LISTENER");
      assertThat(status.listeners()).containsExactly(status.peerId());

      listener.stop();
      Node again = cluster.start("n4").getFirst();
      cluster.leader().put("three");
      TestCluster.until("the listener is back", () -> again.texts().size() == 3);
      assertThat(again.log.status().peerId()).isEqualTo(status.peerId());
      assertThat(again.log.status().role()).isEqualTo("LISTENER");
    }
  }

  @Test
  void append_withoutLeader_isNotAppended() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      cluster.leader().put("one");
      List<Node> followers = cluster.followers();
      Node left = followers.getFirst();
      cluster.leader().stop();
      followers.getLast().stop();
      TestCluster.until("no leader is known", () -> left.log.leader() == null);
      assertThatThrownBy(() -> TestCluster.get(left.append("x", Fence.NONE)))
          .hasCauseInstanceOf(Log.NotAppendedException.class);
    }
  }

  private TestCluster cluster() {
    return new TestCluster(root, CALM, "n1", "n2", "n3");
  }

  private static List<CompletableFuture<Applied>> appendRandomly(List<Node> nodes, Random random)
      throws Exception {
    List<CompletableFuture<Applied>> all = new ArrayList<>();
    int next = 0;
    while (next < 600) {
      List<Entry> entries = new ArrayList<>();
      for (int left = 1 + random.nextInt(20); left > 0 && next < 600; left--) {
        entries.add(TestCluster.entry("e" + next++, Fence.NONE));
      }
      all.addAll(nodes.get(random.nextInt(nodes.size())).append(entries));
    }
    return all;
  }

  private static int acknowledged(List<CompletableFuture<Applied>> all) throws Exception {
    int acknowledged = 0;
    for (CompletableFuture<Applied> each : all) {
      try {
        TestCluster.get(each);
        acknowledged++;
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof Log.NotAppendedException)) {
          throw e;
        }
      }
    }
    return acknowledged;
  }

  private static List<String> agreed(List<Node> nodes, int count) {
    for (Node node : nodes) {
      TestCluster.until(
          node.id + " has applied " + count, () -> node.transactions.lines().size() >= count);
    }
    List<String> lines = nodes.getFirst().transactions.lines();
    assertThat(nodes).allSatisfy(node -> assertThat(node.transactions.lines()).isEqualTo(lines));
    assertThat(lines).hasSize(count);
    return lines;
  }
}

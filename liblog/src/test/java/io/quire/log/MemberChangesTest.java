package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.Log;
import io.quire.base.NodeId;
import io.quire.log.TestCluster.Node;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Voters come and go while entries are appended. */
@Timeout(600)
class MemberChangesTest {
  private static final Duration WITHIN = Duration.ofSeconds(60);

  @TempDir Path root;

  @Test
  void addPromoteReplaceRemove_whileAppendsRun_loseNone() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      cluster.leader().put("first");
      // Appends go through a node that stays.
      Node client = cluster.running("n1");
      AtomicBoolean enough = new AtomicBoolean();
      CompletableFuture<List<String>> appended = appendUntil(client, enough);

      Node fourth = cluster.start("n4").getFirst();
      assertThat(fourth.log.status().role()).isEqualTo("LISTENER");
      change(client, new MemberChange.Promote(id("n4")));
      voters(client, "n1", "n2", "n3", "n4");

      Node fifth = cluster.start("n5").getFirst();
      Node dead =
          cluster.followers().stream()
              .filter(node -> List.of("n2", "n3").contains(node.id.name()))
              .findFirst()
              .orElseThrow();
      dead.stop();
      change(client, new MemberChange.Replace(dead.id, id("n5")));
      TestCluster.until("it votes", () -> fifth.log.status().voters().contains(peer(fifth)));

      change(client, new MemberChange.Remove(id("n4")));
      change(client, new MemberChange.Remove(id("n5")));
      enough.set(true);
      List<String> all = appended.get(120, TimeUnit.SECONDS);
      assertThat(all).hasSizeGreaterThan(10);
      Node leader = cluster.leader();
      leader.put("last");
      assertThat(leader.texts()).containsSubsequence(all).endsWith("last").doesNotHaveDuplicates();
    }
  }

  @Test
  void remove_ofTheLeader_movesTheLeadFirst() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      Node leader = cluster.leader();
      leader.put("one");
      Node other = cluster.followers().getFirst();
      TestCluster.until("leader is known", () -> other.log.leader() != null);
      change(other, new MemberChange.Remove(leader.id));
      TestCluster.until(
          "two voters are left",
          () ->
              other.log.status().voters().size() == 2
                  && other.log.status().voters().stream()
                      .noneMatch(peer -> peer.startsWith(leader.id.name())));
      other.put("two");
      // The leader has applied it; this node may not lead.
      TestCluster.until("it is applied", () -> other.texts().equals(List.of("one", "two")));
    }
  }

  @Test
  void changes_atOnce_areDoneOneAfterTheOther() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      cluster.leader().put("one");
      cluster.start("n4", "n5");
      List<CompletableFuture<Void>> both = new ArrayList<>();
      for (String node : List.of("n4", "n5")) {
        Node asked = cluster.running(node);
        both.add(
            CompletableFuture.runAsync(
                () -> change(asked, new MemberChange.Promote(asked.id)),
                Thread::startVirtualThread));
      }
      for (CompletableFuture<Void> each : both) {
        TestCluster.get(each);
      }
      voters(cluster.leader(), "n1", "n2", "n3", "n4", "n5");
    }
  }

  @Test
  void change_thatCannotBe_isRefusedAndSaysWhy() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node alone = cluster.start("n1").getFirst();
      cluster.leader().put("one");
      refused(alone, new MemberChange.Remove(id("n1")), "it is the last voter: node=n1");
      refused(alone, new MemberChange.Remove(id("n9")), "no such member: node=n9 members=[n1]");
      refused(alone, new MemberChange.Promote(id("n9")), "no such member");
      assertThat(alone.log.status().voters()).hasSize(1);
    }
  }

  @Test
  void replace_thatMakesHalfOfTheVotersNew_isRefused() throws Exception {
    try (TestCluster cluster = new TestCluster(root, "n1")) {
      Node first = cluster.start("n1").getFirst();
      first.put("one");
      cluster.start("n2", "n3");
      String half = "half of the voters would be new";
      refused(first, new MemberChange.Replace(id("n1"), id("n2")), half);
      change(first, new MemberChange.Promote(id("n2")));
      refused(first, new MemberChange.Replace(id("n2"), id("n3")), half);
      voters(first, "n1", "n2");
      change(first, new MemberChange.Promote(id("n3")));
      change(first, new MemberChange.Remove(id("n2")));
      voters(first, "n1", "n3");
    }
  }

  @Test
  void remove_thatWouldLeaveNoMajority_isRefused() throws Exception {
    try (TestCluster cluster = cluster()) {
      cluster.start("n1", "n2", "n3");
      Node leader = cluster.leader();
      leader.put("one");
      List<Node> followers = cluster.followers();
      followers.getFirst().stop();
      refused(leader, new MemberChange.Remove(followers.getLast().id), "no majority");
      assertThat(leader.log.status().voters()).hasSize(3);
    }
  }

  private static CompletableFuture<List<String>> appendUntil(Node client, AtomicBoolean enough) {
    return CompletableFuture.supplyAsync(
        () -> {
          List<String> acknowledged = new ArrayList<>();
          for (int i = 0; !enough.get(); i++) {
            try {
              client.put("e" + i);
              acknowledged.add("e" + i);
            } catch (ExecutionException e) {
              // In doubt, for the leader changed: it may be there or not.
              assertThat(e.getCause()).isInstanceOf(Log.IndeterminateException.class);
            } catch (Exception e) {
              throw new AssertionError(e);
            }
          }
          return acknowledged;
        },
        task -> Thread.ofPlatform().daemon().start(task));
  }

  private static String peer(Node node) {
    return node.log.status().peerId();
  }

  private static void refused(Node node, MemberChange change, String why) {
    assertThatThrownBy(() -> change(node, change))
        .isInstanceOf(LogException.MembersException.class)
        .hasMessageContaining(why);
  }

  private static void change(Node node, MemberChange change) {
    node.log.change(change, WITHIN);
  }

  private static void voters(Node node, String... names) {
    TestCluster.until(
        "voters are " + List.of(names),
        () ->
            node.log.status().voters().stream()
                .map(peer -> peer.substring(0, peer.indexOf('-')))
                .toList()
                .equals(List.of(names)));
  }

  private static NodeId id(String name) {
    return new NodeId(name);
  }

  private TestCluster cluster() {
    return new TestCluster(
        root, config -> config.withElectionTimeout(Duration.ofSeconds(1)), "n1", "n2", "n3");
  }
}

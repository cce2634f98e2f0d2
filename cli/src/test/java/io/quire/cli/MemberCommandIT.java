package io.quire.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.cli.Commands.Ran;
import io.quire.harness.LocalCluster;
import io.quire.harness.LocalCluster.Worker;
import io.quire.harness.Reaper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code quire member} against processes: two voters, and two nodes that came as listeners. */
@Timeout(600)
class MemberCommandIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final LocalCluster.Settings SETTINGS =
      new LocalCluster.Settings(4, 2, 16 << 20, List.of("flash"), "256m");

  private final Commands quire = new Commands("member");
  private final Reaper reaper = Reaper.open();

  @AfterEach
  void end() {
    reaper.close();
    quire.close();
  }

  private Ran member(Worker asked, String... arguments) {
    return quire.run(
        Stream.of(
                Stream.of("member"),
                Stream.of(arguments),
                Stream.of("--node", asked.client().node().toString()))
            .flatMap(words -> words)
            .toArray(String[]::new));
  }

  private static List<String> members(Ran listed) throws IOException {
    List<String> members = new ArrayList<>();
    for (JsonNode each : JSON.readTree(listed.assertDone().text())) {
      members.add(
          each.path("node").asText() + (each.path("votes").asBoolean() ? " votes" : " listens"));
    }
    return members;
  }

  @Test
  void members_comeAsListeners_andArePromotedReplacedAndRemoved() throws IOException {
    try (LocalCluster cluster =
        LocalCluster.start(quire.directory().resolve("cluster"), reaper, SETTINGS)) {
      Worker n1 = cluster.workers().get(0);
      Worker n4 = cluster.workers().get(3);
      List<String> before = List.of("n1 votes", "n2 votes", "n3 listens", "n4 listens");
      assertThat(members(member(n4, "ls", "--json"))).isEqualTo(before);
      assertThat(member(n1, "ls").assertDone().text().lines())
          .hasSize(4)
          .anyMatch(line -> line.matches("n1 +votes +n1-[0-9a-f]+"))
          .anyMatch(line -> line.matches("n3 +listens +n3-[0-9a-f]+"));

      member(n1, "promote", "n9")
          .assertFailed(1, "no such member: node=n9 members=[n1, n2, n3, n4]");
      member(n4, "replace", "n3", "--by", "n4")
          .assertFailed(1, "not a voter: node=n3 voters=[n1, n2]");
      member(n1, "replace", "n2", "--by", "n3")
          .assertFailed(1, "half of the voters would be new", "voters=[n1, n2] next=[n1, n3]");
      member(n1, "remove", "N 9").assertFailed(1, "not a node name: name=N 9 allowed=");
      assertThat(members(member(n1, "ls", "--json"))).isEqualTo(before);

      // Asked of a node that does not vote.
      member(n4, "promote", "n3").assertDone();
      assertThat(members(member(n1, "ls", "--json")))
          .containsExactly("n1 votes", "n2 votes", "n3 votes", "n4 listens");
      member(n1, "replace", "n2", "--by", "n4").assertDone();
      member(n1, "remove", "n3").assertDone();
      assertThat(members(member(n1, "ls", "--json"))).containsExactly("n1 votes", "n4 votes");
      for (int removed : new int[] {1, 2}) {
        cluster.workers().get(removed).process().awaitExit(Commands.LIMIT);
      }
      n1.client().create("/after", "the voters that are left go on");
    }
  }
}

package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.log.Formation.Decision;
import io.quire.log.Identity.State;
import io.quire.log.LogMessages.Hello;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class FormationTest {
  private static final NodeId N1 = new NodeId("n1");
  private static final NodeId N2 = new NodeId("n2");
  private static final NodeId N3 = new NodeId("n3");
  private static final List<NodeId> ALL = List.of(N1, N2, N3);
  private static final Address HERE = new Address("h", 1);
  private static final UUID NO_GROUP = new UUID(0, 0);

  private final Identity self = blank(N1, 1);

  @Test
  void decide_untilAllFoundersAnswered_waits() {
    assertThat(decide(self, blankHello(N2, 2))).isInstanceOf(Decision.Wait.class);
  }

  @Test
  void decide_whenAllAreBlank_isTheSameGroupForAll() {
    Decision here = decide(self, blankHello(N2, 2), blankHello(N3, 3));
    Decision there = decide(blank(N3, 3), blankHello(N1, 1), blankHello(N2, 2));
    assertThat(here).isInstanceOf(Decision.Found.class);
    assertThat(((Decision.Found) there).group()).isEqualTo(((Decision.Found) here).group());
  }

  @Test
  void decide_whenAFounderLostItsStorage_doesNotFoundAnew() {
    Hello newcomer =
        new Hello(
            "c", new PeerId(N2, 2), State.NEWCOMER, ALL, NO_GROUP, List.of(), List.of(), false);
    assertThat(decide(self, newcomer, blankHello(N3, 3))).isInstanceOf(Decision.Wait.class);
    assertThat(decide(self.successor(9), blankHello(N2, 2), blankHello(N3, 3)))
        .isInstanceOf(Decision.Wait.class);
  }

  @Test
  void decide_whenOthersFormedWithThisStorage_isOneOfThem() {
    List<GroupMember> founders = founders(1);
    UUID group = GroupMember.groupId("c", founders);
    assertThat(decide(self, formed(N2, 2, group, founders, List.of())))
        .isEqualTo(new Decision.Found(group, founders));
  }

  @Test
  void decide_whenOthersFormedWithAnEarlierStorage_joinsOnceTheyRun() {
    List<GroupMember> founders = founders(77);
    UUID group = GroupMember.groupId("c", founders);
    assertThat(decide(self, formed(N2, 2, group, founders, List.of()), blankHello(N3, 3)))
        .isInstanceOf(Decision.Wait.class);
    Decision decision = decide(self, formed(N2, 2, group, founders, founders));
    assertThat(decision).isInstanceOf(Decision.Join.class);
    assertThat(((Decision.Join) decision).members())
        .containsAll(founders)
        .contains(new GroupMember(self.peer(), HERE, false));
  }

  @Test
  void decide_whenNodesNameDifferentVoters_refuses() {
    Hello other =
        new Hello(
            "c",
            new PeerId(N2, 2),
            State.BLANK,
            List.of(N1, N2),
            NO_GROUP,
            List.of(),
            List.of(),
            false);
    assertThat(decide(self, other, blankHello(N3, 3))).isInstanceOf(Decision.Refuse.class);
  }

  @Test
  void decide_whenThereAreTwoGroups_refuses() {
    Hello one = formed(N2, 2, new UUID(1, 1), founders(1), List.of());
    Hello two = formed(N3, 3, new UUID(2, 2), founders(1), List.of());
    assertThat(decide(self, one, two)).isInstanceOf(Decision.Refuse.class);
  }

  @Test
  void decide_ofANodeThatIsNoVoter_neverFounds() {
    assertThat(decide(blank(new NodeId("n4"), 4), blankHello(N1, 1), blankHello(N2, 2)))
        .isInstanceOf(Decision.Wait.class);
  }

  private static Decision decide(Identity self, Hello... answers) {
    Map<Hello, Address> map = new HashMap<>();
    for (Hello hello : answers) {
      map.put(hello, HERE);
    }
    return Formation.decide(self, HERE, ALL, map);
  }

  private static Identity blank(NodeId node, long storage) {
    return Identity.blank(LogConfig.of("c", node, Path.of("d"), ALL), storage);
  }

  private static Hello blankHello(NodeId node, long storage) {
    return new Hello(
        "c", new PeerId(node, storage), State.BLANK, ALL, NO_GROUP, List.of(), List.of(), false);
  }

  private static Hello formed(
      NodeId node, long storage, UUID group, List<GroupMember> founders, List<GroupMember> now) {
    return new Hello("c", new PeerId(node, storage), State.FORMED, ALL, group, founders, now, true);
  }

  private static List<GroupMember> founders(long storageOfN1) {
    return List.of(
        new GroupMember(new PeerId(N1, storageOfN1), HERE, true),
        new GroupMember(new PeerId(N2, 2), HERE, true),
        new GroupMember(new PeerId(N3, 3), HERE, true));
  }
}

package io.quire.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.ager.Copy;
import io.quire.base.Address;
import io.quire.base.Member;
import io.quire.base.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlacementTest {
  private static final Member A = member("a", 1);
  private static final Member B = member("b", 2);
  private static final Member C = member("c", 3);
  private static final List<Integer> GROUPS = IntStream.range(0, 90).boxed().toList();

  @Test
  void assign_whenAllOwnersAreIn_servesGroupsWhereTheyAre() {
    Map<Member, List<Integer>> assigned =
        placement(false).assign(GROUPS, List.of(A, B, C), Placement.Past.NONE);
    assertThat(assigned.get(B)).containsExactlyElementsOf(ofOwner(1));
  }

  @Test
  void assign_whenAnOwnerIsGone_spreadsItsCopiedGroupsAlikeOnAllNodes() {
    Map<Member, List<Integer>> assigned =
        placement(true).assign(GROUPS, List.of(A, C), Placement.Past.NONE);
    assertThat(assigned.keySet()).containsExactlyInAnyOrder(A, C);
    assertThat(assigned.get(A)).containsAll(ofOwner(0)).hasSizeBetween(35, 55);
    assertThat(assigned.get(C)).containsAll(ofOwner(2)).hasSizeBetween(35, 55);
    assertThat(placement(true).assign(GROUPS, List.of(A, C), Placement.Past.NONE))
        .isEqualTo(assigned);
  }

  @Test
  void assign_whenAnOwnerIsGoneAndThereIsNoCopy_saysWhatIsLost() {
    assertThatThrownBy(() -> placement(false).assign(GROUPS, List.of(A, C), Placement.Past.NONE))
        .isInstanceOfSatisfying(
            DatasetsException.ExtentsLost.class,
            lost -> {
              assertThat(lost.dataset()).isEqualTo("lines");
              assertThat(lost.extents()).isEqualTo(30);
              assertThat(lost.owner()).isEqualTo(B.node());
            });
  }

  @Test
  void assign_whenAnOwnerIsGoneAndTheCopiesAreOnItsFlash_refusesAtOnce() {
    Placement placement = placement("flash:///s");
    assertThatThrownBy(() -> placement.assign(GROUPS, List.of(A, C), Placement.Past.NONE))
        .isInstanceOf(DatasetsException.ExtentsLost.class)
        .hasMessageContaining("durable=only on the flash of its owner");
    assertThat(placement.assign(GROUPS, List.of(A, B, C), Placement.Past.NONE).get(B))
        .containsExactlyElementsOf(ofOwner(1));
  }

  @Test
  void assign_afterAnOwnerDidNotAnswer_goesToAnotherOnlyIfThereAreCopies() {
    Placement.Past past = Placement.Past.NONE.again().avoiding(B.incarnation());
    assertThat(placement(true).assign(List.of(1), List.of(A, B, C), past)).doesNotContainKey(B);
    assertThat(placement(false).assign(List.of(1), List.of(A, B, C), past)).containsOnlyKeys(B);
  }

  @Test
  void assign_afterAllDidNotAnswer_asksThemAgain_butNotAfterAllSaidGone() {
    Placement.Past silent = Placement.Past.NONE.avoiding(1).avoiding(2).avoiding(3);
    assertThat(placement(true).assign(List.of(1), List.of(A, B, C), silent)).hasSize(1);
    Placement.Past gone = Placement.Past.NONE.goneAt(1).goneAt(2).goneAt(3);
    assertThatThrownBy(() -> placement(true).assign(List.of(1), List.of(A, B, C), gone))
        .isInstanceOf(DatasetsException.ExtentsLost.class)
        .hasMessageContaining("durable=unreadable");
  }

  @Test
  void assign_whenAnOwnerIsGone_servesItsGroupsWhereTheSparesAre() {
    Placement placement = spared(1);
    assertThat(placement.assign(GROUPS, List.of(A, B, C), Placement.Past.NONE).get(B))
        .as("owners first")
        .containsExactlyElementsOf(ofOwner(1));
    Map<Member, List<Integer>> assigned =
        placement.assign(GROUPS, List.of(A, C), Placement.Past.NONE);
    assertThat(assigned.get(A)).containsExactlyElementsOf(ofOwner(0));
    assertThat(assigned.get(C)).hasSize(60).containsAll(ofOwner(1));
  }

  @Test
  void assign_afterHoldersFailed_asksThoseThatAreLeft_andSaysWhenThereAreNone() {
    Placement placement = spared(2);
    List<Member> all = List.of(A, B, C);
    Placement.Past past = Placement.Past.NONE.again().avoiding(B.incarnation());
    assertThat(placement.assign(List.of(1), all, past)).containsOnlyKeys(C);
    past = past.again().goneAt(C.incarnation());
    assertThat(placement.assign(List.of(1), all, past)).containsOnlyKeys(A);
    past = past.again().avoiding(A.incarnation());
    assertThat(placement.assign(List.of(1), all, past)).as("asked again").hasSize(1);
    Placement.Past gone = past.goneAt(A.incarnation()).goneAt(B.incarnation());
    assertThatThrownBy(() -> placement.assign(GROUPS, all, gone))
        .isInstanceOf(DatasetsException.ExtentsLost.class)
        .hasMessageContaining("extents=90 owner=a spares=[b, c] durable=no");
  }

  /** Part i belongs to the node i mod 3, with spares at the next ones. */
  private static Placement spared(int spares) {
    List<NodeId> nodes = List.of(A.node(), B.node(), C.node());
    List<ExtentInfo> infos = new ArrayList<>();
    for (int part : GROUPS) {
      List<NodeId> others =
          IntStream.rangeClosed(1, spares).mapToObj(i -> nodes.get((part + i) % 3)).toList();
      infos.add(new ExtentInfo(part, 0, 0, 5, 10, 0, nodes.get(part % 3), others, null));
    }
    Layout layout = Layout.of(1, Descriptor.of(new byte[0], infos));
    return new Placement("lines", layout, new int[] {0});
  }

  @Test
  void spareOrder_spreadsParts_andIsChangedByNobodyElse() {
    List<Member> all = IntStream.range(0, 5).mapToObj(i -> member("node-" + i, i + 1)).toList();
    int[] first = new int[5];
    for (int part = 0; part < 1000; part++) {
      List<Member> order = SpareOrder.of(77, part, all);
      assertThat(order).containsExactlyInAnyOrderElementsOf(all);
      first[(int) order.getFirst().incarnation() - 1]++;
      List<Member> without = new ArrayList<>(order);
      without.remove(all.get(2));
      assertThat(SpareOrder.of(77, part, List.of(all.get(4), all.get(0), all.get(3), all.get(1))))
          .isEqualTo(without);
    }
    assertThat(IntStream.of(first)).allMatch(count -> count > 150 && count < 250);
  }

  private static List<Integer> ofOwner(int owner) {
    return GROUPS.stream().filter(group -> group % 3 == owner).toList();
  }

  private static Placement placement(boolean durable) {
    return placement(durable ? "file:///s" : null);
  }

  /** Part i belongs to the node i mod 3, with a copy in a store or none. */
  private static Placement placement(@Nullable String store) {
    List<Member> members = List.of(A, B, C);
    List<ExtentInfo> infos = new ArrayList<>();
    for (int part : GROUPS) {
      NodeId owner = members.get(part % 3).node();
      Copy copy =
          store == null ? null : new Copy(store, "durable/x", 4096L * part, 10, 0, part, "x");
      infos.add(new ExtentInfo(part, 0, 0, 5, 10, 0, owner, copy));
    }
    Layout layout = Layout.of(1, Descriptor.of(new byte[0], infos));
    return new Placement("lines", layout, new int[] {0});
  }

  private static Member member(String name, long incarnation) {
    return new Member(new NodeId(name), incarnation, new Address("127.0.0.1", 1));
  }
}

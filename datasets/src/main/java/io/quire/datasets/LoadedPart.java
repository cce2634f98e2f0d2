package io.quire.datasets;

import io.quire.base.Member;
import io.quire.base.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** A part that was loaded, and who holds it. Confined to the thread of its load. */
final class LoadedPart {
  private final int number;
  private final List<ExtentInfo> extents;
  private final List<Member> spares = new ArrayList<>();
  private Member owner;

  LoadedPart(int number, Member owner, List<ExtentInfo> extents) {
    this.number = number;
    this.owner = owner;
    this.extents = extents;
  }

  int number() {
    return number;
  }

  /** Who loaded it, or the first of those who took it over from there. */
  Member owner() {
    return owner;
  }

  /** The owner and those with spares. */
  List<Member> holders() {
    List<Member> holders = new ArrayList<>(spares);
    holders.addFirst(owner);
    return holders;
  }

  /** Also if it was another incarnation that did. */
  boolean isHeldBy(NodeId node) {
    return holders().stream().anyMatch(holder -> holder.node().equals(node));
  }

  void spareAt(Member member) {
    spares.add(member);
  }

  /** Whether all of it has durable copies. */
  boolean copied() {
    return extents.stream().allMatch(info -> info.durable() != null);
  }

  boolean isEmpty() {
    return extents.isEmpty();
  }

  /**
   * Takes holders away. The owner's place is taken by the first of the others.
   *
   * @return false if nobody is left; then nothing was changed
   */
  boolean lose(Predicate<Member> lost) {
    List<Member> left = holders();
    left.removeIf(lost);
    if (left.isEmpty()) {
      return false;
    }
    owner = left.removeFirst();
    spares.clear();
    spares.addAll(left);
    return true;
  }

  /** Its extents, with those who hold them now. */
  List<ExtentInfo> extents() {
    return extents.stream()
        .map(info -> info.heldBy(owner.node(), spares.stream().map(Member::node).toList()))
        .toList();
  }

  /** The same, as if its owner alone had them. */
  List<ExtentInfo> extentsOfOwner() {
    return extents.stream().map(info -> info.heldBy(owner.node())).toList();
  }

  long bytes() {
    return extents.stream().mapToLong(ExtentInfo::bytes).sum();
  }
}

package io.quire.datasets;

import io.quire.base.Member;
import io.quire.base.NodeId;
import java.util.Comparator;
import java.util.List;

/**
 * Who is to hold spares of a part: an order of all members by a hash, another for each part. So
 * spares are spread over all nodes, those of one node over all others, and who comes and goes
 * changes the place of nobody else.
 */
final class SpareOrder {
  private SpareOrder() {}

  /**
   * These members, the first choice first.
   *
   * @param number of the part within the load
   */
  static List<Member> of(long load, int number, List<Member> members) {
    return members.stream()
        .sorted(
            Comparator.comparingLong((Member member) -> hash(load, number, member.node()))
                .thenComparing(Member::node))
        .toList();
  }

  private static long hash(long load, int number, NodeId node) {
    return mixed(mixed(mixed(load) + number) + node.name().hashCode());
  }

  /** Each bit of the result depends on each bit of the number. */
  private static long mixed(long number) {
    long mixed = (number ^ number >>> 30) * 0xbf58_476d_1ce4_e5b9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94d0_49bb_1331_11ebL;
    return mixed ^ mixed >>> 31;
  }
}

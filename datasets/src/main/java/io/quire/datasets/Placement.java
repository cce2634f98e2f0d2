package io.quire.datasets;

import io.quire.base.Member;
import io.quire.base.NodeId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says who serves a row group: the node that loaded it, if it is in the view; else one with spares;
 * else, if all the extents that are needed have durable copies in shared stores, a member that all
 * nodes would choose alike.
 */
final class Placement {
  private final String dataset;
  private final Layout layout;
  private final int[] columns;

  /**
   * What was tried with some groups.
   *
   * @param tries how often
   * @param avoided members that did not answer or could not do it, and may be asked again
   * @param gone members that do not have the extents and cannot get them
   */
  record Past(int tries, Set<Long> avoided, Set<Long> gone) {
    static final Past NONE = new Past(0, Set.of(), Set.of());

    Past again() {
      return new Past(tries + 1, avoided, gone);
    }

    Past avoiding(long incarnation) {
      return new Past(tries, with(avoided, incarnation), gone);
    }

    Past goneAt(long incarnation) {
      return new Past(tries, avoided, with(gone, incarnation));
    }

    /** After a member said no. */
    Past after(Refusal.Reason reason, Member member) {
      return switch (reason) {
        case GONE -> again().goneAt(member.incarnation());
        case ELSEWHERE, NOT_ME -> again().avoiding(member.incarnation());
        case LATER, FAILED, UNKNOWN_FUNCTION, DONE -> again();
      };
    }

    private static Set<Long> with(Set<Long> set, long one) {
      Set<Long> more = new HashSet<>(set);
      more.add(one);
      return Set.copyOf(more);
    }
  }

  Placement(String dataset, Layout layout, int[] columns) {
    this.dataset = dataset;
    this.layout = layout;
    this.columns = columns.clone();
  }

  /**
   * Divides groups among the members.
   *
   * @throws DatasetsException.ExtentsLost if nobody can serve some of them
   */
  Map<Member, List<Integer>> assign(List<Integer> groups, List<Member> members, Past past) {
    Map<Member, List<Integer>> assigned = new LinkedHashMap<>();
    List<ExtentInfo> lost = new ArrayList<>();
    for (int group : groups) {
      Member server = server(group, members, past);
      if (server == null) {
        List<ExtentInfo> needed = needed(group);
        lost.addAll(needed.isEmpty() ? layout.extents(layout.groups().get(group)) : needed);
      } else {
        assigned.computeIfAbsent(server, _ -> new ArrayList<>()).add(group);
      }
    }
    if (!lost.isEmpty()) {
      throw new DatasetsException.ExtentsLost(dataset, lost.size(), lost.getFirst());
    }
    return assigned;
  }

  private @Nullable Member server(int group, List<Member> members, Past past) {
    ExtentInfo first = layout.first(layout.groups().get(group));
    List<Member> holders = holders(first, members, past);
    for (Member holder : holders) {
      if (!past.avoided.contains(holder.incarnation())) {
        return holder;
      }
    }
    if (needed(group).stream().allMatch(ExtentInfo::readableElsewhere)) {
      return substitute(group, members, past);
    }
    return holders.isEmpty() ? null : holders.get(past.tries % holders.size());
  }

  /** Those who may still have it, the owner first. */
  private static List<Member> holders(ExtentInfo info, List<Member> members, Past past) {
    List<Member> holders = new ArrayList<>();
    for (NodeId node : info.holders()) {
      for (Member member : members) {
        if (member.node().equals(node) && !past.gone.contains(member.incarnation())) {
          holders.add(member);
        }
      }
    }
    return holders;
  }

  /**
   * One of those that may have it, spread by a hash; those that failed only if there is no other.
   */
  static @Nullable Member substitute(int number, List<Member> members, Past past) {
    List<Member> able = members.stream().filter(m -> !past.gone.contains(m.incarnation())).toList();
    List<Member> better =
        able.stream().filter(m -> !past.avoided.contains(m.incarnation())).toList();
    List<Member> choice = better.isEmpty() ? able : better;
    if (choice.isEmpty()) {
      return null;
    }
    int hash = number * 0x9E37_79B9;
    return choice.get(Integer.remainderUnsigned(hash ^ hash >>> 16, choice.size()));
  }

  /** The extents of a group that are read. */
  private List<ExtentInfo> needed(int group) {
    Layout.Group extents = layout.groups().get(group);
    List<ExtentInfo> needed = new ArrayList<>(columns.length);
    for (int column : columns) {
      ExtentInfo info = layout.column(extents, column);
      if (info != null) {
        needed.add(info);
      }
    }
    return needed;
  }

  /** Of the extents that are read. */
  long bytes(List<Integer> groups) {
    long bytes = 0;
    for (int group : groups) {
      for (ExtentInfo info : needed(group)) {
        bytes += info.bytes();
      }
    }
    return bytes;
  }
}

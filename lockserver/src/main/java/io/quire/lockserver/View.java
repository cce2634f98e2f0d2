package io.quire.lockserver;

import io.quire.base.Member;
import io.quire.base.NodeId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who is in, by agreement of all: the set of live incarnations, numbered by epoch.
 *
 * @param epoch moves by one with each change; 0 before the first
 * @param members in the order of their nodes' names
 * @param position of the entry that made it
 */
public record View(long epoch, List<Member> members, long position) {
  /** Before anybody joined. */
  public static final View EMPTY = new View(0, List.of(), 0);

  public View {
    members = List.copyOf(members);
  }

  /** Whether this incarnation is in. */
  public boolean has(long incarnation) {
    return member(incarnation) != null;
  }

  /** The member of this incarnation, or null if it is not in. */
  public @Nullable Member member(long incarnation) {
    for (Member member : members) {
      if (member.incarnation() == incarnation) {
        return member;
      }
    }
    return null;
  }

  /** The incarnation of this node that is in, or null if none is. There is never more than one. */
  public @Nullable Member member(NodeId node) {
    for (Member member : members) {
      if (member.node().equals(node)) {
        return member;
      }
    }
    return null;
  }
}

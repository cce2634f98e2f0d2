package io.quire.ns;

import io.quire.base.Member;
import java.util.List;

/**
 * Who holds references to an object, as the nodes said one by one: not of one moment, and nothing
 * may be decided by it.
 *
 * @param object as it was when the nodes were asked
 * @param nodes all that were in the view then, in its order
 */
public record ReferenceReport(NsObject object, List<OfNode> nodes) {
  /** What is known of one node. */
  public sealed interface OfNode {
    /** Which node, and which incarnation of it. */
    Member member();
  }

  /**
   * It answered.
   *
   * @param references how many it holds
   * @param holders those of which it knows who holds them, the oldest first
   * @param truncated whether there are more of those: at most 1,000 are told, or 48 KiB of them
   */
  public record Told(Member member, long references, List<Holder> holders, boolean truncated)
      implements OfNode {
    /** Copies the list. */
    public Told {
      holders = List.copyOf(holders);
    }
  }

  /** It did not answer in time. What it holds counts for as long as it is in the view. */
  public record Silent(Member member) implements OfNode {}

  /** Copies the list. */
  public ReferenceReport {
    nodes = List.copyOf(nodes);
  }

  /** Whether all nodes answered. */
  public boolean complete() {
    return nodes.stream().allMatch(Told.class::isInstance);
  }
}

package io.quire.twopc;

import io.quire.base.NodeId;
import io.quire.base.RequestId;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request to run a transaction.
 *
 * @param participant the number of the participant that it is for
 * @param payload at most {@link TwoPhase#PAYLOAD_BYTES_MAX} bytes; not to be changed afterwards
 * @param deadline from now; when it is over the caller is told what is known
 * @param epoch aborted in any other; 0 for any
 * @param id under which it happens at most once, whoever submits it how often; see {@link
 *     TwoPhase#outcome(RequestId)} for how long. Null for none
 * @param nodes that are to prepare it; empty for all members. Everybody applies it. Only for
 *     participants that are {@link Participant#partial}
 */
public record Submission(
    int participant,
    byte[] payload,
    Duration deadline,
    long epoch,
    @Nullable RequestId id,
    Set<NodeId> nodes) {
  public Submission {
    nodes = Set.copyOf(nodes);
  }

  /** In whatever epoch, without a name, prepared by all members. */
  public static Submission of(int participant, byte[] payload, Duration deadline) {
    return new Submission(participant, payload, deadline, 0, null, Set.of());
  }

  /** As this one, but only in this epoch; 0 for any. */
  public Submission inEpoch(long only) {
    return new Submission(participant, payload, deadline, only, id, nodes);
  }

  /** As this one, but at most once under this name; null for none. */
  public Submission as(@Nullable RequestId name) {
    return new Submission(participant, payload, deadline, epoch, name, nodes);
  }

  /**
   * As this one, but prepared by these nodes alone, which must be in the view; empty for all
   * members.
   */
  public Submission on(Set<NodeId> some) {
    return new Submission(participant, payload, deadline, epoch, id, some);
  }
}

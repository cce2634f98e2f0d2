/**
 * The replicated log of a cluster: {@link io.quire.log.RatisLog} keeps it in one Apache Ratis group
 * behind the seam {@link io.quire.base.Log}.
 *
 * <p>The way of an entry: on the leader, entries that come while a Raft round is in flight form the
 * next frame, one Raft entry; other nodes send theirs to the leader first (Appends). When a
 * majority has the frame on disk, Ratis hands it to the state machine of every node (
 * FrameStateMachine), which verifies it and gives it to the node's loop, where fences are judged
 * and projections apply it (Applier). The appender learns the outcome from applying.
 *
 * <p>The way of a directory: an identity file outside the Raft directory says whose storage this is
 * (Identity, Storage). A blank storage becomes part of a group only when all founders of the group
 * are blank (Formation); any other comes in as a listener under a new peer id and is promoted when
 * it has caught up (Membership). A storage that lost its log can so never vote under the id with
 * which it voted before.
 *
 * <p>Threads: the loop owns the state of Appends and Applier; Ratis' own threads call
 * FrameStateMachine and FabricRpc; blocking calls to Ratis run on virtual threads.
 */
@NullMarked
package io.quire.log;

import org.jspecify.annotations.NullMarked;

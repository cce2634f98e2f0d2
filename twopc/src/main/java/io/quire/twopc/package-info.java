/**
 * Two-phase commit as Quire means it: prepare on every member, decide in the log, learn from the
 * log.
 *
 * <p>A coordinator ({@link io.quire.twopc.TwoPhase#submit}) asks every member of its view to mark a
 * transaction and to vote. When all voted yes it appends the transaction to the log, fenced by the
 * epoch; that entry is the decision, the redo record and the news of it. Every node applies it when
 * it comes to it. There is no second round and no decision outside the log, so a coordinator may
 * die at any step.
 *
 * <p>What a transaction does is up to a {@link io.quire.twopc.Participant}. Everything here is
 * confined to the node's loop.
 */
@NullMarked
package io.quire.twopc;

import org.jspecify.annotations.NullMarked;

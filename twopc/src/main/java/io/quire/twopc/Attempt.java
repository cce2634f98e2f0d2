package io.quire.twopc;

import io.quire.base.Member;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** One attempt of a coordinator at a transaction. */
final class Attempt {
  /** What a caller asked for; it outlives its attempts. */
  static final class Request {
    final int participant;
    final byte[] payload;
    final long requiredEpoch;
    final long deadline;
    final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

    /**
     * @param requiredEpoch aborted if the epoch is another one; 0 for any
     */
    Request(int participant, byte[] payload, long requiredEpoch, long deadline) {
      this.participant = participant;
      this.payload = payload;
      this.requiredEpoch = requiredEpoch;
      this.deadline = deadline;
    }
  }

  /**
   * Where it stands. An attempt may be aborted only while it is preparing: from the submission to
   * the log on, only the log can tell.
   */
  enum State {
    PREPARING,
    APPENDING,
    SETTLED
  }

  final TxnId id;
  final Request request;
  final long epoch;
  final long asked;
  final Set<Long> yes = new HashSet<>();
  State state = State.PREPARING;
  boolean resolving;

  /**
   * An attempt that is being prepared.
   *
   * @param asked when
   */
  Attempt(TxnId id, Request request, long epoch, long asked) {
    this.id = id;
    this.request = request;
    this.epoch = epoch;
    this.asked = asked;
  }

  Message.Item item() {
    return new Message.Item(id.sequence(), request.participant, request.payload);
  }

  boolean hasAll(Iterable<Member> members) {
    for (Member member : members) {
      if (!yes.contains(member.incarnation())) {
        return false;
      }
    }
    return true;
  }
}

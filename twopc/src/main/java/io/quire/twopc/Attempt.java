package io.quire.twopc;

import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.RequestId;
import io.quire.lockserver.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One attempt of a coordinator at a transaction. */
final class Attempt {
  /** What a caller asked for; it outlives its attempts. */
  static final class Request {
    final int participant;
    final byte[] payload;
    final long requiredEpoch;
    final long deadline;
    final @Nullable RequestId id;
    final Set<NodeId> nodes;
    final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

    /** Where the payload is, once it is in the log. */
    Blobs.@Nullable Ref blob;

    @Nullable Attempt last;

    Request(Submission submission, long deadline) {
      participant = submission.participant();
      payload = submission.payload();
      requiredEpoch = submission.epoch();
      id = submission.id();
      nodes = submission.nodes();
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
  final View view;

  /** Those of the view that are asked. */
  final List<Member> members;

  /** Whether the round that it is of waits for it. */
  final boolean inRound;

  final long asked;
  final int patienceMillis;
  final Set<Long> yes = new HashSet<>();
  State state = State.PREPARING;
  boolean resolving;
  private @Nullable Map<Long, String> no;

  /**
   * An attempt that is being prepared.
   *
   * @param asked when
   */
  Attempt(
      TxnId id,
      Request request,
      View view,
      List<Member> members,
      boolean inRound,
      long asked,
      int patienceMillis) {
    this.id = id;
    this.request = request;
    this.view = view;
    this.members = members;
    this.inRound = inRound;
    this.asked = asked;
    this.patienceMillis = patienceMillis;
    request.last = this;
  }

  Message.Item item() {
    Blobs.Ref blob = request.blob;
    byte[] payload = blob == null ? request.payload : new byte[0];
    return new Message.Item(id.sequence(), request.participant, patienceMillis, blob, payload);
  }

  TxnEntry.Txn txn(long low) {
    Blobs.Ref blob = request.blob;
    byte[] payload = blob == null ? request.payload : new byte[0];
    return new TxnEntry.Txn(id, low, request.participant, request.id, blob, payload);
  }

  void refused(long by, String reason) {
    if (no == null) {
      no = new HashMap<>();
    }
    no.put(by, reason);
  }

  boolean hasAll() {
    for (Member member : members) {
      if (!yes.contains(member.incarnation())) {
        return false;
      }
    }
    return true;
  }

  /** One for each member of the view. */
  List<Ballot> ballots() {
    List<Ballot> ballots = new ArrayList<>();
    for (Member member : view.members()) {
      ballots.add(ballot(member));
    }
    return ballots;
  }

  private Ballot ballot(Member member) {
    String reason = no == null ? null : no.get(member.incarnation());
    if (reason != null) {
      return new Ballot(member, Ballot.Answer.NO, reason);
    }
    Ballot.Answer answer =
        yes.contains(member.incarnation())
            ? Ballot.Answer.YES
            : members.contains(member) ? Ballot.Answer.SILENT : Ballot.Answer.NOT_ASKED;
    return new Ballot(member, answer, "");
  }
}

package io.quire.twopc;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.Rules;
import io.quire.lockserver.View;
import io.quire.twopc.Attempt.Request;
import io.quire.twopc.Attempt.State;
import io.quire.twopc.Message.Item;
import io.quire.twopc.Message.Vote;
import io.quire.twopc.Outcome.Aborted;
import io.quire.twopc.Outcome.Indeterminate;
import io.quire.twopc.Outcome.Why;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/*
 * The coordinator's side. Requests wait in a queue; a round takes what has gathered, asks all members
 * of the view at once and ends when each of its attempts was submitted to the log or aborted. While a
 * round prepares, the next one gathers: that is all the batching there is, and no timer delays anybody.
 * Appends of earlier rounds may still be under way.
 *
 *   request ──► PREPARING ──all yes──► APPENDING ──own log shows it──► SETTLED
 *                   │                      └─ log says: fenced ─► a new attempt
 *                   └─ no, view moved, deadline ─► aborted, or a new attempt
 *
 * Once an entry is submitted, no exception and no silence is taken for "did not happen". The caller is
 * told Indeterminate when its time runs out, and a RESOLVE is appended until the log has settled it.
 */
final class Coordinator {
  private static final int QUEUE_MAX = 100_000;
  private static final int SLOW_MAX = 1_000;
  private static final int BATCH_MAX = 1_000;
  private static final int BATCH_BYTES_MAX = 256 << 10;
  private static final int OUTCOMES_MAX = 10_000;
  private static final Duration RETRY = Duration.ofMillis(20);
  private static final Duration RESEND = Duration.ofMillis(300);

  /** A member that has not voted after this long is asked again, also by way of the leader. */
  private static final Duration SILENT = RESEND.dividedBy(2);

  private final Member self;
  private final TwoPhase twoPhase;
  private final Log log;
  private final Routes routes;
  private final Loop loop;
  private final Clock clock;

  private final ArrayDeque<Request> queue = new ArrayDeque<>();
  private final TreeMap<Long, Attempt> open = new TreeMap<>();
  private final Map<Long, Outcome> outcomes =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Outcome> eldest) {
          return size() > OUTCOMES_MAX;
        }
      };
  private final List<Message.Effect> effects = new ArrayList<>();
  private final Uploads uploads;
  private final Pauses pauses = new Pauses();
  private int preparing;
  private int slow;
  private long sequence = 1;

  Coordinator(Member self, TwoPhase twoPhase, Log log, Routes routes, Loop loop, Clock clock) {
    this.self = self;
    this.twoPhase = twoPhase;
    this.log = log;
    this.routes = routes;
    this.loop = loop;
    this.clock = clock;
    uploads = new Uploads(self.incarnation(), twoPhase, log, loop, clock);
  }

  void open() {
    tend();
  }

  /** Takes a request; one that is too large for an entry of the log goes there in chunks first. */
  void submit(Request request) {
    Requests.End end = request.id == null ? null : twoPhase.end(request.id);
    Aborted refusal = refusal(request);
    if (end != null) {
      request.outcome.complete(Results.outcome(end));
    } else if (refusal != null) {
      request.outcome.complete(refusal);
    } else if (request.payload.length > TwoPhase.INLINE_BYTES_MAX && request.blob == null) {
      uploads.upload(request, () -> submit(request));
    } else {
      queue.add(request);
      startRound();
    }
  }

  private @Nullable Aborted refusal(Request request) {
    Participant participant = twoPhase.participant(request.participant);
    if (queue.size() >= QUEUE_MAX) {
      return new Aborted(Why.OVERLOADED, null, "queued=" + queue.size() + " max=" + QUEUE_MAX);
    }
    if (participant == null || request.nodes.isEmpty() || participant.partial()) {
      return null;
    }
    return new Aborted(
        Why.REFUSED, null, "every member must prepare: participant=" + request.participant);
  }

  ViewPauses pauses() {
    return pauses.seen();
  }

  @Nullable Outcome outcome(long wanted) {
    return outcomes.get(wanted);
  }

  private long low() {
    return open.isEmpty() ? sequence : open.firstKey();
  }

  private void startRound() {
    View view = twoPhase.view();
    if (preparing > 0 || queue.isEmpty() || !view.has(self.incarnation())) {
      return;
    }
    List<Attempt> round = new ArrayList<>();
    int bytes = 0;
    while (!queue.isEmpty() && round.size() < BATCH_MAX) {
      Request next = queue.getFirst();
      int size = next.blob == null ? next.payload.length : 0;
      if (!round.isEmpty() && bytes + size > BATCH_BYTES_MAX) {
        break;
      }
      queue.removeFirst();
      Attempt attempt = begin(next, view);
      if (attempt == null) {
        continue;
      }
      if (attempt.inRound) {
        round.add(attempt);
        bytes += size;
      } else {
        ask(List.of(attempt), attempt.members);
      }
    }
    preparing = round.size();
    ask(round, view.members());
  }

  /** An attempt in this view, or null if the request has ended instead. */
  private @Nullable Attempt begin(Request next, View view) {
    if (next.outcome.isDone()) {
      return null;
    }
    if (next.requiredEpoch != 0 && next.requiredEpoch != view.epoch()) {
      next.outcome.complete(
          new Aborted(
              Why.NOT_IN_VIEW, null, "epoch=" + view.epoch() + " wanted=" + next.requiredEpoch));
      return null;
    }
    List<Member> members = next.nodes.isEmpty() ? view.members() : new ArrayList<>();
    for (NodeId node : next.nodes) {
      Member member = view.member(node);
      if (member == null) {
        next.outcome.complete(new Aborted(Why.NOT_IN_VIEW, node.name(), "it is to prepare"));
        return null;
      }
      members.add(member);
    }
    Participant participant = twoPhase.participant(next.participant);
    boolean takesTime = participant != null && participant.slow();
    boolean inRound = !takesTime && next.nodes.isEmpty();
    if (takesTime && slow >= SLOW_MAX) {
      next.outcome.complete(
          new Aborted(Why.OVERLOADED, null, "preparing=" + slow + " max=" + SLOW_MAX));
      return null;
    }
    long now = clock.nanos();
    int patience =
        takesTime ? (int) Math.min(Integer.MAX_VALUE, (next.deadline - now) / 1_000_000) : 0;
    TxnId id = new TxnId(self.incarnation(), sequence++);
    Attempt attempt = new Attempt(id, next, view, members, inRound, now, Math.max(0, patience));
    open.put(id.sequence(), attempt);
    slow += inRound ? 0 : 1;
    return attempt;
  }

  private void ask(List<Attempt> attempts, Collection<Member> members) {
    if (attempts.isEmpty()) {
      return;
    }
    List<Item> items = new ArrayList<>(attempts.size());
    for (Attempt attempt : attempts) {
      items.add(attempt.item());
    }
    long epoch = attempts.getFirst().view.epoch();
    for (Member member : members) {
      Message.Prepare prepare =
          new Message.Prepare(
              epoch, self.incarnation(), self.address(), member.incarnation(), low(), items);
      routes.send(member, prepare.toBytes());
    }
  }

  /**
   * Takes a member's vote.
   *
   * @param detour whether it was passed on by the leader
   */
  void voted(Vote vote, boolean detour) {
    if (!detour) {
      routes.heard(vote.voter());
    }
    for (Message.No no : vote.no()) {
      Attempt attempt = open.get(no.sequence());
      if (attempt != null && attempt.state == State.PREPARING) {
        attempt.refused(vote.voter(), no.reason());
        abort(attempt);
        Member member = twoPhase.view().member(vote.voter());
        Aborted aborted =
            new Aborted(Why.REFUSED, member == null ? null : member.node().name(), no.reason());
        if (no.again()) {
          retry(attempt.request, aborted);
        } else {
          attempt.request.outcome.complete(aborted);
        }
      }
    }
    List<Attempt> ready = new ArrayList<>();
    for (long yes : vote.yes()) {
      Attempt attempt = open.get(yes);
      if (attempt != null
          && attempt.state == State.PREPARING
          && attempt.yes.add(vote.voter())
          && attempt.hasAll()) {
        prepared(attempt);
        attempt.state = State.APPENDING;
        ready.add(attempt);
      }
    }
    append(ready);
    startRound();
  }

  private void append(List<Attempt> attempts) {
    if (attempts.isEmpty()) {
      return;
    }
    List<Log.Entry> entries = new ArrayList<>(attempts.size());
    for (Attempt attempt : attempts) {
      entries.add(attempt.txn(low()).entry(attempt.view.epoch()));
      if (!twoPhase.rules().keep(Rules.Rule.HINT_AFTER_APPLY)) {
        hint(attempt, log.applied() + 1);
      }
    }
    List<CompletableFuture<Log.Applied>> futures = log.append(entries);
    for (int i = 0; i < futures.size(); i++) {
      Attempt attempt = attempts.get(i);
      futures.get(i).whenComplete((applied, failure) -> appended(attempt, applied, failure));
    }
  }

  private void appended(
      Attempt attempt, Log.@Nullable Applied applied, @Nullable Throwable failure) {
    if (attempt.state != State.APPENDING) {
      return;
    }
    if (failure instanceof Log.NotAppendedException) {
      appendLater(attempt);
    } else if (applied == null) {
      resolve(attempt);
    } else if (!applied.fenced()) {
      Outcome outcome = Results.outcome(applied.position(), applied.result());
      if (outcome != null) {
        tell(attempt, outcome);
      }
    }
  }

  /** The entry is not there and will not be, so it may be tried again, under the same marks. */
  private void appendLater(Attempt attempt) {
    loop.after(
        RETRY,
        () -> {
          if (attempt.state != State.APPENDING) {
            return;
          }
          if (clock.nanos() - attempt.request.deadline < 0) {
            append(List.of(attempt));
          } else {
            abort(attempt);
            attempt.request.outcome.complete(
                new Aborted(Why.DEADLINE, null, "no leader took the entry"));
          }
        });
  }

  /** Some node applied it: the caller may know, and other members may show it. */
  private void tell(Attempt attempt, Outcome outcome) {
    outcomes.put(attempt.id.sequence(), outcome);
    pauses.committed(clock.nanos());
    boolean news = attempt.request.outcome.complete(outcome);
    if (news && outcome instanceof Outcome.Committed(long position, byte[] _)) {
      hint(attempt, position);
    }
  }

  private void hint(Attempt attempt, long position) {
    if (effects.isEmpty()) {
      loop.execute(this::sendHints);
    }
    effects.add(new Message.Effect(attempt.id.sequence(), position));
  }

  /** One message to each member for all that a frame of the log brought. */
  private void sendHints() {
    byte[] hint = new Message.Hint(self.incarnation(), effects).toBytes();
    effects.clear();
    for (Member member : twoPhase.view().members()) {
      routes.send(member, hint);
    }
  }

  /**
   * Own log shows the attempt: applied with an outcome, or, if that is null, that it never will be.
   */
  void learned(long learned, @Nullable Outcome outcome) {
    Attempt attempt = open.get(learned);
    if (attempt == null) {
      return;
    }
    if (outcome != null) {
      settle(attempt);
      tell(attempt, outcome);
    } else {
      if (attempt.state == State.PREPARING) {
        abort(attempt);
        loop.execute(this::startRound);
      } else {
        settle(attempt);
      }
      retry(attempt.request, new Aborted(Why.DEADLINE, null, "voided by another entry"));
    }
  }

  void viewChanged(View view) {
    routes.viewChanged(view);
    pauses.viewChanged(clock.nanos(), !open.isEmpty());
    for (Attempt attempt : List.copyOf(open.values())) {
      if (attempt.view.epoch() >= view.epoch()) {
        continue;
      }
      if (attempt.state == State.PREPARING) {
        abort(attempt);
        retry(attempt.request, new Aborted(Why.NOT_IN_VIEW, null, "the view moved"));
      } else {
        learned(attempt.id.sequence(), null);
      }
    }
    loop.execute(this::startRound);
  }

  /** A snapshot was installed: what was in the skipped part of the log cannot be told from it. */
  void restored(View view) {
    for (Attempt attempt : List.copyOf(open.values())) {
      if (attempt.state == State.APPENDING) {
        settle(attempt);
        attempt.request.outcome.complete(new Indeterminate(attempt.id));
      } else if (attempt.state == State.PREPARING && twoPhase.decided(attempt.id)) {
        // Never submitted and decided all the same: a member resolved it, so it never took effect.
        learned(attempt.id.sequence(), null);
      }
    }
    viewChanged(view);
  }

  private void abort(Attempt attempt) {
    if (attempt.state == State.PREPARING) {
      prepared(attempt);
    }
    settle(attempt);
    Message.Abort abort = new Message.Abort(self.incarnation(), List.of(attempt.id.sequence()));
    for (Member member : attempt.members) {
      routes.send(member, abort.toBytes());
    }
  }

  private void prepared(Attempt attempt) {
    if (attempt.inRound) {
      preparing--;
    } else {
      slow--;
    }
  }

  private void settle(Attempt attempt) {
    attempt.state = State.SETTLED;
    open.remove(attempt.id.sequence());
  }

  /** It did not happen: a new attempt, if there is time, else the caller is told why. */
  private void retry(Request request, Aborted otherwise) {
    if (request.outcome.isDone()) {
      return;
    }
    if (clock.nanos() + RETRY.toNanos() - request.deadline < 0) {
      loop.after(RETRY, () -> submit(request));
    } else {
      request.outcome.complete(otherwise);
    }
  }

  private void resolve(Attempt attempt) {
    if (attempt.resolving || !twoPhase.rules().keep(Rules.Rule.RESOLVE)) {
      return;
    }
    attempt.resolving = true;
    log.append(new TxnEntry.Resolve(attempt.id).entry())
        .whenComplete(
            (_, failure) ->
                loop.after(
                    RETRY,
                    () -> {
                      attempt.resolving = false;
                      if (failure != null && attempt.state == State.APPENDING) {
                        resolve(attempt);
                      }
                    }));
  }

  /** Looks after deadlines and lost messages. */
  private void tend() {
    long now = clock.nanos();
    List<Attempt> unanswered = new ArrayList<>();
    for (Attempt attempt : List.copyOf(open.values())) {
      Request request = attempt.request;
      boolean late = now - request.deadline >= 0;
      if (attempt.state == State.PREPARING && late) {
        abort(attempt);
        request.outcome.complete(
            new Aborted(Why.DEADLINE, silent(attempt), "not all members voted"));
      } else if (attempt.state == State.PREPARING && now - attempt.asked >= SILENT.toNanos()) {
        unanswered.add(attempt);
      } else if (late && !request.outcome.isDone()) {
        request.outcome.complete(new Indeterminate(attempt.id));
        resolve(attempt);
      }
    }
    dropLate(now);
    askAgain(unanswered);
    startRound();
    loop.after(RESEND, this::tend);
  }

  /** Those that have not voted, also by way of the leader from now on. */
  private void askAgain(List<Attempt> attempts) {
    Set<Member> members = new LinkedHashSet<>();
    attempts.forEach(attempt -> members.addAll(attempt.members));
    for (Member member : members) {
      List<Attempt> open = new ArrayList<>();
      for (Attempt attempt : attempts) {
        if (attempt.members.contains(member) && !attempt.yes.contains(member.incarnation())) {
          open.add(attempt);
        }
      }
      if (!open.isEmpty()) {
        if (open.stream().anyMatch(attempt -> attempt.inRound)) {
          routes.silent(member);
        }
        ask(open, List.of(member));
      }
    }
  }

  private void dropLate(long now) {
    queue.removeIf(
        request -> {
          boolean late = now - request.deadline >= 0;
          if (late) {
            Why why = twoPhase.view().has(self.incarnation()) ? Why.DEADLINE : Why.NOT_IN_VIEW;
            request.outcome.complete(new Aborted(why, null, "not begun in time"));
          }
          return late;
        });
  }

  private @Nullable String silent(Attempt attempt) {
    for (Member member : attempt.members) {
      if (!attempt.yes.contains(member.incarnation())) {
        return member.node().name();
      }
    }
    return null;
  }
}

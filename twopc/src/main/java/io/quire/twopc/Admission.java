package io.quire.twopc;

import io.quire.base.Address;
import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Member;
import io.quire.lockserver.View;
import io.quire.twopc.Message.Enter;
import io.quire.twopc.Message.Standing;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/*
 * A node that enters the view is asked for a vote in every transaction from then on. If it cannot answer,
 * or is busy with the log that it missed, everybody waits for it. So it asks the log's leader first, over
 * the way that prepares take: who cannot be heard there does not get in. The leader lets it in when it has
 * applied what the leader had applied a moment ago, and not too often: an incarnation that comes and goes
 * voids what is under way each time.
 *
 * This is courtesy, not safety: a node that entered unasked would cost time only.
 */
final class Admission {
  /** Entries of one incarnation that need not wait, and how long until there is one more. */
  static final int AT_ONCE = 3;

  static final Duration ONE_MORE = Duration.ofSeconds(10);

  private static final Duration CATCH_UP = Duration.ofMillis(50);
  private static final Duration ANSWER_WITHIN = Duration.ofMillis(500);
  private static final int KNOWN_MAX = 10_000;

  private static final class Bucket {
    double tokens = AT_ONCE;
    long filled;

    void fill(long now) {
      if (filled != 0) {
        tokens = Math.min(AT_ONCE, tokens + (double) (now - filled) / ONE_MORE.toNanos());
      }
      filled = now;
    }
  }

  private final Member self;
  private final Log log;
  private final Routes routes;
  private final Loop loop;
  private final Clock clock;
  private final Map<Long, Bucket> buckets =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Bucket> eldest) {
          return size() > KNOWN_MAX;
        }
      };
  private final Set<Long> inView = new HashSet<>();
  private long appliedBefore;
  private long appliedLast;
  private @Nullable CompletableFuture<Void> asked;

  Admission(Member self, Log log, Routes routes, Loop loop, Clock clock) {
    this.self = self;
    this.log = log;
    this.routes = routes;
    this.loop = loop;
    this.clock = clock;
  }

  /** Notes how far the log is applied here; now and then. */
  void look() {
    appliedBefore = appliedLast;
    appliedLast = log.applied();
  }

  /** Asks the leader to let this node in; fails if the answer is no, or none. */
  CompletableFuture<Void> ask() {
    CompletableFuture<Void> answer = new CompletableFuture<>();
    Address leader = log.leader();
    if (leader == null) {
      answer.completeExceptionally(new IllegalStateException("no leader to ask"));
      return answer;
    }
    asked = answer;
    Loop.Timer late =
        loop.after(
            ANSWER_WITHIN,
            () ->
                answer.completeExceptionally(
                    new IllegalStateException("the leader does not answer: at=" + leader)));
    answer.whenComplete((_, _) -> late.cancel());
    routes.send(leader, new Enter(self.incarnation(), self.address(), log.applied()).toBytes());
    return answer;
  }

  /** The leader's answer. */
  void answered(Standing standing) {
    CompletableFuture<Void> answer = asked;
    if (answer == null || standing.incarnation() != self.incarnation()) {
      return;
    }
    asked = null;
    if (standing.waitMillis() == 0) {
      answer.complete(null);
    } else {
      loop.after(
          Duration.ofMillis(standing.waitMillis()),
          () -> answer.completeExceptionally(new IllegalStateException("told to wait")));
    }
  }

  /** Somebody asks this node, which may lead or not. */
  void asked(Enter enter) {
    if (log.leadingTerm() == 0) {
      return;
    }
    long wait =
        enter.applied() < appliedBefore ? CATCH_UP.toMillis() : waitMillis(enter.incarnation());
    Standing standing =
        new Standing(enter.incarnation(), (int) Math.min(wait, ANSWER_WITHIN.toMillis() / 2));
    routes.send(enter.from(), standing.toBytes());
  }

  /** 0, or how long until the incarnation may enter once more. */
  private long waitMillis(long incarnation) {
    Bucket bucket = buckets.get(incarnation);
    if (bucket == null) {
      return 0;
    }
    bucket.fill(clock.nanos());
    return bucket.tokens >= 1 ? 0 : Math.max(1, (long) ((1 - bucket.tokens) * ONE_MORE.toMillis()));
  }

  /** Counts who entered. */
  void viewChanged(View view) {
    for (Member member : view.members()) {
      if (!inView.contains(member.incarnation())) {
        Bucket bucket = buckets.computeIfAbsent(member.incarnation(), _ -> new Bucket());
        bucket.fill(clock.nanos());
        bucket.tokens = Math.max(0, bucket.tokens - 1);
      }
    }
    inView.clear();
    view.members().forEach(member -> inView.add(member.incarnation()));
  }
}

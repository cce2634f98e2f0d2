package io.quire.sim;

import io.quire.base.Log;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A leader's side of one term: takes entries, puts them into frames, sends these to the others, and
 * counts who has them. It ends when its node learns of a newer term, which may be long after others
 * did.
 */
final class Leadership {
  private static final Duration CONFIRM_TIMEOUT = Duration.ofMillis(500);
  private static final long BATCH_NANOS_MAX = 400_000;
  private static final long RESEND_NANOS = 150_000_000;
  private static final long DUPLICATE_NANOS_MAX = 4_000_000_000L;

  private final SimLog log;
  private final World world;
  private final SimReplica replica;
  private final Disk disk;
  private final Dice dice;
  private final long term;
  private final int[] matched = new int[World.NODES_MAX];
  private final long[] sentAt = new long[World.NODES_MAX];
  private final List<Submission> batch = new ArrayList<>();
  private final Set<Submission> pending = new LinkedHashSet<>();
  private long firstIndex;
  private int unreachable;

  Leadership(SimLog log, SimReplica replica, long term, Dice dice) {
    this.log = log;
    this.replica = replica;
    this.term = term;
    this.dice = dice;
    world = log.world();
    disk = replica.disk();
    Arrays.fill(sentAt, -RESEND_NANOS);
  }

  long term() {
    return term;
  }

  /** Of the entry with which the term begins. */
  long firstIndex() {
    return firstIndex;
  }

  void begin() {
    firstIndex = disk.frames.size() + 1L;
    write(List.of());
  }

  /** Tells those who wait that nobody will answer. */
  void end() {
    for (Submission one : batch) {
      pending.remove(one);
      log.answer(replica, one, () -> one.fail(new Log.NotAppendedException("leader stepped down")));
    }
    batch.clear();
    for (Submission one : pending) {
      log.answer(
          replica,
          one,
          () -> one.fail(new Log.IndeterminateException("leader stepped down: term=" + term)));
    }
    pending.clear();
  }

  void take(List<Submission> entries) {
    if (batch.isEmpty()) {
      replica.node().step(dice.between(1_000, BATCH_NANOS_MAX), term, this::flush);
    }
    for (Submission one : entries) {
      batch.add(one);
      if (one.awaited) {
        pending.add(one);
      }
    }
  }

  /** An outcome that is owed to somebody. */
  void applied(Submission one, Log.Applied outcome) {
    if (pending.remove(one)) {
      log.answer(replica, one, () -> one.complete(outcome));
    }
  }

  /** Sends what is missing to everybody; learns of newer terms; gives up if alone too long. */
  void look() {
    int heard = 1;
    long newest = 0;
    for (Disk other : log.disks()) {
      if (other == disk || other.running() == null || !both(other)) {
        continue;
      }
      heard += other.voter ? 1 : 0;
      newest = Math.max(newest, other.term);
      if (matched[other.ordinal] < disk.frames.size() || other.committed < disk.committed) {
        send(other);
      }
    }
    unreachable = log.majority(heard) ? 0 : unreachable + 1;
    if (newest > term) {
      world.probes().reached("leader-learns-of-newer-term");
      replica.newer(newest);
    } else if (unreachable > dice.between(3, 12)) {
      world.probes().reached("leader-gives-up");
      replica.stepDown();
    }
  }

  /** See {@link Log#confirmLeadership}. */
  CompletableFuture<Long> confirm() {
    Round round = new Round();
    replica
        .node()
        .loop()
        .after(CONFIRM_TIMEOUT, () -> round.fail("not confirmed: within=" + CONFIRM_TIMEOUT));
    for (Disk other : log.disks()) {
      if (other.voter && other != disk) {
        log.request(replica, other, term, there -> ask(there, round));
      }
    }
    replica.node().loop().execute(round::count);
    return round.future;
  }

  private void ask(SimReplica there, Round round) {
    if (there.disk().term <= term) {
      there.follow(disk, term);
      log.reply(there, replica, term, () -> replica.node().loop().execute(round::yes));
    }
  }

  private boolean current() {
    return replica.leadership() == this;
  }

  private boolean both(Disk other) {
    return replica.passes(other) && replica.passesBack(other);
  }

  private void flush() {
    if (!current()) {
      return;
    }
    while (!batch.isEmpty()) {
      int size = dice.nextBoolean() ? batch.size() : (int) dice.between(1, batch.size());
      write(batch.subList(0, size));
      batch.subList(0, size).clear();
    }
  }

  private void write(List<Submission> records) {
    disk.frames.add(new Frame(disk.frames.size() + 1L, term, records));
    Point.Fate _ = world.pass(Point.Kind.WRITE, replica.node());
    for (Submission one : records) {
      if (dice.chance(log.faults().duplicated())) {
        world.probes().reached("entry-duplicated");
        log.appendLater(one.copy(), dice.between(1_000_000, DUPLICATE_NANOS_MAX));
      }
    }
    for (Disk other : log.disks()) {
      send(other);
    }
    count();
  }

  private void send(Disk to) {
    if (to == disk || world.nanos() - sentAt[to.ordinal] < RESEND_NANOS) {
      return;
    }
    SimReplica there = to.replica;
    if (there != null && log.installsInstead(there)) {
      return;
    }
    sentAt[to.ordinal] = world.nanos();
    int from = disk.common(to);
    Frame before = from == 0 ? null : disk.frames.get(from - 1);
    List<Frame> more = List.copyOf(disk.frames.subList(from, disk.frames.size()));
    int committed = disk.committed;
    log.request(replica, to, from + more.size(), at -> accept(at, from, before, more, committed));
  }

  private void accept(
      SimReplica at, int from, @Nullable Frame before, List<Frame> more, int committedThere) {
    Disk its = at.disk();
    if (its.term > term) {
      long newer = its.term;
      log.reply(at, replica, newer, () -> replica.newer(newer));
      return;
    }
    at.follow(disk, term);
    // What the message builds on may have been replaced while it travelled.
    if (before != null && (its.frames.size() < from || its.frames.get(from - 1) != before)) {
      return;
    }
    its.put(from, more);
    Point.Fate _ = world.pass(Point.Kind.WRITE, at.node());
    int upTo = from + more.size();
    at.applier().committed(Math.min(committedThere, upTo));
    log.reply(at, replica, upTo, () -> acknowledged(its, upTo, committedThere));
  }

  private void acknowledged(Disk by, int upTo, int committedThere) {
    if (!current()) {
      return;
    }
    sentAt[by.ordinal] = world.nanos() - RESEND_NANOS;
    matched[by.ordinal] = Math.max(matched[by.ordinal], upTo);
    count();
    if (matched[by.ordinal] < disk.frames.size() || committedThere < disk.committed) {
      send(by);
    }
  }

  /** Commits what a majority has, up to a frame of this term. */
  private void count() {
    matched[disk.ordinal] = disk.frames.size();
    int upTo = log.majorityHas(matched);
    if (upTo <= disk.committed || disk.frames.get(upTo - 1).term != term) {
      return;
    }
    log.commit(disk, upTo);
    replica.applier().committed(upTo);
    for (Disk other : log.disks()) {
      send(other);
    }
  }

  /** One question to the voters. */
  private final class Round {
    private final CompletableFuture<Long> future = new CompletableFuture<>();
    private int yes = 1;

    void yes() {
      yes++;
      count();
    }

    void count() {
      if (!current()) {
        fail("leads no more: term=" + term);
      } else if (log.majority(yes)) {
        future.complete(term);
      }
    }

    void fail(String why) {
      future.completeExceptionally(new IllegalStateException(why));
    }
  }
}

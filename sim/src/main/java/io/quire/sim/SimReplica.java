package io.quire.sim;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.LogBook;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One incarnation's view of the {@link SimLog}. Register what applies, then {@link #start}. */
public final class SimReplica implements Log {
  /** After this an append is given up as indeterminate. */
  public static final Duration APPEND_TIMEOUT = Duration.ofSeconds(2);

  private static final long LOCAL_NANOS_MAX = 20_000;

  private final SimLog log;
  private final SimNode node;
  private final Disk disk;
  private final World world;
  private final Dice dice;
  private final Applier applier;
  private @Nullable Leadership leadership;
  private @Nullable Disk leader;
  private boolean started;
  private int silence;

  SimReplica(SimLog log, SimNode node, Disk disk) {
    this.log = log;
    this.node = node;
    this.disk = disk;
    world = log.world();
    dice = world.dice("log " + node.id());
    applier = new Applier(log, this, dice);
  }

  /** Begins to take part, from a snapshot or from the begin of the log. */
  public void start() {
    started = true;
    disk.committed = 0;
    applier.begin();
  }

  @Override
  public List<CompletableFuture<Applied>> append(List<Entry> entries) {
    node.loop().confine();
    List<Submission> all = entries.stream().map(entry -> Submission.of(this, entry)).toList();
    List<CompletableFuture<Applied>> futures = all.stream().map(one -> one.future).toList();
    Disk to = leadership != null ? disk : leader;
    boolean link = to != null && passes(to) && passesBack(to) && to.running() != null;
    if (to == null || (!link && dice.nextBoolean())) {
      refuse(all, "no connection to a leader: leader=" + (to == null ? "unknown" : to.id));
      return futures;
    }
    node.loop()
        .after(
            APPEND_TIMEOUT,
            () -> {
              IndeterminateException late =
                  new IndeterminateException("append timed out: within=" + APPEND_TIMEOUT);
              futures.forEach(future -> future.completeExceptionally(late));
            });
    if (to == disk && dice.chance(log.faults().stray())) {
      world.probes().reached("append-of-a-leader-strayed");
      all.forEach(one -> log.appendLater(one, log.strayDelay()));
    } else if (to == disk) {
      node.step(dice.between(500, LOCAL_NANOS_MAX), tag(all), () -> take(all));
    } else if (dice.chance(log.faults().lost())) {
      world.probes().reached("append-lost");
    } else if (dice.chance(log.faults().stray())) {
      world.probes().reached("append-strayed");
      deliver(to, log.strayDelay(), all);
    } else {
      deliver(to, log.delay(), all);
    }
    return futures;
  }

  @Override
  public long applied() {
    return applier.position();
  }

  @Override
  public @Nullable Address leader() {
    Disk to = leadership != null ? disk : leader;
    SimReplica there = to == null ? null : to.replica;
    return there == null ? null : there.node.address();
  }

  @Override
  public long leadingTerm() {
    Leadership mine = leadership;
    return mine != null && applier.index() >= mine.firstIndex() ? mine.term() : 0;
  }

  @Override
  public CompletableFuture<Long> confirmLeadership() {
    node.loop().confine();
    Leadership mine = leadership;
    if (mine == null || leadingTerm() == 0) {
      return CompletableFuture.failedFuture(new IllegalStateException("not leading: node=" + node));
    }
    return mine.confirm();
  }

  @Override
  public LogBook book() {
    return applier.book();
  }

  @Override
  public long oldest() {
    return applier.tails().oldest();
  }

  @Override
  public Tail read(long from, long to) {
    return applier.tails().read(from, to);
  }

  @Override
  public CompletableFuture<@Nullable Recorded> entryAt(long position) {
    return applier.tails().entryAt(position);
  }

  /** Forgets entries before a position, so that they cannot be read here any more. */
  public void trim(long before) {
    applier.tails().trim(before);
  }

  @Override
  public void register(Projection projection) {
    applier.register(projection);
  }

  @Override
  public void register(Fence.Kind kind, FenceCheck check) {
    applier.register(kind, check);
  }

  /** Whether this node believes that it leads, its first entry applied or not. */
  public boolean believesToLead() {
    return leadership != null;
  }

  boolean started() {
    return started;
  }

  SimNode node() {
    return node;
  }

  Disk disk() {
    return disk;
  }

  Applier applier() {
    return applier;
  }

  @Nullable Leadership leadership() {
    return leadership;
  }

  boolean hearsLeader() {
    return silence == 0;
  }

  /** How many looks around in a row found no leader. */
  int silence() {
    return silence;
  }

  void heardNobody() {
    silence++;
  }

  /** A leader of at least the newest term that this node knows was heard. */
  void follow(Disk from, long term) {
    if (from != disk) {
      newer(term);
    }
    leader = from;
    silence = 0;
  }

  /** Learns of a term; if it is a newer one, whoever led before leads no more. */
  void newer(long term) {
    if (term > disk.term) {
      disk.term = term;
      leader = null;
      stepDown();
    }
  }

  void stepDown() {
    Leadership mine = leadership;
    if (mine != null) {
      world.note(() -> node + " leads no more, term=" + mine.term());
      leadership = null;
      mine.end();
    }
  }

  void lead(long term) {
    world.note(() -> node + " leads, term=" + term);
    newer(term);
    leader = disk;
    silence = 0;
    Leadership mine = new Leadership(log, this, term, dice);
    leadership = mine;
    mine.begin();
  }

  boolean passes(Disk to) {
    return log.network().passes(disk.ordinal, to.ordinal);
  }

  boolean passesBack(Disk from) {
    return log.network().passes(from.ordinal, disk.ordinal);
  }

  /** Takes entries that came to this node, as a leader; otherwise refuses. */
  void take(List<Submission> entries) {
    Leadership mine = leadership;
    if (mine != null) {
      mine.take(entries);
    } else {
      world.probes().reached("append-to-follower");
      entries.forEach(
          one ->
              log.answer(
                  this,
                  one,
                  () -> one.fail(new NotAppendedException("not the leader: node=" + node))));
    }
  }

  private void deliver(Disk to, long delay, List<Submission> all) {
    if (world.pass(Point.Kind.SEND, node) == Point.Fate.LOSE || !passes(to)) {
      world.probes().reached("append-cut");
      return;
    }
    world.schedule(
        delay,
        tag(all),
        () -> {
          SimReplica there = to.replica;
          if (there != null && there.started && passes(to)) {
            there.node.take(() -> there.take(all));
          }
        });
  }

  private void refuse(List<Submission> all, String why) {
    world.probes().reached("append-refused");
    NotAppendedException refused = new NotAppendedException(why);
    node.step(dice.between(0, LOCAL_NANOS_MAX), 0, () -> all.forEach(one -> one.fail(refused)));
  }

  private static long tag(List<Submission> all) {
    long tag = all.size();
    for (Submission one : all) {
      tag = tag * 31 + World.hashOf(one.entry.payload());
    }
    return tag;
  }
}

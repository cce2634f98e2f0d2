package io.quire.datasets;

import io.quire.base.Member;
import io.quire.lockserver.View;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link StreamFunction} picks from a version of a dataset, batch after batch, from all
 * members at once. Each of them is a little ahead of the reader and then waits for him: at the
 * reader lie at most two answers of each, of 1 MiB or so. If a member fails, others that can read
 * its groups go on where it stopped: every row is picked exactly once, or {@link #next} throws.
 *
 * <p>Holds the dataset until it is closed, also if that is deleted meanwhile. Confined to one
 * thread at a time. Closing it, and whatever {@link #next} throws, ends it everywhere.
 */
public final class ScanStream implements AutoCloseable {
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  private final Members members;
  private final DatasetsConfig config;
  private final Counters counters;
  private final Layouts.Opened dataset;
  private final Placement placement;
  private final Job job;
  private final Deadline deadline;

  /** Those of which the reader has not seen all, by number. */
  private final TreeMap<Integer, Group> groups = new TreeMap<>();

  /** What may be given in any order. */
  private final ArrayDeque<Arrived> arrived = new ArrayDeque<>();

  private final Set<Source> sources = new LinkedHashSet<>();
  private final List<Delayed> delayed = new ArrayList<>();
  private final LinkedBlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
  private String lastFailure = "none";
  private int unfinished;
  private boolean planned;
  private boolean ended;
  private boolean closed;

  /** What to run. */
  record Job(String function, byte[] arguments, int[] columns, ScanOrder order) {}

  /**
   * Some of what was picked.
   *
   * @param part of the load that made the row group
   * @param group the row group within the part
   * @param bytes as the function made them, at least one
   */
  public record Batch(int part, int group, byte[] bytes) {}

  private static final class Group {
    final ArrayDeque<Arrived> arrived = new ArrayDeque<>();
    long from;
    boolean done;
  }

  /** The groups that one member streams. */
  private static final class Source {
    final long stream = Runs.nextNumber();
    final Member member;
    final Placement.Past past;
    final TreeSet<Integer> left;
    long unreadBytes;
    boolean begun;
    boolean asked;

    Source(Member member, Placement.Past past, List<Integer> groups) {
      this.member = member;
      this.past = past;
      left = new TreeSet<>(groups);
    }
  }

  private record Arrived(Source source, Picked.Batch batch) {}

  private record Delayed(List<Integer> groups, Placement.Past past, Deadline notBefore) {}

  private record Answer(Source source, byte @Nullable [] result, @Nullable Throwable failure) {}

  ScanStream(
      Members members,
      DatasetsConfig config,
      Counters counters,
      Layouts.Opened dataset,
      Job job,
      Deadline deadline) {
    this.members = members;
    this.config = config;
    this.counters = counters;
    this.dataset = dataset;
    this.job = job;
    this.deadline = deadline;
    placement = new Placement(dataset.object().name(), dataset.layout(), job.columns);
    dataset.layout().scanned().forEach(group -> groups.put(group, new Group()));
    unfinished = groups.size();
  }

  /**
   * The next batch; empty at the end.
   *
   * @throws DatasetsException.ExtentsLost if needed extents are in memory nowhere and have no copy;
   *     what came before was picked from others
   * @throws DatasetsException.FunctionFailed if the function threw
   * @throws DatasetsException.DeadlinePassed after the deadline, with the last failure
   * @throws IllegalStateException if it was closed
   */
  public Optional<Batch> next() {
    if (ended) {
      return Optional.empty();
    }
    if (closed) {
      throw new IllegalStateException("stream is closed: dataset=" + name());
    }
    boolean given = false;
    try {
      Arrived next = await();
      if (next == null) {
        ended = true;
        counters.scans.increment();
        return Optional.empty();
      }
      given = true;
      next.source.unreadBytes -= next.batch.bytes().length;
      ask();
      ExtentInfo first = dataset.layout().first(dataset.layout().groups().get(next.batch.group()));
      return Optional.of(new Batch(first.part(), first.group(), next.batch.bytes()));
    } finally {
      if (!given) {
        close();
      }
    }
  }

  private String name() {
    return dataset.object().name();
  }

  /** Null at the end. */
  private @Nullable Arrived await() {
    if (!planned) {
      planned = true;
      plan(List.copyOf(groups.keySet()), Placement.Past.NONE);
    }
    takeAll();
    Arrived next = first();
    while (next == null && unfinished > 0) {
      if (deadline.passed()) {
        throw new DatasetsException.DeadlinePassed(
            "stream took too long: dataset=%s groupsLeft=%d lastFailure=[%s]"
                .formatted(name(), unfinished, lastFailure));
      }
      loseTheDead();
      planDelayed();
      ask();
      Answer answer = poll();
      if (answer != null) {
        take(answer);
        takeAll();
      }
      next = first();
    }
    return next;
  }

  private @Nullable Arrived first() {
    if (job.order == ScanOrder.UNORDERED) {
      return arrived.poll();
    }
    while (!groups.isEmpty()) {
      Group lowest = groups.firstEntry().getValue();
      Arrived next = lowest.arrived.poll();
      if (next != null || !lowest.done) {
        return next;
      }
      groups.pollFirstEntry();
    }
    return null;
  }

  private @Nullable Answer poll() {
    Duration wait = deadline.within(LOOK_EVERY).left();
    for (Delayed one : delayed) {
      Duration left = one.notBefore.left();
      wait = left.compareTo(wait) < 0 ? left : wait;
    }
    try {
      return answers.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw Await.interrupted("streaming: dataset=" + name());
    }
  }

  private void plan(List<Integer> some, Placement.Past past) {
    View view = members.view();
    if (!view.has(members.self().incarnation())) {
      // A view without this node says nothing about who lives.
      lastFailure = "this node is not in the view";
      delayed.add(new Delayed(some, past, Deadline.in(LOOK_EVERY)));
      return;
    }
    placement
        .assign(some, view.members(), past)
        .forEach((member, served) -> sources.add(new Source(member, past, served)));
  }

  private void planDelayed() {
    List<Delayed> ripe = delayed.stream().filter(one -> one.notBefore.passed()).toList();
    delayed.removeAll(ripe);
    ripe.forEach(one -> plan(one.groups, one.past));
  }

  private void loseTheDead() {
    for (Source source : List.copyOf(sources)) {
      if (!members.view().has(source.member.incarnation())) {
        again(source, "member left the view", source.past.again());
      }
    }
  }

  /** Asks those of which the reader has little. */
  private void ask() {
    for (Source source : sources) {
      if (!source.asked && source.unreadBytes < config.sliceBytes()) {
        source.asked = true;
        Duration patience = deadline.within(config.fragmentDeadline()).left();
        members
            .call(source.member, source.begun ? next(source) : begin(source), patience)
            .whenComplete((result, failure) -> answers.add(new Answer(source, result, failure)));
        source.begun = true;
      }
    }
  }

  private Call begin(Source source) {
    List<Integer> left = List.copyOf(source.left);
    Descriptor descriptor = dataset.layout().descriptor();
    return new Call.Begin(
        dataset.object().xid(),
        source.stream,
        members.self().incarnation(),
        descriptor.extents().size(),
        dataset.layout().checksum(),
        job.function,
        job.arguments,
        job.order == ScanOrder.ORDERED,
        left,
        left.stream().map(group -> group(group).from).toList(),
        deadline.left().toNanos());
  }

  private Group group(int number) {
    Group group = groups.get(number);
    if (group == null) {
      throw new IllegalStateException("no such group is left: group=" + number);
    }
    return group;
  }

  private Call next(Source source) {
    return new Call.Next(dataset.object().xid(), source.stream, members.self().incarnation());
  }

  private void takeAll() {
    for (Answer answer = answers.poll(); answer != null; answer = answers.poll()) {
      take(answer);
    }
  }

  private void take(Answer answer) {
    Source source = answer.source;
    if (!sources.contains(source)) {
      return;
    }
    source.asked = false;
    byte[] result = answer.result;
    if (result != null) {
      take(source, Picked.read(result));
      return;
    }
    if (!(answer.failure instanceof Refusal refusal)) {
      Placement.Past past = source.past.again().avoiding(source.member.incarnation());
      again(source, String.valueOf(answer.failure), past);
      return;
    }
    switch (refusal.reason()) {
      case FAILED, DONE ->
          throw new DatasetsException.FunctionFailed(
              job.function, source.member.node(), refusal.text());
      case UNKNOWN_FUNCTION ->
          throw new DatasetsException.UnknownFunction(job.function, source.member.node());
      case GONE, LATER, ELSEWHERE, NOT_ME ->
          again(source, refusal.text(), source.past.after(refusal.reason(), source.member));
    }
  }

  private void take(Source source, Picked picked) {
    for (Picked.Batch batch : picked.batches()) {
      if (!source.left.contains(batch.group())) {
        throw new IllegalStateException(
            "member streams what it was not asked for: member=%s group=%d"
                .formatted(source.member, batch.group()));
      }
      Group group = group(batch.group());
      if (batch.bytes().length > 0) {
        (job.order == ScanOrder.ORDERED ? group.arrived : arrived).add(new Arrived(source, batch));
        source.unreadBytes += batch.bytes().length;
      }
      group.from = batch.next();
      if (batch.next() == 0) {
        group.done = true;
        unfinished--;
        source.left.remove(batch.group());
      }
    }
    if (source.left.isEmpty()) {
      sources.remove(source);
      if (!picked.end()) {
        end(source); // Its answer was full with the last group: it waits to be asked on.
      }
    } else if (picked.end()) {
      again(source, "member ended early", source.past.again());
    }
  }

  private void again(Source source, String why, Placement.Past past) {
    sources.remove(source);
    end(source);
    counters.fragmentsGivenAgain.increment();
    lastFailure = source.member + ": " + why;
    delayed.add(new Delayed(List.copyOf(source.left), past, ScanRun.backOff(past)));
  }

  /** Tells a member; if it does not hear it finds out by itself. */
  private void end(Source source) {
    if (source.begun && members.view().has(source.member.incarnation())) {
      Call end = new Call.End(dataset.object().xid(), source.stream, members.self().incarnation());
      var unused = members.call(source.member, end, config.callDeadline());
    }
  }

  /** Ends it on all members, without waiting for them. Further calls do nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      new HashSet<>(sources).forEach(this::end);
      sources.clear();
      dataset.close();
    }
  }
}

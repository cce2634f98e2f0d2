package io.quire.datasets;

import io.quire.base.Member;
import io.quire.lockserver.View;
import io.quire.ns.NsObject;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates a scan: gives the row groups, in fragments, to the members that have them, and those
 * of a member that failed to others, which have spares or read the durable copies. Confined to the
 * thread that called; answers come to it through a queue, which holds no more than is in flight.
 */
final class ScanRun {
  private static final int IN_FLIGHT_MAX = 2;
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);
  private static final long BACK_OFF_MILLIS_MIN = 20;
  private static final long BACK_OFF_MILLIS_MAX = 1000;

  private final Members members;
  private final DatasetsConfig config;
  private final Counters counters;
  private final NsObject object;
  private final Layout layout;
  private final Placement placement;
  private final Job job;
  private final Deadline deadline;
  private final Progress progress;
  private final long number = Runs.nextNumber();

  private final Map<Member, ArrayDeque<Fragment>> queued = new LinkedHashMap<>();
  private final Set<Given> inFlight = new HashSet<>();
  private final List<Fragment> delayed = new ArrayList<>();
  private final List<byte[]> partials = new ArrayList<>();
  private final LinkedBlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
  private String lastFailure = "none";
  private int groups;
  private int groupsDone;
  private long bytesDone;

  /** What to run. */
  record Job(String function, byte[] arguments, int[] columns) {}

  /**
   * Groups that are scanned by one request.
   *
   * @param past what became of them before
   * @param notBefore when they may be given to a member again
   */
  private record Fragment(List<Integer> groups, Placement.Past past, Deadline notBefore) {}

  /** A fragment, given to a member; each is itself only. */
  private static final class Given {
    final Fragment fragment;
    final Member member;

    Given(Fragment fragment, Member member) {
      this.fragment = fragment;
      this.member = member;
    }
  }

  private record Answer(Given given, byte @Nullable [] partial, @Nullable Throwable failure) {}

  ScanRun(
      Members members,
      DatasetsConfig config,
      Counters counters,
      Layouts.Opened dataset,
      Job job,
      Deadline deadline,
      Progress progress) {
    this.members = members;
    this.config = config;
    this.counters = counters;
    this.object = dataset.object();
    this.layout = dataset.layout();
    this.job = job;
    this.deadline = deadline;
    this.progress = progress;
    placement = new Placement(object.name(), layout, job.columns);
  }

  /** Scans all of it. If that fails, or is interrupted, it ends on the members, too. */
  List<byte[]> run() {
    try {
      return scan();
    } finally {
      inFlight.stream().map(given -> given.member).distinct().forEach(this::end);
    }
  }

  /** Tells a member; if it does not hear it, it scans what it was given. */
  private void end(Member member) {
    Call end = new Call.End(object.xid(), number, members.self().incarnation());
    var unused = members.call(member, end, config.callDeadline());
  }

  private List<byte[]> scan() {
    List<Integer> all = layout.scanned();
    groups = all.size();
    plan(all, Placement.Past.NONE);
    while (groupsDone < groups) {
      if (deadline.passed()) {
        throw new DatasetsException.DeadlinePassed(
            "scan took too long: dataset=%s groups=%d done=%d lastFailure=[%s]"
                .formatted(object.name(), groups, groupsDone, lastFailure));
      }
      loseTheDead();
      planDelayed();
      give();
      Answer answer = poll();
      if (answer != null && inFlight.remove(answer.given)) {
        take(answer);
      }
    }
    return partials;
  }

  private @Nullable Answer poll() {
    Duration wait = deadline.within(LOOK_EVERY).left();
    for (Fragment fragment : delayed) {
      Duration left = fragment.notBefore.left();
      wait = left.compareTo(wait) < 0 ? left : wait;
    }
    try {
      return answers.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw Await.interrupted("scanning: dataset=" + object.name());
    }
  }

  /** Cuts groups into fragments for the members that serve them now. */
  private void plan(List<Integer> groups, Placement.Past past) {
    View view = members.view();
    if (!view.has(members.self().incarnation())) {
      // A view without this node says nothing about who lives.
      lastFailure = "this node is not in the view";
      delayed.add(new Fragment(groups, past, Deadline.in(LOOK_EVERY)));
      return;
    }
    placement
        .assign(groups, view.members(), past)
        .forEach((member, served) -> queue(member, served, past));
  }

  private void queue(Member member, List<Integer> groups, Placement.Past past) {
    ArrayDeque<Fragment> queue = queued.computeIfAbsent(member, _ -> new ArrayDeque<>());
    int size = config.fragmentGroups();
    for (int from = 0; from < groups.size(); from += size) {
      List<Integer> some = groups.subList(from, Math.min(groups.size(), from + size));
      queue.add(new Fragment(List.copyOf(some), past, Deadline.in(Duration.ZERO)));
    }
  }

  private void loseTheDead() {
    View view = members.view();
    for (Given given : List.copyOf(inFlight)) {
      if (!view.has(given.member.incarnation())) {
        inFlight.remove(given);
        again(given, "member left the view: " + given.member, given.fragment.past.again());
      }
    }
    for (Member member : List.copyOf(queued.keySet())) {
      ArrayDeque<Fragment> queue = view.has(member.incarnation()) ? null : queued.remove(member);
      if (queue != null) {
        queue.forEach(fragment -> plan(fragment.groups, fragment.past));
      }
    }
  }

  private void planDelayed() {
    List<Fragment> ripe = delayed.stream().filter(f -> f.notBefore.passed()).toList();
    delayed.removeAll(ripe);
    ripe.forEach(fragment -> plan(fragment.groups, fragment.past));
  }

  private void give() {
    queued.forEach(
        (member, queue) -> {
          long busy = inFlight.stream().filter(given -> given.member.equals(member)).count();
          for (; busy < IN_FLIGHT_MAX && !queue.isEmpty(); busy++) {
            give(new Given(queue.remove(), member));
          }
        });
  }

  private void give(Given given) {
    Duration patience = deadline.within(config.fragmentDeadline()).left();
    Call call =
        new Call.Scan(
            object.xid(),
            number,
            members.self().incarnation(),
            layout.descriptor().extents().size(),
            layout.checksum(),
            job.function,
            job.arguments,
            given.fragment.groups,
            patience.toNanos());
    inFlight.add(given);
    members
        .call(given.member, call, patience)
        .whenComplete((partial, failure) -> answers.add(new Answer(given, partial, failure)));
  }

  private void take(Answer answer) {
    Given given = answer.given;
    if (answer.partial != null) {
      partials.add(answer.partial);
      groupsDone += given.fragment.groups.size();
      bytesDone += placement.bytes(given.fragment.groups);
      progress.made(groupsDone, groups, bytesDone);
      return;
    }
    Placement.Past past = given.fragment.past;
    Throwable failure = answer.failure;
    if (!(failure instanceof Refusal refusal)) {
      again(given, String.valueOf(failure), past.again().avoiding(given.member.incarnation()));
      return;
    }
    switch (refusal.reason()) {
      case FAILED, DONE ->
          throw new DatasetsException.FunctionFailed(
              job.function, given.member.node(), refusal.text());
      case UNKNOWN_FUNCTION ->
          throw new DatasetsException.UnknownFunction(job.function, given.member.node());
      case GONE, LATER, ELSEWHERE, NOT_ME ->
          again(given, refusal.text(), past.after(refusal.reason(), given.member));
    }
  }

  private void again(Given given, String why, Placement.Past past) {
    counters.fragmentsGivenAgain.increment();
    lastFailure = given.member + ": " + why;
    delayed.add(new Fragment(given.fragment.groups, past, backOff(past)));
  }

  /** The first time at once: most often a member has just died, and others have copies. */
  static Deadline backOff(Placement.Past past) {
    long millis =
        past.tries() <= 1
            ? 0
            : Math.min(BACK_OFF_MILLIS_MAX, BACK_OFF_MILLIS_MIN << Math.min(past.tries(), 10));
    return Deadline.in(Duration.ofMillis(millis));
  }
}

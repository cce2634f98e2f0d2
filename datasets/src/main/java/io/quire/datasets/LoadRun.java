package io.quire.datasets;

import io.quire.base.Member;
import io.quire.ns.NsObject;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates the load of a dataset by a function: gives the parts to the members as they become
 * free, gives those of a member that failed to others, and publishes the whole. Confined to the
 * thread that called; answers come to it through a queue, which holds no more than is in flight.
 */
final class LoadRun {
  private static final int ATTEMPTS_MAX = 8;
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);

  /** A member that failed to answer is given nothing for so long. */
  private static final Duration REST = Duration.ofSeconds(1);

  private final Members members;
  private final Publication publication;
  private final DatasetsConfig config;
  private final Counters counters;
  private final Job job;
  private final Progress progress;
  private final Deadline deadline;

  private final ArrayDeque<Integer> waiting = new ArrayDeque<>();
  private final Set<Attempt> inFlight = new HashSet<>();
  private final Map<Integer, Part> finished = new TreeMap<>();
  private final Map<Integer, Integer> attempts = new HashMap<>();
  private final Map<Long, Deadline> resting = new HashMap<>();
  private final Set<Member> touched = new HashSet<>();
  private final LinkedBlockingQueue<Answer> answers = new LinkedBlockingQueue<>();

  /** What to run. */
  record Job(
      String function,
      byte[] arguments,
      int parts,
      byte[] schema,
      Consumer<Descriptor> acceptance) {}

  /** A part, given to a member; each is itself only. */
  private static final class Attempt {
    final int part;
    final Member member;

    Attempt(int part, Member member) {
      this.part = part;
      this.member = member;
    }
  }

  private record Answer(Attempt attempt, byte @Nullable [] result, @Nullable Throwable failure) {}

  private record Part(Member member, List<ExtentInfo> extents) {
    boolean copied() {
      return extents.stream().allMatch(info -> info.durable() != null);
    }
  }

  LoadRun(
      Members members,
      Publication publication,
      DatasetsConfig config,
      Counters counters,
      Job job,
      Progress progress) {
    this.members = members;
    this.publication = publication;
    this.config = config;
    this.counters = counters;
    this.job = job;
    this.progress = progress;
    deadline = Deadline.in(config.loadDeadline());
  }

  NsObject run() {
    boolean published = false;
    try {
      keep();
      for (int part = 0; part < job.parts; part++) {
        if (!finished.containsKey(part)) {
          waiting.add(part);
        }
      }
      do {
        loadAll();
      } while (!allHeld());
      NsObject object = publication.publish(made(), held());
      published = true;
      return object;
    } finally {
      if (!published && !publication.unsettled()) {
        publication.abandon(touched);
      }
    }
  }

  /** What an attempt before had finished counts, if it is there. */
  private void keep() {
    new KeptParts(members, config, publication)
        .find(publication.claim().finishedBefore())
        .forEach(
            (part, kept) -> {
              touched.add(kept.member());
              finished.put(part, new Part(kept.member(), kept.extents()));
            });
    if (!finished.isEmpty()) {
      progress.kept(finished.size(), job.parts, bytes());
    }
  }

  private Map<Integer, List<ExtentInfo>> extents() {
    Map<Integer, List<ExtentInfo>> extents = new TreeMap<>();
    finished.forEach((number, part) -> extents.put(number, part.extents));
    return extents;
  }

  private void loadAll() {
    while (finished.size() < job.parts) {
      if (deadline.passed()) {
        throw new DatasetsException.DeadlinePassed(
            "load took too long: dataset=%s parts=%d finished=%d"
                .formatted(publication.name(), job.parts, finished.size()));
      }
      loseTheDead();
      give();
      Answer answer = poll();
      if (answer != null && inFlight.remove(answer.attempt)) {
        take(answer);
        progress.made(finished.size(), job.parts, bytes());
      }
      publication.claim().note(finished.size(), this::extents);
    }
  }

  private @Nullable Answer poll() {
    try {
      return answers.poll(LOOK_EVERY.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw Await.interrupted("loading: dataset=" + publication.name());
    }
  }

  /** Takes back what members that left the view were given, and what only they had. */
  private void loseTheDead() {
    for (Attempt attempt : List.copyOf(inFlight)) {
      if (!members.view().has(attempt.member.incarnation())) {
        inFlight.remove(attempt);
        again(attempt.part, "member left the view: " + attempt.member);
      }
    }
    for (Map.Entry<Integer, Part> entry : finishedNow().entrySet()) {
      Part part = entry.getValue();
      if (!part.copied() && !members.view().has(part.member.incarnation())) {
        finished.remove(entry.getKey());
        again(entry.getKey(), "member left the view: " + part.member);
      }
    }
  }

  /** A copy of the whole map: the entries of a tree become others when one is removed. */
  private Map<Integer, Part> finishedNow() {
    return new TreeMap<>(finished);
  }

  private void give() {
    while (!waiting.isEmpty()) {
      Member member = leastBusy();
      if (member == null) {
        return;
      }
      Attempt attempt = new Attempt(waiting.remove(), member);
      attempts.merge(attempt.part, 1, Integer::sum);
      inFlight.add(attempt);
      touched.add(member);
      Call call =
          new Call.LoadPart(
              publication.xid(),
              publication.dataset(),
              members.self().incarnation(),
              job.function,
              job.arguments,
              attempt.part,
              job.parts,
              publication.durable());
      members
          .call(member, call, config.partDeadline())
          .whenComplete((result, failure) -> answers.add(new Answer(attempt, result, failure)));
    }
  }

  /** The member with the fewest parts, if it may be given one more. */
  private @Nullable Member leastBusy() {
    resting.values().removeIf(Deadline::passed);
    Member best = null;
    long fewest = config.partsInFlight();
    for (Member member : members.view().members()) {
      long busy = inFlight.stream().filter(attempt -> attempt.member.equals(member)).count();
      if (busy < fewest && !resting.containsKey(member.incarnation())) {
        best = member;
        fewest = busy;
      }
    }
    return best;
  }

  private void take(Answer answer) {
    Attempt attempt = answer.attempt;
    if (answer.result != null) {
      List<ExtentInfo> extents = DescriptorCodec.read(answer.result).extents();
      finished.put(attempt.part, new Part(attempt.member, extents));
      return;
    }
    Throwable failure = answer.failure;
    switch (failure) {
      case Refusal refusal when refusal.reason() == Refusal.Reason.FAILED ->
          throw new DatasetsException.FunctionFailed(
              job.function, attempt.member.node(), refusal.text());
      case Refusal refusal when refusal.reason() == Refusal.Reason.UNKNOWN_FUNCTION ->
          throw new DatasetsException.UnknownFunction(job.function, attempt.member.node());
      case null, default -> {
        resting.put(attempt.member.incarnation(), Deadline.in(REST));
        again(attempt.part, String.valueOf(failure));
      }
    }
  }

  private void again(int part, String why) {
    if (attempts.getOrDefault(part, 0) >= ATTEMPTS_MAX) {
      throw new DatasetsException.LoadAborted(
          "part cannot be loaded: dataset=%s part=%d attempts=%d reason=%s"
              .formatted(publication.name(), part, ATTEMPTS_MAX, why));
    }
    counters.partsLoadedAgain.increment();
    waiting.add(part);
  }

  /** Whether all members still hold what they loaded; what they do not is to be loaded again. */
  private boolean allHeld() {
    Publication.Missing missing = publication.missing(held());
    boolean all = true;
    for (Map.Entry<Integer, Part> entry : finishedNow().entrySet()) {
      Part part = entry.getValue();
      if (part.extents.stream().anyMatch(info -> missing.lost(part.member, info))) {
        finished.remove(entry.getKey());
        again(entry.getKey(), "extents not held: member=" + part.member);
        all = false;
      }
    }
    return all;
  }

  private Map<Member, List<ExtentInfo>> held() {
    Map<Member, List<ExtentInfo>> held = new HashMap<>();
    for (Member member : touched) {
      if (members.view().has(member.incarnation())) {
        held.put(member, new ArrayList<>());
      }
    }
    for (Part part : finished.values()) {
      held.computeIfAbsent(part.member, _ -> new ArrayList<>()).addAll(part.extents);
    }
    return held;
  }

  private Descriptor made() {
    List<ExtentInfo> all = new ArrayList<>();
    finished.values().forEach(part -> all.addAll(part.extents));
    Descriptor descriptor = Descriptor.of(job.schema, all);
    job.acceptance.accept(descriptor);
    return descriptor;
  }

  private long bytes() {
    long bytes = 0;
    for (Part part : finished.values()) {
      for (ExtentInfo info : part.extents) {
        bytes += info.bytes();
      }
    }
    return bytes;
  }
}

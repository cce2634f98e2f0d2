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
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates the load of a dataset by a function: gives the parts to the members as they become
 * free, gives those of a member that failed to others, has them held by as many as is wanted, and
 * publishes the whole. Confined to the thread that called; answers come to it through a queue,
 * which holds no more than is in flight.
 */
final class LoadRun {
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
  private final Map<Integer, LoadedPart> loaded = new TreeMap<>();
  private final Map<Integer, Setbacks> setbacks = new HashMap<>();
  private final Map<Long, Deadline> resting = new HashMap<>();
  private final Set<Member> touched = new HashSet<>();
  private final LinkedBlockingQueue<Runnable> answers = new LinkedBlockingQueue<>();
  private final SpareRun spares;

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
    spares = new SpareRun(members, publication, config, touched, answers::add);
  }

  NsObject run() {
    boolean published = false;
    try {
      keep();
      for (int part = 0; part < job.parts; part++) {
        if (!loaded.containsKey(part)) {
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

  /** What an attempt before had finished counts, if it is there; spares are made as of any part. */
  private void keep() {
    new KeptParts(members, config, publication)
        .find(publication.claim().finishedBefore())
        .forEach(
            (part, kept) -> {
              touched.add(kept.member());
              loaded(new LoadedPart(part, kept.member(), kept.extents()));
            });
    if (!loaded.isEmpty()) {
      progress.kept(loaded.size(), job.parts, bytes());
    }
  }

  private void loaded(LoadedPart part) {
    loaded.put(part.number(), part);
    spares.add(part);
  }

  /** What is noted of the parts: that counts which has copies, whoever holds spares. */
  private Map<Integer, List<ExtentInfo>> copied() {
    Map<Integer, List<ExtentInfo>> extents = new TreeMap<>();
    loaded.forEach((number, part) -> extents.put(number, part.extentsOfOwner()));
    return extents;
  }

  private void loadAll() {
    while (finished() < job.parts) {
      if (deadline.passed()) {
        throw new DatasetsException.DeadlinePassed(
            "load took too long: dataset=%s parts=%d finished=%d"
                .formatted(publication.name(), job.parts, finished()));
      }
      members.require(publication.name(), publication.replicas());
      loseTheDead();
      give();
      spares.give();
      Runnable answer = poll();
      if (answer != null) {
        answer.run();
        progress.made(finished(), job.parts, bytes());
      }
      publication.claim().note(loaded.size(), this::copied);
    }
  }

  private int finished() {
    return loaded.size() - spares.lacking();
  }

  private @Nullable Runnable poll() {
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
        again(attempt.part, "member left the view: member=" + attempt.member);
      }
    }
    for (LoadedPart part : List.copyOf(loaded.values())) {
      if (publication.replicas() > 1 || !part.copied()) {
        lose(part, member -> !members.view().has(member.incarnation()), "member left the view");
      }
    }
  }

  /** Takes a part away from members: others that hold it stand in, or it is loaded again. */
  private void lose(LoadedPart part, Predicate<Member> lost, String why) {
    if (part.holders().stream().noneMatch(lost)) {
      return;
    }
    if (part.lose(lost)) {
      spares.add(part);
    } else {
      loaded.remove(part.number());
      spares.remove(part);
      again(part.number(), why + ": member=" + part.owner());
    }
  }

  private void give() {
    while (!waiting.isEmpty()) {
      Member member = leastBusy();
      if (member == null) {
        return;
      }
      Attempt attempt = new Attempt(waiting.remove(), member);
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
          .whenComplete((result, failure) -> answers.add(() -> take(attempt, result, failure)));
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

  private void take(Attempt attempt, byte @Nullable [] result, @Nullable Throwable failure) {
    if (!inFlight.remove(attempt)) {
      return;
    }
    if (result != null) {
      List<ExtentInfo> extents = DescriptorCodec.read(result).extents();
      loaded(new LoadedPart(attempt.part, attempt.member, extents));
      return;
    }
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
    Setbacks had = setbacks.computeIfAbsent(part, _ -> new Setbacks());
    if (had.tooMany()) {
      throw new DatasetsException.LoadAborted(
          "part cannot be loaded: dataset=%s part=%d attempts=%d reason=%s"
              .formatted(publication.name(), part, had.count(), why));
    }
    counters.partsLoadedAgain.increment();
    waiting.add(part);
  }

  /** Whether all members still hold what they should; what they do not is to be made again. */
  private boolean allHeld() {
    Publication.Missing missing = publication.missing(held());
    for (LoadedPart part : List.copyOf(loaded.values())) {
      lose(part, member -> isLost(part, member, missing), "extents not held");
    }
    return finished() == job.parts;
  }

  private boolean isLost(LoadedPart part, Member member, Publication.Missing missing) {
    return publication.replicas() > 1
        ? missing.has(member)
        : part.extents().stream().anyMatch(info -> missing.lost(member, info));
  }

  private Map<Member, List<ExtentInfo>> held() {
    Map<Member, List<ExtentInfo>> held = new HashMap<>();
    for (Member member : touched) {
      if (members.view().has(member.incarnation())) {
        held.put(member, new ArrayList<>());
      }
    }
    for (LoadedPart part : loaded.values()) {
      for (Member holder : part.holders()) {
        held.computeIfAbsent(holder, _ -> new ArrayList<>()).addAll(part.extents());
      }
    }
    return held;
  }

  private Descriptor made() {
    List<ExtentInfo> all = new ArrayList<>();
    loaded.values().forEach(part -> all.addAll(part.extents()));
    Descriptor descriptor =
        Descriptor.of(job.schema, all, List.of(), publication.replicas(), List.of());
    job.acceptance.accept(descriptor);
    return descriptor;
  }

  private long bytes() {
    return loaded.values().stream().mapToLong(LoadedPart::bytes).sum();
  }
}

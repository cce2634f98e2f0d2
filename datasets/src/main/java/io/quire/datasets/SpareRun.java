package io.quire.datasets;

import io.quire.base.Member;
import io.quire.lockserver.View;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Has the parts of a load pulled by other members than the one that loaded them, until each is held
 * by as many as the load wants. Who holds what is decided by {@link SpareOrder} alone, as long as
 * nobody fails: a member that is busy is waited for. Confined to the thread of the load; answers
 * are handed to it, and are no more than may be in flight.
 */
final class SpareRun {
  /** A member that failed is given nothing for so long. */
  private static final Duration REST = Duration.ofSeconds(1);

  private final Members members;
  private final Publication publication;
  private final DatasetsConfig config;
  private final Set<Member> touched;
  private final Consumer<Runnable> answers;

  private final Set<LoadedPart> lacking = new LinkedHashSet<>();
  private final Set<Attempt> inFlight = new HashSet<>();
  private final Map<Integer, Setbacks> setbacks = new HashMap<>();
  private final Map<Long, Deadline> resting = new HashMap<>();

  /** A part that a member is to pull from another; each is itself only. */
  private static final class Attempt {
    final LoadedPart part;
    final Member from;
    final Member to;

    Attempt(LoadedPart part, Member to) {
      this.part = part;
      this.from = part.owner();
      this.to = to;
    }
  }

  /**
   * @param touched is told who may hold something of the load
   * @param answers run what they are given on the thread of the load
   */
  SpareRun(
      Members members,
      Publication publication,
      DatasetsConfig config,
      Set<Member> touched,
      Consumer<Runnable> answers) {
    this.members = members;
    this.publication = publication;
    this.config = config;
    this.touched = touched;
    this.answers = answers;
  }

  /** How many parts are not held by enough members. */
  int lacking() {
    return lacking.size();
  }

  /** A part was loaded, or has lost some of its holders. */
  void add(LoadedPart part) {
    inFlight.removeIf(attempt -> attempt.part == part && !attempt.from.equals(part.owner()));
    if (!part.isEmpty() && part.holders().size() < publication.replicas()) {
      lacking.add(part);
    }
  }

  /** A part is to be loaded again. */
  void remove(LoadedPart part) {
    lacking.remove(part);
    inFlight.removeIf(attempt -> attempt.part == part);
  }

  /** Asks those who are to hold spares, as far as they are free. */
  void give() {
    View view = members.view();
    inFlight.removeIf(attempt -> !view.has(attempt.to.incarnation()));
    resting.values().removeIf(Deadline::passed);
    for (LoadedPart part : lacking) {
      if (inFlight.size() >= (long) config.partsInFlight() * view.members().size()) {
        return;
      }
      for (Member member : wanted(part, view)) {
        long busy = inFlight.stream().filter(attempt -> attempt.to.equals(member)).count();
        if (busy < config.partsInFlight()) {
          give(new Attempt(part, member));
        }
      }
    }
  }

  /** Who is to hold a part besides those who do, or pull it now. */
  private List<Member> wanted(LoadedPart part, View view) {
    Set<Member> pulling = new HashSet<>();
    for (Attempt attempt : inFlight) {
      if (attempt.part == part) {
        pulling.add(attempt.to);
      }
    }
    List<Member> able =
        view.members().stream()
            .filter(member -> !part.isHeldBy(member.node()) && !pulling.contains(member))
            .filter(member -> !resting.containsKey(member.incarnation()))
            .toList();
    int more = publication.replicas() - part.holders().size() - pulling.size();
    return SpareOrder.of(publication.xid(), part.number(), able).stream()
        .limit(Math.max(0, more))
        .toList();
  }

  private void give(Attempt attempt) {
    inFlight.add(attempt);
    touched.add(attempt.to);
    Call call = publication.spare(attempt.from, attempt.part.extents());
    members
        .call(attempt.to, call, config.partDeadline())
        .whenComplete((_, failure) -> answers.accept(() -> take(attempt, failure)));
  }

  private void take(Attempt attempt, @Nullable Throwable failure) {
    LoadedPart part = attempt.part;
    if (!inFlight.remove(attempt)) {
      return;
    }
    if (failure == null) {
      part.spareAt(attempt.to);
      if (part.holders().size() >= publication.replicas()) {
        lacking.remove(part);
      }
      return;
    }
    resting.put(attempt.to.incarnation(), Deadline.in(REST));
    Setbacks had = setbacks.computeIfAbsent(part.number(), _ -> new Setbacks());
    if (had.tooMany()) {
      throw new DatasetsException.LoadAborted(
          "part cannot be held by others: dataset=%s part=%d attempts=%d member=%s reason=%s"
              .formatted(publication.name(), part.number(), had.count(), attempt.to, failure));
    }
  }
}

package io.quire.sim;

import io.quire.base.Address;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Member;
import io.quire.base.NodeId;
import io.quire.base.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Nodes among which nothing happens by itself: messages lie where they were sent, entries wait to
 * be put into the log, nobody applies them and no time passes until a test says so. A {@link World}
 * finds what nobody thought of; a stage plays one execution step by step. {@link #settle} lets all
 * that is under way come to its end.
 *
 * <p>Incarnations are 1, 2, 3 and so on, each entry has a frame of its own, and all clocks run
 * alike unless told otherwise. Confined to the thread that made it.
 */
public final class Stage {
  private static final int STEPS_MAX = 100_000;

  private final Map<NodeId, Actor> actors = new LinkedHashMap<>();
  private final List<Letter> letters = new ArrayList<>();
  private final List<Proposal> proposals = new ArrayList<>();
  private final List<Entered> entries = new ArrayList<>();
  private final List<StageTimer> timers = new ArrayList<>();
  private final List<Question> questions = new ArrayList<>();
  private Runnable whenEntered = () -> {};
  private @Nullable Actor running;
  private @Nullable Actor leader;
  private boolean inStep;

  /** What is entered then is settled by the settling that is under way. */
  private boolean settling;

  private long incarnations;
  private long term;
  private long nanos;

  /** A record that stands in the log, once for each time that it was put there. */
  record Entered(long position, long term, Proposal proposal) {
    void agree(Actor by, Log.Applied outcome) {
      Log.Applied first = proposal.outcome;
      if (first == null || first.position() > position) {
        proposal.outcome = outcome;
      } else if (first.position() == position
          && (first.fenced() != outcome.fenced()
              || !Arrays.equals(first.result(), outcome.result()))) {
        throw new IllegalStateException(
            "nodes disagree: node=" + by + " position=" + Position.text(position));
      }
    }
  }

  private record Question(Actor asker, long term, CompletableFuture<Long> answer) {}

  /** Lets a new incarnation of a node enter; the one before exits. */
  public Actor enter(String node) {
    NodeId id = new NodeId(node);
    Actor before = actors.get(id);
    if (before != null) {
      before.exit();
    }
    Actor actor = new Actor(this, new Member(id, ++incarnations, new Address(node, 7000)));
    actors.put(id, actor);
    return actor;
  }

  /** Runs the task on the actor's loop, now. */
  public void on(Actor actor, Runnable task) {
    step(() -> actor.loop().execute(task));
  }

  /**
   * Is run whenever something outside the loops gave a loop something to do, after that was done. A
   * caller that blocks until a node has answered finds the answer there if the stage settles here.
   */
  public void whenEntered(Runnable action) {
    whenEntered = action;
  }

  /** The newest incarnations, in the order in which their nodes first entered. */
  public List<Actor> actors() {
    return List.copyOf(actors.values());
  }

  /** Nanoseconds since the stage was made. */
  public long nanos() {
    return nanos;
  }

  /** Messages under way, in the order in which they were sent. */
  public List<Letter> letters() {
    return List.copyOf(letters);
  }

  public List<Letter> letters(Predicate<Letter> which) {
    return letters.stream().filter(which).toList();
  }

  /** Gives the message to whoever listens at its address. */
  public void deliver(Letter letter) {
    letters.remove(letter);
    deliverCopy(letter);
  }

  /** Delivers the message, now or once more, whether it is still under way or not. */
  public void deliverCopy(Letter letter) {
    step(
        () ->
            actors.values().stream()
                .filter(actor -> actor.here() && actor.member().address().equals(letter.to()))
                .forEach(actor -> actor.take(letter)));
  }

  /** Delivers all of these, and those that they cause. */
  public void deliverAll(Predicate<Letter> which) {
    for (List<Letter> some = letters(which); !some.isEmpty(); some = letters(which)) {
      some.forEach(this::deliver);
    }
  }

  public void lose(Letter letter) {
    letters.remove(letter);
  }

  /** Loses all of these. */
  public void loseAll(Predicate<Letter> which) {
    letters.removeIf(which);
  }

  /** What waits to be put into the log, in the order in which it was proposed. */
  public List<Proposal> proposals() {
    return List.copyOf(proposals);
  }

  /** Puts the proposal at the end of the log, now or once more, and answers the position. */
  public long commit(Proposal proposal) {
    proposals.remove(proposal);
    long position = Position.of(entries.size() + 1L, 0);
    entries.add(new Entered(position, term, proposal));
    return position;
  }

  /** Commits all that waits. */
  public void commitAll() {
    proposals().forEach(this::commit);
  }

  /** Tells the proposer what came of an entry that some node has applied. */
  public void answer(Proposal proposal) {
    Log.Applied outcome = proposal.outcome;
    if (outcome == null) {
      throw new IllegalStateException("no node has applied it");
    }
    tell(proposal, future -> future.complete(outcome));
  }

  /** It is not in the log, will not be, and the proposer is told so. */
  public void refuse(Proposal proposal) {
    proposals.remove(proposal);
    tell(proposal, future -> future.completeExceptionally(new Log.NotAppendedException("refused")));
  }

  /** The proposer is told that it may be in the log or not; whether it will be is left open. */
  public void leaveInDoubt(Proposal proposal) {
    tell(
        proposal,
        future -> future.completeExceptionally(new Log.IndeterminateException("in doubt")));
  }

  /** It does not reach the log, and nobody is told. */
  public void lose(Proposal proposal) {
    proposals.remove(proposal);
  }

  /** Makes the actor lead in a new term, and lets everybody know. */
  public void lead(Actor actor) {
    actors.values().forEach(other -> other.believedTerm = 0);
    elect(actor);
  }

  /** Makes the actor lead in a new term; who led before goes on believing that it does. */
  public void elect(Actor actor) {
    leader = actor;
    actor.believedTerm = ++term;
  }

  public @Nullable Actor leader() {
    Actor now = leader;
    return now != null && now.here() ? now : null;
  }

  /** Answers those who ask whether they still lead. */
  public void confirmLeaders() {
    List<Question> asked = List.copyOf(questions);
    questions.clear();
    step(
        () ->
            asked.forEach(
                question ->
                    question
                        .asker
                        .loop()
                        .execute(
                            () -> {
                              if (question.term == term) {
                                question.answer.complete(term);
                              } else {
                                question.answer.completeExceptionally(
                                    new IllegalStateException("deposed: term=" + question.term));
                              }
                            })));
  }

  /** Lets this much time pass: timers fire when they are due, and nothing else happens. */
  public void pass(Duration time) {
    passUntil(time, () -> {});
  }

  /** Lets this much time pass, and all that is under way come to its end whenever a timer fires. */
  public void play(Duration time) {
    settle();
    passUntil(time, this::settle);
  }

  /**
   * Lets all that is under way come to its end, in the order in which it began: messages arrive,
   * entries are committed, or refused if nobody leads, applied by all, and answered.
   */
  public void settle() {
    settle(null);
  }

  /** As {@link #settle()}, in an order by chance. */
  public void settle(@Nullable RandomGenerator chance) {
    boolean outermost = !settling;
    settling = true;
    try {
      int steps = 0;
      for (List<Runnable> next = possible(); !next.isEmpty(); next = possible()) {
        if (++steps > STEPS_MAX) {
          throw new IllegalStateException("never settles: steps=" + steps);
        }
        next.get(chance == null ? 0 : chance.nextInt(next.size())).run();
      }
    } finally {
      settling = !outermost;
    }
  }

  /** What can happen next in a stage without faults. */
  public List<Runnable> possible() {
    List<Runnable> steps = new ArrayList<>();
    letters.forEach(letter -> steps.add(() -> deliver(letter)));
    if (leader() == null) {
      proposals.forEach(proposal -> steps.add(() -> refuse(proposal)));
    } else if (!proposals.isEmpty()) {
      steps.add(() -> commit(proposals.getFirst()));
    }
    actors.values().stream().filter(Actor::behind).forEach(actor -> steps.add(actor::applyNext));
    for (Entered entered : entries.subList(Math.max(0, entries.size() - 64), entries.size())) {
      Proposal proposal = entered.proposal;
      if (proposal.outcome != null && !proposal.answered()) {
        steps.add(() -> answer(proposal));
      }
    }
    if (!questions.isEmpty()) {
      steps.add(this::confirmLeaders);
    }
    return steps;
  }

  List<Entered> entries() {
    return entries;
  }

  void sent(Letter letter) {
    letters.add(letter);
  }

  void proposed(Proposal proposal) {
    proposals.add(proposal);
  }

  CompletableFuture<Long> asked(Actor asker) {
    CompletableFuture<Long> answer = new CompletableFuture<>();
    questions.add(new Question(asker, asker.believedTerm, answer));
    return answer;
  }

  boolean runs(Actor actor) {
    return running == actor;
  }

  /** A loop was given a task. */
  void entered() {
    if (!inStep && running == null) {
      runReady();
      if (!settling) {
        whenEntered.run();
      }
    }
  }

  /** Runs what is ready on all loops until nothing is. */
  void runReady() {
    if (running != null || inStep) {
      return;
    }
    for (boolean ran = true; ran; ) {
      ran = false;
      for (Actor actor : List.copyOf(actors.values())) {
        for (Runnable task = actor.pollReady(); task != null; task = actor.pollReady()) {
          running = actor;
          try {
            task.run();
          } finally {
            running = null;
          }
          ran = true;
        }
      }
    }
  }

  Loop.Timer timer(Actor actor, long due, Runnable task) {
    StageTimer timer = new StageTimer(actor, due, task);
    timers.add(timer);
    return () -> timers.remove(timer);
  }

  private void tell(Proposal proposal, Consumer<CompletableFuture<Log.Applied>> what) {
    proposal.answering();
    step(() -> proposal.origin().loop().execute(() -> what.accept(proposal.future)));
  }

  private void step(Runnable action) {
    boolean outer = inStep;
    inStep = true;
    try {
      action.run();
    } finally {
      inStep = outer;
    }
    runReady();
  }

  private void passUntil(Duration time, Runnable afterEach) {
    long end = nanos + time.toNanos();
    for (StageTimer next = next(end); next != null; next = next(end)) {
      nanos = Math.max(nanos, next.at());
      timers.remove(next);
      StageTimer fired = next;
      step(() -> fired.actor.loop().execute(fired.task));
      afterEach.run();
    }
    nanos = end;
  }

  private @Nullable StageTimer next(long end) {
    timers.removeIf(timer -> !timer.actor.here());
    return timers.stream()
        .filter(timer -> timer.actor.running() && timer.at() <= end)
        .min(Comparator.comparingLong(StageTimer::at))
        .orElse(null);
  }

  /** By identity: two may be alike. */
  private static final class StageTimer {
    private final Actor actor;
    private final long due;
    private final Runnable task;

    StageTimer(Actor actor, long due, Runnable task) {
      this.actor = actor;
      this.due = due;
      this.task = task;
    }

    long at() {
      return actor.stageNanos(due);
    }
  }
}

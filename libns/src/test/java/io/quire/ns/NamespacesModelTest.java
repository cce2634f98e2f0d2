package io.quire.ns;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.base.Member;
import io.quire.base.Rules;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.ns.NamePage.Listed;
import io.quire.ns.Worlds.Done;
import io.quire.ns.Worlds.Harm;
import io.quire.sim.Dice;
import io.quire.sim.Letter;
import io.quire.sim.Probes;
import io.quire.sim.Proposal;
import io.quire.sim.Seeds;
import io.quire.sim.Stage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Operations by chance from three nodes, with messages and entries in an order by chance, against a
 * plain model. In the middle of one operation another may run on another node; then some order of
 * the two explains both. In a storm nodes are killed and come back, from the log or from a snapshot
 * of another, stand still, lose messages and entries, and lose the lead, also in the middle of an
 * operation. What an operation then did that was killed or does not know is told by looking; what
 * failed did nothing. After each step every node shows what the model holds.
 */
@Timeout(120)
class NamespacesModelTest {
  private static final int STORMS = 15;
  private static final int PROBED = 200;

  private static final List<String> RARE =
      List.of(
          "killed",
          "killed-caller",
          "killed-all",
          "snapshot",
          "pause",
          "lost",
          "twice",
          "nested-in-a-storm",
          "in-doubt",
          "lead",
          "nested",
          "Indeterminate",
          "Refused",
          "NotInView",
          "NameTaken",
          "Stale",
          "StaleHandle",
          "Draining",
          "Denied",
          "QuotaExceeded",
          "NotFound",
          "unknown-and-looked",
          "opening-lost",
          "watch-went-on");

  @Test
  void seeds_meanWhatTheModelMeans() {
    Seeds.fresh(60, seed -> new Run(seed, Rules.ALL, 0, new Probes()).run());
  }

  @Test
  void seeds_withKills_meanWhatTheModelMeans() {
    Probes probes = new Probes();
    Seeds.fresh(STORMS, seed -> new Run(seed, Rules.ALL, 0.15, probes).run());
    // A few seeds do not come to everything.
    if (Integer.getInteger(Seeds.COUNT, 0) >= PROBED) {
      assertThat(probes.missing(RARE)).as("rare places not reached").isEmpty();
    }
  }

  /** The model is only worth something if it sees what it is there for. */
  @ParameterizedTest
  @EnumSource(
      value = Rules.Rule.class,
      names = {"HOLDERS_ASKED", "VERSION_SEEN"})
  void brokenRule_isCaught(Rules.Rule rule) {
    Optional<AssertionError> caught = Optional.empty();
    for (long seed = 1; seed <= 500 && caught.isEmpty(); seed++) {
      try {
        new Run(seed, Rules.without(rule), 0, new Probes()).run();
      } catch (AssertionError e) {
        caught = Optional.of(e);
      }
    }
    assertThat(caught).as("without %s", rule).isPresent();
  }

  /** The process in which the caller is was killed: its call never returns. */
  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  /** What is done, and how; of what has several parts, how it is told of each. */
  private record Call(Op op, Function<NsPeer, List<Done>> run) {}

  /** An object that is open, or referred to. */
  private record Opening(int number, int object, NsPeer by, AutoCloseable handle) {}

  private static final class Run {
    private static final int STEPS = 50;
    private static final Duration BEYOND_ALL_DEADLINES = Duration.ofSeconds(17);
    private static final Duration TIDY = Duration.ofSeconds(3);

    private final Rules rules;
    private final double storms;
    private final Probes probes;
    private final Dice dice;
    private final Stage stage = new Stage();
    private final List<NsPeer> peers;
    private final Map<Long, Integer> labels = new TreeMap<>();
    private final Map<Integer, Long> xids = new TreeMap<>();
    private final Map<Integer, Integer> owners = new HashMap<>();
    private final Map<Long, Integer> spaceOfQuota = new HashMap<>();
    private final TreeMap<Integer, NsHandle> spaces = new TreeMap<>(Map.of(0, NsHandle.ROOT));
    private final List<NsObject> seen = new ArrayList<>();
    private final List<Opening> openings = new ArrayList<>();
    private final List<String> trace = new ArrayList<>();
    private final Map<Integer, TreeMap<Long, String>> versions = new TreeMap<>();
    private final TreeMap<Long, Map<Integer, String>> moments = new TreeMap<>();
    private final Worlds worlds = new Worlds();
    private final Deque<NsPeer> callers = new ArrayDeque<>();
    private final Set<Long> dead = new HashSet<>();
    private final Set<Long> losing = new HashSet<>();
    private final Set<NsPeer> paused = new HashSet<>();
    private final Set<Long> forgetful = new HashSet<>();
    private final Follower follower;
    private List<Done> nested = List.of();
    private Optional<Runnable> interruption = Optional.empty();
    private int entriesLeft;
    private boolean harmed;
    private boolean driving;
    private int objects;
    private int values;
    private int spacesMade;
    private int opened;

    Run(long seed, Rules rules, double storms, Probes probes) {
      this.rules = rules;
      this.storms = storms;
      this.probes = probes;
      dice = new Dice(seed);
      peers = NsPeer.inView(stage, rules, "a", "b", "c");
      peers.forEach(peer -> peer.namespaces.reserveXid());
      stage.whenEntered(this::entered);
      follower = new Follower(dice.pick(peers));
    }

    void run() {
      for (int i = 0; i < STEPS; i++) {
        step();
      }
      lookBack();
    }

    private void step() {
      nested = List.of();
      harmed = false;
      losing.clear();
      if (dice.chance(0.08)) {
        play(TIDY);
        Harm none = new Harm(true, Set.of(), Set.copyOf(dead));
        assertThat(worlds.explain(List.of(), none)).as("comes to rest: %s", last()).isTrue();
      }
      interruption =
          dice.chance(storms)
              ? Optional.of(this::storm)
              : dice.chance(0.3) ? Optional.of(this::interrupt) : Optional.empty();
      entriesLeft = (int) dice.between(0, 3);
      List<Done> outer = perform(draw());
      interruption = Optional.empty();
      if (harmed) {
        recover();
        losing.addAll(dead);
      } else {
        settle();
      }
      List<Done> all = new ArrayList<>(outer);
      all.addAll(nested);
      trace.add((harmed ? "in a storm " : "") + outer + (nested.isEmpty() ? "" : " and " + nested));
      Harm harm = harmed ? new Harm(true, Set.copyOf(losing), Set.copyOf(dead)) : Harm.NONE;
      assertThat(worlds.explain(all, harm)).as("no order explains it: %s", last()).isTrue();
      int before = worlds.size();
      Map<Integer, NsObject> now = Map.of();
      for (NsPeer peer : peers) {
        now = look(peer);
      }
      if (before > 1 && worlds.size() == 1 && all.stream().anyMatch(Done::unknown)) {
        probes.reached("unknown-and-looked");
      }
      follower.follow(now);
    }

    /** The last steps, the newest first. */
    private String last() {
      return String.join("\n", trace.reversed().subList(0, Math.min(12, trace.size())));
    }

    /** Somebody who is no loop gave a loop something to do. */
    private void entered() {
      if (driving) {
        return;
      }
      if (interruption.isPresent() && !callers.isEmpty() && entriesLeft-- <= 0) {
        Runnable now = interruption.get();
        interruption = Optional.empty();
        now.run();
      }
      if (harmed && !healthy()) {
        // Whoever waits is told by then; nobody has to be well for that but his own node.
        play(BEYOND_ALL_DEADLINES);
        if (!healthy()) {
          recover();
        }
      }
      settle();
      NsPeer caller = callers.peek();
      if (caller != null && !caller.actor.here()) {
        throw new Killed();
      }
    }

    /** Lets another operation run in the middle of this one. */
    private void interrupt() {
      probes.reached("nested");
      some();
      nested = perform(draw());
    }

    /** What the test does to the stage is no call of anybody. */
    private void drive(Runnable what) {
      boolean before = driving;
      driving = true;
      try {
        what.run();
      } finally {
        driving = before;
      }
    }

    private void play(Duration time) {
      drive(() -> stage.play(time));
    }

    private void settle() {
      drive(() -> stage.settle(dice));
    }

    private void some() {
      for (long left = dice.between(0, 12); left > 0; left--) {
        List<Runnable> possible = stage.possible();
        if (possible.isEmpty()) {
          return;
        }
        drive(dice.pick(possible));
      }
    }

    private void storm() {
      harmed = true;
      // While time passes and messages do not, anybody's session may end.
      peers.forEach(peer -> losing.add(peer.actor.member().incarnation()));
      some();
      harm();
      some();
      if (dice.nextBoolean()) {
        long millis = dice.between(0, 6_000);
        drive(() -> stage.pass(Duration.ofMillis(millis)));
      }
      if (dice.chance(0.3) && peers.stream().anyMatch(this::runs)) {
        probes.reached("nested-in-a-storm");
        nested = perform(draw());
      }
      drive(() -> paused.forEach(peer -> peer.actor.resume()));
      paused.clear();
      if (dice.nextBoolean() || stage.leader() == null) {
        recover();
      }
    }

    private boolean runs(NsPeer peer) {
      return peer.actor.here() && !paused.contains(peer);
    }

    private void harm() {
      NsPeer some = dice.pick(peers);
      switch ((int) dice.between(0, 9)) {
        case 0, 1, 2 -> {
          probes.reached("killed");
          kill(some);
        }
        case 3 -> {
          probes.reached("killed-all");
          peers.forEach(this::kill);
        }
        case 4, 5 -> {
          probes.reached("pause");
          some.actor.pause();
          paused.add(some);
          play(Duration.ofMillis(dice.between(100, 6_000)));
        }
        case 6 -> {
          probes.reached("lost");
          stage.loseAll((Letter _) -> dice.nextBoolean());
          stage.proposals().stream().filter(_ -> dice.chance(0.3)).forEach(stage::lose);
          long millis = dice.between(0, 2_000);
          drive(() -> stage.pass(Duration.ofMillis(millis)));
        }
        case 7 ->
            stage.proposals().stream()
                .filter(_ -> dice.chance(0.7))
                .forEach(
                    proposal -> {
                      probes.reached("in-doubt");
                      doubt(proposal);
                    });
        case 8 -> {
          probes.reached("lead");
          stage.lead(some.actor);
        }
        default -> installSomewhere();
      }
    }

    private void doubt(Proposal proposal) {
      stage.leaveInDoubt(proposal);
      if (dice.chance(0.3)) {
        stage.lose(proposal);
      } else if (dice.nextBoolean()) {
        probes.reached("twice");
        stage.commit(proposal);
        stage.commit(proposal);
      }
    }

    private void kill(NsPeer victim) {
      if (victim.actor.here()) {
        if (victim.equals(callers.peek())) {
          probes.reached("killed-caller");
        }
        victim.actor.exit();
        dead.add(victim.actor.member().incarnation());
        openings.removeIf(opening -> opening.by().equals(victim));
      }
    }

    /** A node takes the state of another that is ahead. */
    private void installSomewhere() {
      for (NsPeer behind : peers) {
        for (NsPeer ahead : peers) {
          if (ahead.actor.log().applied() > behind.actor.log().applied()) {
            install(behind, ahead);
            return;
          }
        }
      }
    }

    private void install(NsPeer to, NsPeer from) {
      probes.reached("snapshot");
      drive(() -> to.actor.install(from.actor));
      forgetful.add(to.actor.member().incarnation());
    }

    /** Everybody runs, and everybody's view has those who run and nobody else. */
    private boolean healthy() {
      Set<Long> running =
          peers.stream().map(peer -> peer.actor.member().incarnation()).collect(Collectors.toSet());
      return stage.leader() != null
          && peers.stream()
              .allMatch(
                  peer -> {
                    var token = peer.session.token();
                    return runs(peer)
                        && token != null
                        && peer.session.valid(token)
                        && peer.sessions.view().members().stream()
                            .map(Member::incarnation)
                            .collect(Collectors.toSet())
                            .equals(running);
                  });
    }

    /** All nodes run, and everything has time to come to its end. */
    private void recover() {
      for (int i = 0; i < peers.size(); i++) {
        NsPeer before = peers.get(i);
        if (!before.actor.here()) {
          NsPeer next = new NsPeer(stage, before.actor.member().node().name(), rules);
          peers.set(i, next);
          List<NsPeer> others = peers.stream().filter(peer -> !peer.equals(next)).toList();
          NsPeer other = dice.pick(others);
          if (other.actor.here() && dice.nextBoolean()) {
            install(next, other);
          }
        }
      }
      if (stage.leader() == null) {
        stage.lead(dice.pick(peers).actor);
      }
      drive(() -> peers.forEach(peer -> peer.actor.resume()));
      paused.clear();
      play(callers.isEmpty() ? TIDY : BEYOND_ALL_DEADLINES);
      for (int left = 60; left > 0 && !healthy(); left--) {
        play(Duration.ofSeconds(1));
      }
      assertThat(healthy()).as("all nodes are in the view again: %s", last()).isTrue();
      play(TIDY);
    }

    private List<Done> perform(Call call) {
      List<NsPeer> there = peers.stream().filter(this::runs).toList();
      NsPeer at = dice.pick(there.isEmpty() ? peers : there);
      callers.push(at);
      List<Done> done;
      try {
        done = call.run.apply(at);
      } catch (RuntimeException | Killed e) {
        done = List.of(failed(call.op, e));
      } finally {
        callers.pop();
      }
      done.forEach(each -> probes.reached(each.told()));
      return done;
    }

    /** What is thrown through a future is wrapped there. */
    private Done failed(Op op, Throwable e) {
      if (!callers.element().actor.here()) {
        return new Done(op, "killed", 0, true);
      }
      if (e instanceof NsException known) {
        boolean unknown = known instanceof NsException.Indeterminate || (harmed && op.inParts());
        return new Done(op, known.getClass().getSimpleName(), 0, unknown);
      }
      throw new AssertionError("not an answer: " + op, e);
    }

    private Call draw() {
      int space = dice.nextBoolean() ? 0 : dice.pick(List.copyOf(spaces.keySet()));
      NsHandle handle = handle(space);
      String name = name();
      return switch ((int) dice.between(0, 31)) {
        case 0, 1, 2, 3 -> create(space, name);
        case 4 -> createAll(space);
        case 5, 6 -> one(new Op.Lookup(space, name), at -> met(at.lookup(handle, name)));
        case 7, 8, 9 -> withSeen(this::update);
        case 10, 11 -> withSeen(object -> move(object, object.namespace(), name));
        case 12, 13 -> withSeen(object -> move(object, handle, name));
        case 14 -> withSeen(this::delete);
        case 15 ->
            one(
                new Op.Delete(space, name),
                at -> {
                  at.delete(handle, name);
                  return told("ok", 0);
                });
        case 16 -> {
          String prefix = dice.nextBoolean() ? "" : "d/";
          NamePattern pattern = NamePattern.startingWith(prefix);
          yield one(
              new Op.DeleteMatching(space, prefix),
              at -> told("ok " + at.deleteAll(handle, pattern), 0));
        }
        case 17, 18 -> together();
        case 19 ->
            withSeen(
                object -> one(new Op.LookupId(label(object)), at -> met(at.lookup(object.xid()))));
        case 20 -> one(new Op.Names(space), at -> told(names(at, handle).toString(), 0));
        case 21 -> {
          String directory = dice.nextBoolean() ? "" : "d/";
          yield one(
              new Op.Tree(space, directory),
              at ->
                  told(
                      at.tree(handle, directory, "", 100).entries().stream()
                          .map(TreePage.Entry::path)
                          .toList()
                          .toString(),
                      0));
        }
        case 22 ->
            one(
                new Op.UsageOf(space),
                at -> {
                  Usage usage = at.usage(handle);
                  return told(usage.objects() + " " + usage.bytes(), 0);
                });
        case 23, 24 -> refer(space, name);
        case 25, 26, 27 -> open(space, name);
        case 28 -> openings.isEmpty() ? create(space, name) : updateOpen(dice.pick(openings));
        case 29 -> openings.isEmpty() ? create(space, name) : close(dice.pick(openings));
        default -> ofSpaces(space);
      };
    }

    private Call ofSpaces(int some) {
      String name = "s" + dice.between(0, 1);
      Quota quota = new Quota(dice.between(2, 6), 60 + ++spacesMade + 1_000 * dice.between(0, 1));
      int space = dice.chance(0.7) ? some : spaces.lastKey();
      if (space == 0 || dice.chance(0.4)) {
        int made = spacesMade;
        spaceOfQuota.put(quota.bytes(), made);
        return one(
            new Op.CreateSpace(made, name, quota),
            at -> {
              spaces.put(made, at.createNamespace(name, quota));
              return told("ok", 0);
            });
      }
      NsHandle handle = handle(space);
      return switch ((int) dice.between(0, 4)) {
        case 0 ->
            one(
                new Op.Destroy(space),
                at -> {
                  at.destroyNamespace(handle);
                  return told("ok", 0);
                });
        case 1, 2 -> {
          spaceOfQuota.put(quota.bytes(), space);
          yield one(
              new Op.Limit(space, quota),
              at -> {
                at.limit(handle, quota);
                return told("ok", 0);
              });
        }
        case 3 ->
            one(
                new Op.FindSpace(name),
                at ->
                    told(
                        at.namespace(name)
                            .flatMap(at::describe)
                            .map(info -> "" + numberOf(info))
                            .orElse("none"),
                        0));
        default ->
            one(
                new Op.Spaces(),
                at ->
                    told(
                        at.listNamespaces(NamePattern.ALL, "", 100).names().stream()
                            .map(Listed::name)
                            .toList()
                            .toString(),
                        0));
      };
    }

    /** What one call told. */
    private record Told(String text, long version) {}

    private static Told told(String text, long version) {
      return new Told(text, version);
    }

    private static Call one(Op op, Function<Namespaces, Told> run) {
      return new Call(
          op,
          at -> {
            Told told = run.apply(at.namespaces);
            return List.of(new Done(op, told.text(), told.version(), false));
          });
    }

    private Call withSeen(Function<NsObject, Call> call) {
      return seen.isEmpty() ? create(0, name()) : call.apply(recent());
    }

    /** One that was seen, rather lately. */
    private NsObject recent() {
      return dice.pick(seen.subList(dice.chance(0.7) ? seen.size() * 3 / 4 : 0, seen.size()));
    }

    private String name() {
      return (dice.chance(0.3) ? "d/" : "") + "n" + dice.between(0, 2);
    }

    private NsHandle handle(int space) {
      return Objects.requireNonNull(spaces.get(space));
    }

    private int number(NsHandle handle) {
      return spaces.entrySet().stream()
          .filter(each -> each.getValue().equals(handle))
          .map(Map.Entry::getKey)
          .findFirst()
          .orElseThrow();
    }

    private int numberOf(NamespaceInfo info) {
      int number = Objects.requireNonNull(spaceOfQuota.get(info.quota().bytes()));
      spaces.putIfAbsent(number, info.handle());
      return number;
    }

    private int value(int object) {
      owners.put(++values, object);
      return values;
    }

    private Lifetime lifetime() {
      return dice.chance(0.6) ? Lifetime.DURABLE : dice.pick(List.of(Lifetime.values()));
    }

    private Call create(int space, String name) {
      int object = ++objects;
      int value = value(object);
      Lifetime lifetime = lifetime();
      NsHandle handle = handle(space);
      return new Call(
          new Op.Create(object, space, name, value, lifetime, 0),
          at -> {
            Op op =
                new Op.Create(
                    object, space, name, value, lifetime, at.actor.member().incarnation());
            try {
              long xid = at.namespaces.reserveXid();
              know(object, xid);
              NsObject made = at.namespaces.create(xid, handle, name, "k", lifetime, bytes(value));
              seen.add(made);
              return List.of(new Done(op, "ok", made.version(), false));
            } catch (NsException.Indeterminate e) {
              return List.of(new Done(op, "Indeterminate", 0, true));
            } catch (RuntimeException | Killed e) {
              if (!at.actor.here()) {
                return List.of(new Done(op, "killed", 0, true));
              }
              throw e;
            }
          });
    }

    /** Those that are made are made together, and so are those that fail. */
    private Call createAll(int space) {
      NsHandle handle = handle(space);
      Map<String, Op> creations = new TreeMap<>();
      List<NewObject> wanted = new ArrayList<>();
      for (long left = dice.between(1, 3); left > 0; left--) {
        String name = name();
        if (!creations.containsKey(name)) {
          int object = ++objects;
          int value = value(object);
          creations.put(name, new Op.Create(object, space, name, value, Lifetime.DURABLE, 0));
          wanted.add(new NewObject(name, "k", bytes(value)));
        }
      }
      Op together = new Op.Together(List.copyOf(creations.values()));
      return new Call(
          together,
          at -> {
            List<Done> all = new ArrayList<>();
            List<Op> made = new ArrayList<>();
            List<Op> failed = new ArrayList<>();
            long version = 0;
            String why = "";
            for (Created created : at.namespaces.createAll(handle, wanted)) {
              switch (created) {
                case Created.Made(NsObject object) -> {
                  seen.add(object);
                  made.add(Objects.requireNonNull(creations.get(object.name())));
                  know(label(object), object.xid());
                  version = object.version();
                }
                case Created.NameTaken(String name) ->
                    all.add(
                        new Done(
                            Objects.requireNonNull(creations.get(name)), "NameTaken", 0, false));
                case Created.Failed(String name, NsException reason) -> {
                  failed.add(Objects.requireNonNull(creations.get(name)));
                  why = reason.getClass().getSimpleName();
                }
              }
            }
            if (!made.isEmpty()) {
              all.add(new Done(new Op.Together(made), "ok", version, false));
            }
            if (!failed.isEmpty()) {
              boolean unknown = why.equals("Indeterminate");
              all.add(new Done(new Op.Together(failed), why, 0, unknown));
            }
            return all;
          });
    }

    private Op.Seen known(NsObject object) {
      return new Op.Seen(
          label(object),
          number(object.namespace()),
          object.name(),
          object.version(),
          object.draining());
    }

    private Call update(NsObject object) {
      int value = value(label(object));
      return one(
          new Op.Update(known(object), value),
          at -> changed(List.of(at.update(object, bytes(value)))));
    }

    private Call move(NsObject object, NsHandle to, String name) {
      Op op = new Op.Move(known(object), number(to), name);
      return one(
          op,
          at ->
              changed(
                  to.equals(object.namespace()) && dice.nextBoolean()
                      ? List.of(at.rename(object, name))
                      : at.transaction().move(object, to, name).commit()));
    }

    private Call delete(NsObject object) {
      return one(
          new Op.DeleteSeen(known(object)),
          at -> {
            at.delete(object);
            return told("ok", 0);
          });
    }

    private Told changed(List<NsObject> objects) {
      seen.addAll(objects);
      return told("ok", objects.isEmpty() ? 0 : objects.getFirst().version());
    }

    /** Several changes at once, each of another object and to another name. */
    private Call together() {
      Set<Integer> used = new LinkedHashSet<>();
      Set<String> given = new HashSet<>();
      List<Op> changes = new ArrayList<>();
      List<Function<NsTransaction, NsTransaction>> makes = new ArrayList<>();
      for (long left = dice.between(2, 4); left > 0; left--) {
        int space = dice.nextBoolean() ? 0 : dice.pick(List.copyOf(spaces.keySet()));
        NsHandle handle = handle(space);
        String name = name();
        boolean create = seen.isEmpty() || dice.chance(0.3);
        NsObject object = create ? null : recent();
        if (object == null || !used.add(label(object))) {
          if (given.add(space + "/" + name)) {
            int made = ++objects;
            int value = value(made);
            changes.add(new Op.Create(made, space, name, value, Lifetime.DURABLE, 0));
            makes.add(each -> each.create(handle, name, "k", Lifetime.DURABLE, bytes(value)));
          }
          continue;
        }
        switch ((int) dice.between(0, 3)) {
          case 0 -> {
            int value = value(label(object));
            changes.add(new Op.Update(known(object), value));
            makes.add(each -> each.update(object, bytes(value)));
          }
          case 1 -> {
            changes.add(new Op.Unchanged(known(object)));
            makes.add(each -> each.unchanged(object));
          }
          case 2 -> {
            changes.add(new Op.DeleteSeen(known(object)));
            makes.add(each -> each.delete(object));
          }
          default -> {
            if (given.add(space + "/" + name)) {
              changes.add(new Op.Move(known(object), space, name));
              makes.add(each -> each.move(object, handle, name));
            }
          }
        }
      }
      return one(
          new Op.Together(changes),
          at -> {
            NsTransaction transaction = at.transaction();
            makes.forEach(
                make -> {
                  NsTransaction _ = make.apply(transaction);
                });
            List<NsObject> after = transaction.commit();
            after.forEach(object -> label(object));
            return changed(after);
          });
    }

    private Call refer(int space, String name) {
      int opening = ++opened;
      if (dice.chance(0.3) && !seen.isEmpty()) {
        NsObject object = recent();
        return new Call(
            new Op.ReferId(opening, label(object), 0),
            at ->
                referred(
                    new Op.ReferId(opening, label(object), at.actor.member().incarnation()),
                    opening,
                    at,
                    at.namespaces.open(object.xid())));
      }
      NsHandle handle = handle(space);
      return new Call(
          new Op.Refer(opening, space, name, 0),
          at ->
              referred(
                  new Op.Refer(opening, space, name, at.actor.member().incarnation()),
                  opening,
                  at,
                  at.namespaces.open(handle, name)));
    }

    private List<Done> referred(Op op, int opening, NsPeer at, Optional<NsRef> found) {
      if (found.isEmpty()) {
        return List.of(new Done(op, "none", 0, false));
      }
      NsRef reference = found.get();
      openings.add(new Opening(opening, label(reference.object()), at, reference));
      return List.of(new Done(op, text(reference.object()), 0, false));
    }

    private Call open(int space, String name) {
      int opening = ++opened;
      OpenMode mode = dice.pick(List.of(OpenMode.values()));
      if (dice.chance(0.3) && !seen.isEmpty()) {
        NsObject object = recent();
        return new Call(
            new Op.OpenId(opening, label(object), mode, 0),
            at ->
                opened(
                    new Op.OpenId(opening, label(object), mode, at.actor.member().incarnation()),
                    opening,
                    at,
                    at.namespaces.open(object.xid(), mode, Duration.ZERO)));
      }
      NsHandle handle = handle(space);
      return new Call(
          new Op.Open(opening, space, name, mode, 0),
          at ->
              opened(
                  new Op.Open(opening, space, name, mode, at.actor.member().incarnation()),
                  opening,
                  at,
                  at.namespaces.open(handle, name, mode, Duration.ZERO)));
    }

    private List<Done> opened(Op op, int opening, NsPeer at, Optional<NsOpen> found) {
      if (found.isEmpty()) {
        return List.of(new Done(op, "none", 0, false));
      }
      NsOpen open = found.get();
      NsObject object;
      try {
        object = open.object();
      } catch (NsException e) {
        // It was lost before anybody looked at it.
        open.close();
        throw e;
      }
      seen.add(object);
      openings.add(new Opening(opening, label(object), at, open));
      return List.of(new Done(op, text(object), object.opened() ? object.version() : 0, false));
    }

    private Call updateOpen(Opening opening) {
      NsObject object =
          seen.stream()
              .filter(each -> label(each) == opening.object())
              .reduce((_, later) -> later)
              .orElse(null);
      if (object == null || !(opening.handle() instanceof NsOpen open)) {
        return close(opening);
      }
      int value = value(opening.object());
      return new Call(
          new Op.UpdateOpen(opening.number(), known(object), value),
          at -> {
            Op op = new Op.UpdateOpen(opening.number(), known(object), value);
            callers.pop();
            callers.push(opening.by());
            if (!runs(opening.by())) {
              return List.of();
            }
            Told told = changed(List.of(open.update(object, bytes(value))));
            return List.of(new Done(op, told.text(), told.version(), false));
          });
    }

    private Call close(Opening opening) {
      Op op = new Op.Close(opening.number());
      return new Call(
          op,
          _ -> {
            callers.pop();
            callers.push(opening.by());
            if (!runs(opening.by()) || !openings.remove(opening)) {
              return List.of();
            }
            try {
              opening.handle().close();
            } catch (Killed e) {
              // It is as good as closed.
            } catch (Exception e) {
              throw new AssertionError("closing does not fail", e);
            }
            return List.of(new Done(op, "ok", 0, false));
          });
    }

    private static List<String> names(Namespaces at, NsHandle handle) {
      return at.listAll(handle, NamePattern.ALL).stream().map(Listed::name).toList();
    }

    private Told met(Optional<NsObject> found) {
      found.ifPresent(seen::add);
      return told(found.map(this::text).orElse("none"), 0);
    }

    private String text(NsObject object) {
      return Model.text(
          label(object),
          number(object.namespace()),
          object.name(),
          number(object.value()),
          object.draining());
    }

    /** Also of one that was created by somebody who did not live to tell. */
    private int label(NsObject object) {
      Integer known = labels.get(object.xid());
      if (known != null) {
        return known;
      }
      Integer made = owners.get(number(object.value()));
      if (made == null) {
        throw new AssertionError("an object from nowhere: " + object);
      }
      know(made, object.xid());
      return made;
    }

    private void know(int object, long xid) {
      labels.put(xid, object);
      Long before = xids.put(object, xid);
      assertThat(before == null || before == xid).as("one object has two ids").isTrue();
    }

    /** A node shows what the model holds. */
    private Map<Integer, NsObject> look(NsPeer peer) {
      Set<String> lines = new LinkedHashSet<>();
      Map<Integer, NsObject> found = new TreeMap<>();
      Namespaces at = peer.namespaces;
      for (Listed each : at.listNamespaces(NamePattern.ALL, "", 100).names()) {
        NamespaceInfo info = at.describe(new NsHandle(each.xid())).orElseThrow();
        lines.add(Model.lookOfSpace(numberOf(info), each.name(), info.quota()));
      }
      for (Map.Entry<Integer, NsHandle> space : spaces.entrySet()) {
        for (Listed each : at.listAll(space.getValue(), NamePattern.ALL)) {
          NsObject object = at.lookup(each.xid()).orElseThrow();
          lines.add(Model.lookOfName(space.getKey(), each.name(), label(object)));
        }
      }
      for (long xid : List.copyOf(xids.values())) {
        at.lookup(xid).ifPresent(object -> found.put(label(object), object));
      }
      found.values().forEach(object -> lines.add(lookOf(object)));
      openings.stream()
          .filter(opening -> opening.by().equals(peer))
          .filter(opening -> opening.handle() instanceof NsOpen)
          .forEach(opening -> lines.add(lookOf(opening)));
      Map<Integer, Long> counts = new TreeMap<>();
      xids.forEach((object, xid) -> counts.put(object, at.references(xid)));
      counts.values().removeIf(count -> count == 0);
      String look =
          lines.stream().sorted().collect(Collectors.joining("\n", "", "\nreferences " + counts));
      Map<Integer, Long> versionsNow = new TreeMap<>();
      found.forEach((object, now) -> versionsNow.put(object, now.version()));
      long incarnation = peer.actor.member().incarnation();
      String wanted = worlds.looks(incarnation);
      assertThat(
              worlds.keep(
                  model -> model.look(incarnation).equals(look) && model.adopt(versionsNow)))
          .as(
              "node=%s shows\n%s %s\nwanted\n%s\nafter\n%s",
              peer.actor, look, versionsNow, wanted, last())
          .isTrue();
      note(peer, found);
      return found;
    }

    private String lookOf(NsObject object) {
      return Model.lookOfObject(text(object), object.lifetime(), object.opened());
    }

    private String lookOf(Opening opening) {
      boolean held = opening.handle() instanceof NsOpen open && open.isHeld();
      if (!held) {
        probes.reached("opening-lost");
      }
      return Model.lookOfOpening(opening.number(), held);
    }

    private void note(NsPeer peer, Map<Integer, NsObject> found) {
      Map<Integer, String> moment = new TreeMap<>();
      found.forEach(
          (object, now) -> {
            moment.put(object, text(now));
            versions.computeIfAbsent(object, _ -> new TreeMap<>()).put(now.version(), text(now));
          });
      moments.put(peer.actor.log().applied(), moment);
    }

    /** History and views of the past tell what was seen at the time. */
    private void lookBack() {
      NsPeer peer = dice.pick(peers);
      boolean forgot = forgetful.contains(peer.actor.member().incarnation());
      versions.forEach((object, seenThen) -> lookBack(peer, xid(object), seenThen, forgot));
      List<Long> positions = List.copyOf(moments.keySet());
      for (int i = 0; i < 5; i++) {
        long position = dice.pick(positions);
        Map<Integer, String> moment = Objects.requireNonNull(moments.get(position));
        NamespacesAt then = peer.namespaces.at(position);
        xids.forEach(
            (object, xid) -> {
              try {
                assertThat(then.lookup(xid).map(this::text))
                    .as("object=%d position=%d", object, position)
                    .isEqualTo(Optional.ofNullable(moment.get(object)));
              } catch (NsException.TooOld e) {
                assertThat(forgot).as("%s", e).isTrue();
              }
            });
      }
    }

    private long xid(int object) {
      return Objects.requireNonNull(xids.get(object));
    }

    private void lookBack(NsPeer peer, long xid, TreeMap<Long, String> seenThen, boolean forgot) {
      Map<Long, String> told = new TreeMap<>();
      try {
        ObjectHistory history = peer.namespaces.history(xid);
        while (history.end().isEmpty()) {
          for (ObjectVersion version : history.next(3)) {
            version.object().ifPresent(object -> told.put(version.position(), text(object)));
          }
        }
        assertThat(history.end()).contains(new HistoryEnd.Created());
      } catch (NsException.NotFound e) {
        assertThat(forgot && peer.namespaces.lookup(xid).isEmpty()).as("%s", e).isTrue();
        return;
      }
      assertThat(told).as("history of %s", Long.toHexString(xid)).containsAllEntriesOf(seenThen);
    }

    private static int number(byte[] value) {
      return new WireReader(value).int32();
    }

    private static byte[] bytes(int value) {
      WireWriter out = new WireWriter(Op.length(value)).int32(value);
      for (int left = Op.length(value) - 4; left > 0; left--) {
        out.int8(left);
      }
      return out.toBytes();
    }

    /** Follows the objects of the root, on one node after another, from where it was. */
    private final class Follower {
      private NsPeer at;
      private NsWatch watch;
      private final Map<Long, NsObject> objects = new TreeMap<>();
      private long position;

      Follower(NsPeer at) {
        this.at = at;
        watch = at.namespaces.watch(NsHandle.ROOT, NamePattern.ALL);
      }

      /** What it was told makes what is there now. */
      void follow(Map<Integer, NsObject> now) {
        try {
          if (!at.actor.here()) {
            probes.reached("watch-went-on");
            at = dice.pick(peers);
            watch = at.namespaces.watch(NsHandle.ROOT, NamePattern.ALL, watch.bookmark());
          }
          for (NsEvent event = next(); event != null; event = next()) {
            take(event);
          }
        } catch (NsException.Overtaken e) {
          assertThat(forgetful).as("%s", e).contains(at.actor.member().incarnation());
          watch = at.namespaces.watch(NsHandle.ROOT, NamePattern.ALL);
          objects.clear();
          now.values().stream()
              .filter(Follower::inRoot)
              .forEach(object -> objects.put(object.xid(), object));
        }
        assertThat(live(objects.values())).as("%s", last()).isEqualTo(live(now.values()));
      }

      private static boolean inRoot(NsObject object) {
        return object.namespace().equals(NsHandle.ROOT);
      }

      private Map<Long, NsObject> live(Iterable<NsObject> all) {
        Map<Long, NsObject> live = new TreeMap<>();
        all.forEach(
            object -> {
              if (inRoot(object) && !object.draining()) {
                live.put(object.xid(), object);
              }
            });
        return live;
      }

      private @Nullable NsEvent next() {
        try {
          return watch.next(Duration.ofNanos(1)).orElse(null);
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }

      private void take(NsEvent event) {
        assertThat(event.position()).as("%s", event).isGreaterThanOrEqualTo(position);
        position = event.position();
        NsObject object = event.object();
        NsObject before =
            switch (event) {
              case NsEvent.Created _ -> null;
              case NsEvent.Updated(NsObject then, NsObject _) -> then;
              case NsEvent.Renamed(NsObject then, NsObject _) -> then;
              case NsEvent.Deleted(NsObject then, NsObject _) -> then;
              case NsEvent.Freed(NsObject then, long _) -> then;
            };
        if (before == null || inRoot(before)) {
          assertThat(objects.get(object.xid())).as("%s", event).isEqualTo(before);
        }
        if (event instanceof NsEvent.Freed || !inRoot(object)) {
          objects.remove(object.xid());
        } else {
          objects.put(object.xid(), object);
        }
      }
    }
  }
}

package io.quire.ns;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What namespaces mean, without nodes: one state that they may be in, and operations one after
 * another on plain maps. Versions that nobody was told are 0 until they are looked up.
 */
final class Model {
  private record Thing(
      int object,
      int space,
      String name,
      int value,
      long version,
      boolean draining,
      Lifetime lifetime,
      long creator,
      boolean opened) {
    Thing valued(int next, long at) {
      return new Thing(object, space, name, next, at, draining, lifetime, creator, opened);
    }

    Thing moved(int to, String next, long at) {
      return new Thing(object, to, next, value, at, draining, lifetime, creator, opened);
    }

    Thing deleted() {
      return new Thing(object, space, name, value, 0, true, lifetime, creator, opened);
    }

    Thing wasOpened(long at) {
      return new Thing(object, space, name, value, at, draining, lifetime, creator, true);
    }

    String text() {
      return Model.text(object, space, name, value, draining);
    }
  }

  /**
   * @param mode null of a reference
   * @param held false if the session by which it was open ended
   */
  private record Holding(int object, long by, @Nullable OpenMode mode, boolean held) {}

  private record Room(String name, Quota quota) {}

  private final TreeMap<Integer, Thing> things = new TreeMap<>();
  private final TreeMap<Integer, Room> rooms = new TreeMap<>();
  private final TreeMap<Integer, Holding> holdings = new TreeMap<>();
  private final TreeSet<Long> over = new TreeSet<>();

  Model copy() {
    Model copy = new Model();
    copy.things.putAll(things);
    copy.rooms.putAll(rooms);
    copy.holdings.putAll(holdings);
    copy.over.addAll(over);
    return copy;
  }

  /** All that there is, so that equal states have equal keys. */
  String key() {
    return things + " " + rooms + " " + holdings + " " + over;
  }

  static String text(int object, int space, String name, int value, boolean draining) {
    return object + ":" + space + "/" + name + "=" + value + (draining ? " draining" : "");
  }

  /**
   * Does it, if that can be.
   *
   * @param version that the caller was told, or 0
   * @return what a caller may be told: one answer if it was done, else any of some errors
   */
  Set<String> apply(Op op, long version) {
    return switch (op) {
      case Op.Create _, Op.Update _, Op.Move _, Op.DeleteSeen _, Op.Unchanged _ ->
          change(List.of(op), version);
      case Op.Together(var changes) -> change(changes, version);
      case Op.UpdateOpen(int opening, Op.Seen seen, int value) ->
          updateOpen(opening, seen, value, version);
      case Op.Delete(int space, String name) -> {
        Thing thing = named(space, name);
        if (thing == null) {
          yield Set.of("NotFound");
        }
        put(thing.deleted());
        yield Set.of("ok");
      }
      case Op.DeleteMatching(int space, String prefix) ->
          Set.of("ok " + deleteAll(thing -> in(thing, space) && thing.name.startsWith(prefix)));
      case Op.Lookup(int space, String name) -> Set.of(text(named(space, name)));
      case Op.LookupId(int object) -> Set.of(text(things.get(object)));
      case Op.Names(int space) -> Set.of(names(space).keySet().toString());
      case Op.Tree(int space, String directory) -> Set.of(below(space, directory).toString());
      case Op.UsageOf(int space) -> Set.of(objects(space) + " " + bytes(space));
      case Op.Refer(int opening, int space, String name, long by) ->
          hold(opening, named(space, name), null, by, version);
      case Op.ReferId(int opening, int object, long by) ->
          hold(opening, things.get(object), null, by, version);
      case Op.Open(int opening, int space, String name, OpenMode mode, long by) ->
          hold(opening, named(space, name), mode, by, version);
      case Op.OpenId(int opening, int object, OpenMode mode, long by) ->
          hold(opening, things.get(object), mode, by, version);
      case Op.Close(int opening) -> {
        holdings.remove(opening);
        yield Set.of("ok");
      }
      case Op.CreateSpace(int space, String name, Quota quota) -> {
        if (rooms.values().stream().anyMatch(room -> room.name.equals(name))) {
          yield Set.of("NameTaken");
        }
        rooms.put(space, new Room(name, quota));
        yield Set.of("ok");
      }
      case Op.Limit(int space, Quota quota) ->
          Set.of(
              rooms.computeIfPresent(space, (_, room) -> new Room(room.name, quota)) == null
                  ? "NotFound"
                  : "ok");
      case Op.Destroy(int space) -> {
        if (rooms.remove(space) == null) {
          yield Set.of("NotFound");
        }
        int _ = deleteAll(thing -> in(thing, space));
        yield Set.of("ok");
      }
      case Op.FindSpace(String name) ->
          Set.of(
              rooms.entrySet().stream()
                  .filter(room -> room.getValue().name.equals(name))
                  .map(room -> "" + room.getKey())
                  .findFirst()
                  .orElse("none"));
      case Op.Spaces() ->
          Set.of(rooms.values().stream().map(Room::name).sorted().toList().toString());
    };
  }

  /**
   * States in which a deletion passed by some of what was moved or created while it was under way:
   * it takes each object for itself, under the name by which it was listed.
   */
  List<Model> eachForItself(Op.DeleteMatching op, Set<Integer> named, String told) {
    List<Model> left = new ArrayList<>();
    for (Model each : perhaps(op)) {
      List<Thing> spared =
          each.things.values().stream()
              .filter(thing -> in(thing, op.space()) && thing.name.startsWith(op.prefix()))
              .toList();
      int deleted = each.draining() - draining();
      if (!spared.isEmpty()
          && spared.stream().allMatch(thing -> named.contains(thing.object))
          && told.equals("ok " + deleted)) {
        left.add(each);
      }
    }
    return left;
  }

  private int draining() {
    return (int) things.values().stream().filter(Thing::draining).count();
  }

  /** Every state that an operation may leave of which nobody knows what became. */
  List<Model> perhaps(Op op) {
    List<Model> all = new ArrayList<>(List.of(this));
    switch (op) {
      case Op.DeleteMatching(int space, String prefix) -> {
        for (Thing thing : List.copyOf(things.values())) {
          if (in(thing, space) && thing.name.startsWith(prefix)) {
            all.addAll(all.stream().map(each -> each.with(thing.deleted())).toList());
          }
        }
      }
      case Op.Destroy(int space) -> {
        Model ended = copy();
        if (ended.rooms.remove(space) != null) {
          all.add(ended);
        }
      }
      case Op.Open(int _, int space, String name, OpenMode _, long _) ->
          addOpened(all, named(space, name));
      case Op.OpenId(int _, int object, OpenMode _, long _) -> addOpened(all, things.get(object));
      // Whoever does not know whether it is his has nothing that holds.
      case Op.Refer _, Op.ReferId _ -> {}
      default -> {
        Model done = copy();
        Set<String> told = done.apply(op, 0);
        if (told.contains("ok")) {
          all.add(done);
        }
      }
    }
    return all;
  }

  private void addOpened(List<Model> all, @Nullable Thing thing) {
    if (thing != null && !thing.draining && thing.lifetime == Lifetime.UNTIL_CLOSED) {
      all.add(with(thing.wasOpened(0)));
    }
  }

  private Model with(Thing thing) {
    Model copy = copy();
    copy.put(thing);
    return copy;
  }

  private void put(Thing thing) {
    things.put(thing.object, thing);
  }

  private static boolean in(Thing thing, int space) {
    return !thing.draining && thing.space == space;
  }

  private TreeMap<String, Thing> names(int space) {
    TreeMap<String, Thing> names = new TreeMap<>();
    things.values().stream()
        .filter(thing -> in(thing, space))
        .forEach(thing -> names.put(thing.name, thing));
    return names;
  }

  private @Nullable Thing named(int space, String name) {
    return names(space).get(name);
  }

  private int objects(int space) {
    return names(space).size();
  }

  private long bytes(int space) {
    return names(space).values().stream().mapToLong(thing -> Op.length(thing.value)).sum();
  }

  private static String text(@Nullable Thing thing) {
    return thing == null ? "none" : thing.text();
  }

  private int deleteAll(Predicate<Thing> which) {
    List<Thing> gone = things.values().stream().filter(which).toList();
    gone.forEach(thing -> put(thing.deleted()));
    return gone.size();
  }

  private TreeSet<String> below(int space, String directory) {
    return names(space).keySet().stream()
        .filter(name -> name.startsWith(directory))
        .map(
            name -> {
              int slash = name.indexOf('/', directory.length());
              return slash < 0 ? name : name.substring(0, slash + 1);
            })
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private Set<String> hold(
      int opening, @Nullable Thing thing, @Nullable OpenMode mode, long by, long version) {
    if (thing == null) {
      return Set.of("none");
    }
    boolean denied =
        mode != null
            && holdings.values().stream()
                .filter(other -> other.object == thing.object && other.held)
                .anyMatch(other -> other.mode != null && !together(other.mode, mode));
    if (denied || thing.draining) {
      Set<String> wrong = new TreeSet<>();
      if (denied) {
        wrong.add("Denied");
      }
      if (thing.draining) {
        wrong.add("Draining");
      }
      return wrong;
    }
    holdings.put(opening, new Holding(thing.object, by, mode, true));
    if (mode != null && thing.lifetime == Lifetime.UNTIL_CLOSED && !thing.opened) {
      put(thing.wasOpened(version));
    }
    return Set.of(thing.text());
  }

  private static boolean together(OpenMode one, OpenMode other) {
    boolean share = one == OpenMode.READ || one == OpenMode.WRITE;
    boolean shareToo = other == OpenMode.READ || other == OpenMode.WRITE;
    return share
        ? one == OpenMode.READ && other == OpenMode.READ
        : !shareToo && (one == OpenMode.READ_BESIDE || other == OpenMode.READ_BESIDE);
  }

  private Set<String> updateOpen(int opening, Op.Seen seen, int value, long version) {
    Holding holding = holdings.get(opening);
    OpenMode mode = holding == null ? null : holding.mode;
    if (holding == null || mode == null || !holding.held) {
      return Set.of("StaleHandle");
    }
    Thing thing = things.get(seen.object());
    Set<String> wrong = new TreeSet<>();
    if (mode == OpenMode.READ || mode == OpenMode.READ_BESIDE) {
      wrong.add("Denied");
    } else if (thing == null || thing.version != seen.version()) {
      wrong.add("Stale");
    }
    if (thing != null && wrong.isEmpty()) {
      Model next = with(thing.valued(value, version));
      wrong.addAll(next.exceeds(this));
    }
    if (wrong.isEmpty() && thing != null) {
      put(thing.valued(value, version));
      return Set.of("ok");
    }
    return wrong;
  }

  private Set<String> change(List<Op> changes, long version) {
    Set<String> wrong = new TreeSet<>();
    Set<String> freed = new HashSet<>();
    changes.forEach(change -> wrong.addAll(wrong(change, freed)));
    changes.forEach(
        change -> {
          String given =
              switch (change) {
                case Op.Create create -> create.space() + "/" + create.name();
                case Op.Move move -> move.space() + "/" + move.name();
                default -> "";
              };
          boolean taken =
              things.values().stream()
                  .anyMatch(
                      thing -> !thing.draining && given.equals(thing.space + "/" + thing.name));
          if (taken && !freed.contains(given)) {
            wrong.add("NameTaken");
          }
        });
    Model next = copy();
    if (wrong.isEmpty()) {
      changes.forEach(change -> next.make(change, version));
      wrong.addAll(next.exceeds(this));
    } else if (!rooms.isEmpty()) {
      wrong.add("QuotaExceeded"); // It is refused for whatever is found first.
    }
    if (wrong.isEmpty()) {
      things.putAll(next.things);
      return Set.of("ok");
    }
    return wrong;
  }

  private Set<String> wrong(Op change, Set<String> freed) {
    Set<String> wrong = new TreeSet<>();
    switch (change) {
      case Op.Create create -> exists(create.space(), wrong);
      case Op.Update(Op.Seen seen, int _) -> current(seen, true, wrong);
      case Op.Unchanged(Op.Seen seen) -> current(seen, false, wrong);
      case Op.DeleteSeen(Op.Seen seen) -> {
        current(seen, true, wrong);
        freed.add(seen.space() + "/" + seen.name());
      }
      case Op.Move(Op.Seen seen, int space, String name) -> {
        current(seen, true, wrong);
        if (space != seen.space()) {
          exists(space, wrong);
        } else if (name.equals(seen.name())) {
          wrong.add("NameTaken");
        }
        freed.add(seen.space() + "/" + seen.name());
      }
      default -> throw new IllegalArgumentException("not a change of one object: " + change);
    }
    return wrong;
  }

  private void exists(int space, Set<String> wrong) {
    if (space != 0 && !rooms.containsKey(space)) {
      wrong.add("NotFound");
    }
  }

  private void current(Op.Seen seen, boolean live, Set<String> wrong) {
    Thing thing = things.get(seen.object());
    if (live && seen.draining()) {
      wrong.add("Draining");
    }
    if (thing == null || thing.version != seen.version()) {
      wrong.add("Stale");
    }
  }

  private void make(Op change, long version) {
    switch (change) {
      case Op.Create(
              int object,
              int space,
              String name,
              int value,
              Lifetime lifetime,
              long creator) ->
          put(new Thing(object, space, name, value, version, false, lifetime, creator, false));
      case Op.Update(Op.Seen seen, int value) ->
          things.computeIfPresent(seen.object(), (_, thing) -> thing.valued(value, version));
      case Op.Move(Op.Seen seen, int space, String name) ->
          things.computeIfPresent(seen.object(), (_, thing) -> thing.moved(space, name, version));
      case Op.DeleteSeen(Op.Seen seen) ->
          things.computeIfPresent(seen.object(), (_, thing) -> thing.deleted());
      default -> {}
    }
  }

  /** Whether it holds more than before, and more than it may. */
  private Set<String> exceeds(Model before) {
    for (Map.Entry<Integer, Room> room : rooms.entrySet()) {
      int space = room.getKey();
      Quota quota = room.getValue().quota;
      boolean objects = objects(space) > before.objects(space) && objects(space) > quota.objects();
      boolean bytes = bytes(space) > before.bytes(space) && bytes(space) > quota.bytes();
      if (objects || bytes) {
        return Set.of("QuotaExceeded");
      }
    }
    return Set.of();
  }

  /**
   * What may happen next by itself as time passes.
   *
   * @param losing incarnations whose sessions may end
   * @param dead those of them that exited
   */
  List<Model> drift(Set<Long> losing, Set<Long> dead) {
    List<Model> next = new ArrayList<>();
    for (long one : losing) {
      if (!over.contains(one)) {
        Model lost = copy();
        lost.over.add(one);
        lost.holdings.replaceAll(
            (_, of) -> of.by == one ? new Holding(of.object, one, of.mode, false) : of);
        lost.holdings.values().removeIf(of -> of.by == one && dead.contains(one));
        next.add(lost);
      }
    }
    for (Thing thing : things.values()) {
      if (thing.draining && mayBeFreed(thing)) {
        Model freed = copy();
        freed.things.remove(thing.object);
        next.add(freed);
      } else if (!thing.draining && (doomed(thing) || over.contains(session(thing)))) {
        next.add(with(thing.deleted()));
      }
    }
    return next;
  }

  private static long session(Thing thing) {
    return thing.lifetime == Lifetime.SESSION ? thing.creator : -1;
  }

  /** A reference does not outlive the session of its node, though the node may still have it. */
  private boolean mayBeFreed(Thing thing) {
    return holdings.values().stream()
        .noneMatch(holding -> holding.object == thing.object && !over.contains(holding.by));
  }

  private boolean unused(Thing thing) {
    return holdings.values().stream().noneMatch(holding -> holding.object == thing.object);
  }

  /** Whether it ends in any case. */
  private boolean doomed(Thing thing) {
    boolean closed =
        thing.lifetime == Lifetime.UNTIL_CLOSED
            && thing.opened
            && holdings.values().stream()
                .noneMatch(of -> of.object == thing.object && of.mode != null && of.held);
    return closed || (thing.space != 0 && !rooms.containsKey(thing.space));
  }

  /** Whether all has happened that is due once the sessions of the dead have ended. */
  boolean atRest(Set<Long> dead) {
    return over.containsAll(dead)
        && things.values().stream()
            .noneMatch(
                thing ->
                    thing.draining
                        ? unused(thing)
                        : doomed(thing) || dead.contains(session(thing)));
  }

  /** From here on sessions that may have ended are those that did. */
  void settled(Set<Long> dead) {
    over.retainAll(dead);
  }

  /** Takes over versions as they were looked up; false if it knows others. */
  boolean adopt(Map<Integer, Long> versions) {
    for (Thing thing : List.copyOf(things.values())) {
      Long found = versions.get(thing.object);
      if (found == null || (thing.version != 0 && thing.version != found)) {
        return false;
      }
      put(
          new Thing(
              thing.object,
              thing.space,
              thing.name,
              thing.value,
              found,
              thing.draining,
              thing.lifetime,
              thing.creator,
              thing.opened));
    }
    return true;
  }

  /** All that a node shows of it. */
  String look(long incarnation) {
    Stream<String> spaces =
        rooms.entrySet().stream()
            .map(room -> lookOfSpace(room.getKey(), room.getValue().name, room.getValue().quota));
    Stream<String> names =
        things.values().stream()
            .filter(thing -> !thing.draining)
            .map(thing -> lookOfName(thing.space, thing.name, thing.object));
    Stream<String> objects =
        things.values().stream()
            .map(thing -> lookOfObject(thing.text(), thing.lifetime, thing.opened));
    Stream<String> held =
        holdings.entrySet().stream()
            .filter(of -> of.getValue().by == incarnation && of.getValue().mode != null)
            .map(of -> lookOfOpening(of.getKey(), of.getValue().held));
    Map<Integer, Long> counts =
        holdings.values().stream()
            .filter(of -> of.by == incarnation && things.containsKey(of.object))
            .collect(Collectors.groupingBy(Holding::object, TreeMap::new, Collectors.counting()));
    return Stream.of(spaces, names, objects, held)
        .flatMap(lines -> lines)
        .sorted()
        .collect(joining("\n", "", "\nreferences " + counts));
  }

  static String lookOfSpace(int space, String name, Quota quota) {
    return "space " + space + " " + name + " " + quota;
  }

  static String lookOfName(int space, String name, int object) {
    return "name " + space + "/" + name + " " + object;
  }

  static String lookOfObject(String text, Lifetime lifetime, boolean opened) {
    return "object " + text + " " + lifetime + (opened ? " opened" : "");
  }

  static String lookOfOpening(int opening, boolean held) {
    return "opening " + opening + (held ? " held" : " lost");
  }
}

package io.quire.harness.chaos;

import io.quire.node.Node;
import io.quire.ns.Created;
import io.quire.ns.HistoryEnd;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePage;
import io.quire.ns.NamePage.Listed;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NamespacesAt;
import io.quire.ns.NewObject;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsListing;
import io.quire.ns.NsObject;
import io.quire.ns.NsOpen;
import io.quire.ns.NsTransaction;
import io.quire.ns.ObjectHistory;
import io.quire.ns.ObjectVersion;
import io.quire.ns.OpenMode;
import io.quire.ns.TreePage;
import io.quire.ns.Usage;
import io.quire.sim.Action;
import io.quire.sim.Dice;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A client that uses what namespaces offer beyond single objects: two namespaces, one with a quota,
 * and transactions over both; many objects at once; modes; listings and trees page by page; objects
 * that go with their last close; what was. All such clients of all nodes share their names. What a
 * single look can tell to be wrong it says itself, the rest is judged from the journals. Confined
 * to its thread.
 */
final class NamesClient {
  private static final long THINK_MILLIS_MAX = 40;
  private static final long REFUSED_MILLIS = 40;
  private static final long HOLD_MILLIS_MAX = 120;
  private static final long LOOK_MILLIS = 10;
  private static final long WAIT_MILLIS_MAX = 2_000;
  private static final int REMEMBERED = 30;
  private static final int DESTROYED_AFTER = 2;

  private final String name;
  private final Node node;
  private final Journal journal;
  private final Dice dice;
  private final long begun;
  private final BooleanSupplier over;
  private final ObjectCalls calls;
  private final Map<String, NsObject> seen = new HashMap<>();
  private final Deque<NsObject> acknowledged = new ArrayDeque<>();
  private int age = -1;
  private boolean tokenKnown;

  NamesClient(
      String name, Node node, Journal journal, Dice dice, long begun, BooleanSupplier over) {
    this.name = name;
    this.node = node;
    this.journal = journal;
    this.dice = dice;
    this.begun = begun;
    this.over = over;
    calls = new ObjectCalls(name, journal);
  }

  /** Works until it is told that it is over. */
  void run() {
    while (!over.getAsBoolean()) {
      Keys keys = Keys.now(begun);
      if (keys.age() != age) {
        age = keys.age();
        tokenKnown = false;
        seen.clear();
        destroyOld();
      }
      try {
        act(keys);
      } catch (NsException e) {
        // Of something that is not written down: the namespaces were not found, for one.
        calls.refused();
      } catch (RuntimeException e) {
        journal.broken("client failed: client=" + name + " cause=" + e);
        throw e;
      }
      ChaosClient.pause(calls.takeRefused() ? REFUSED_MILLIS : dice.between(0, THINK_MILLIS_MAX));
    }
  }

  private Namespaces names() {
    return node.namespaces();
  }

  private void act(Keys keys) {
    List<String> all = new ArrayList<>(keys.wideNames());
    all.addAll(keys.narrowNames());
    String key = dice.pick(all);
    String other = dice.pick(all);
    switch ((int) dice.between(0, 29)) {
      case 0, 1, 2 -> lookup(keys, key);
      case 3, 4 -> create(keys, key);
      case 5, 6 -> createAll(keys, dice.nextBoolean() ? keys.wideNames() : keys.narrowNames());
      case 7, 8, 9 -> update(keys, key);
      case 10, 11 -> move(keys, key, other);
      case 12 -> delete(keys, key);
      case 13, 14, 15 -> together(keys, key, other);
      case 16 -> deleteMatching(keys);
      case 17, 18 -> changePair(keys);
      case 19, 20 -> lookAtPair(keys);
      case 21, 22 -> moveToken(keys);
      case 23 -> listTokens(keys);
      case 24 -> treeOfTokens(keys);
      case 25, 26 -> count(keys, dice.nextBoolean());
      case 27 -> openForOnce(keys);
      case 28 -> lookAtUsage(keys);
      default -> lookBack();
    }
  }

  private static byte[] bytes(String text) {
    return ObjectCalls.bytes(text);
  }

  private static String text(NsObject object) {
    return ObjectCalls.text(object.value());
  }

  private NsHandle room(Keys keys, String key) {
    return keys.room(names(), key);
  }

  private Optional<NsObject> lookup(Keys keys, String key) {
    NsHandle room = room(keys, key);
    Optional<NsObject> found = calls.read("lookup", key, () -> names().lookup(room, key));
    found.ifPresentOrElse(object -> seen.put(key, object), () -> seen.remove(key));
    return found;
  }

  /** As it was seen last, which may be long ago. */
  private Optional<NsObject> known(Keys keys, String key) {
    NsObject object = seen.get(key);
    return object != null ? Optional.of(object) : lookup(keys, key);
  }

  /** It was acknowledged: histories have to tell of it from now on. */
  private NsObject acknowledge(NsObject object) {
    seen.put(object.name(), object);
    acknowledged.addLast(object);
    if (acknowledged.size() > REMEMBERED) {
      acknowledged.removeFirst();
    }
    return object;
  }

  private void create(Keys keys, String key) {
    NsHandle room = room(keys, key);
    String value = calls.next();
    calls.change(
        "create",
        List.of(new Part(key, Action.create(value))),
        () -> {
          NsObject made = names().create(room, key, "chaos", Lifetime.DURABLE, bytes(value));
          return ObjectCalls.written(1, acknowledge(made).version());
        },
        e -> e instanceof NsException.NameTaken ? List.of(Result.REFUSED) : null);
  }

  private void createAll(Keys keys, List<String> some) {
    NsHandle room = room(keys, some.getFirst());
    List<NewObject> wanted = new ArrayList<>();
    List<Part> parts = new ArrayList<>();
    for (String key : some.subList(0, (int) dice.between(1, some.size()))) {
      String value = calls.next();
      wanted.add(new NewObject(key, "chaos", bytes(value)));
      parts.add(new Part(key, Action.create(value)));
    }
    calls.change(
        "create-all",
        parts,
        () ->
            names().createAll(room, wanted).stream()
                .map(
                    created ->
                        switch (created) {
                          case Created.Made(NsObject made) ->
                              new Result.Written(acknowledge(made).version());
                          case Created.NameTaken _ -> Result.REFUSED;
                          case Created.Failed(String _, NsException.Indeterminate _) ->
                              Result.UNKNOWN;
                          case Created.Failed _ -> Result.FAILED;
                        })
                .toList(),
        _ -> null);
  }

  private void update(Keys keys, String key) {
    known(keys, key).ifPresent(object -> update(key, object));
  }

  private void update(String key, NsObject object) {
    String value = calls.next();
    calls.change(
        "update",
        List.of(new Part(key, Action.writeIfVersion(object.version(), value))),
        () -> {
          NsObject next = names().update(object, bytes(value));
          return ObjectCalls.written(1, acknowledge(next).version());
        },
        e -> {
          seen.remove(key);
          return e instanceof NsException.Stale ? List.of(Result.REFUSED) : null;
        });
  }

  private void move(Keys keys, String from, String to) {
    if (from.equals(to)) {
      return;
    }
    NsHandle room = room(keys, to);
    known(keys, from)
        .ifPresent(
            object ->
                calls.change(
                    "move",
                    List.of(
                        new Part(from, Action.writeIfVersion(object.version(), null)),
                        new Part(to, Action.create(text(object)))),
                    () -> {
                      NsObject moved =
                          names().transaction().move(object, room, to).commit().getFirst();
                      seen.remove(from);
                      return ObjectCalls.written(2, acknowledge(moved).version());
                    },
                    _ -> {
                      seen.remove(from);
                      return null;
                    }));
  }

  private void delete(Keys keys, String key) {
    known(keys, key)
        .ifPresent(
            object -> {
              seen.remove(key);
              calls.change(
                  "delete",
                  List.of(new Part(key, Action.writeIfVersion(object.version(), null))),
                  () -> {
                    names().delete(object);
                    return ObjectCalls.written(1, 0);
                  },
                  e -> e instanceof NsException.Stale ? List.of(Result.REFUSED) : null);
            });
  }

  /** Changes two objects at once, mostly of two namespaces: each is created, updated or deleted. */
  private void together(Keys keys, String one, String other) {
    if (one.equals(other)) {
      return;
    }
    NsTransaction transaction = names().transaction();
    List<Part> parts = new ArrayList<>();
    long before = 0;
    for (String key : List.of(one, other)) {
      Optional<NsObject> object = known(keys, key);
      long xid = object.map(NsObject::xid).orElse(0L);
      if (xid != 0 && xid == before) {
        return; // It was seen under both names, one after the other.
      }
      before = xid;
      String value = calls.next();
      NsTransaction _ =
          switch (object.isEmpty() ? 0 : (int) dice.between(1, 4)) {
            case 0 -> {
              NsHandle room = room(keys, key);
              parts.add(new Part(key, Action.create(value)));
              yield transaction.create(room, key, "chaos", Lifetime.DURABLE, bytes(value));
            }
            case 1 -> {
              long version = object.get().version();
              parts.add(new Part(key, Action.writeIfVersion(version, null)));
              yield transaction.delete(object.get());
            }
            default -> {
              long version = object.get().version();
              parts.add(new Part(key, Action.writeIfVersion(version, value)));
              yield transaction.update(object.get(), bytes(value));
            }
          };
    }
    commit("together", transaction, parts);
  }

  private void commit(String verb, NsTransaction transaction, List<Part> parts) {
    calls.change(
        verb,
        parts,
        () -> {
          List<NsObject> after = transaction.commit();
          after.stream().filter(object -> !object.draining()).forEach(this::acknowledge);
          after.stream().filter(NsObject::draining).forEach(object -> seen.remove(object.name()));
          return ObjectCalls.written(parts.size(), after.getFirst().version());
        },
        _ -> {
          parts.forEach(part -> seen.remove(part.key()));
          return null;
        });
  }

  /** Deletes what there is of the narrow names, each for itself. */
  private void deleteMatching(Keys keys) {
    List<String> all = keys.narrowNames();
    NsHandle room = room(keys, all.getFirst());
    all.forEach(seen::remove);
    calls.change(
        "delete-matching",
        all.stream().map(key -> new Part(key, Action.delete())).toList(),
        () -> {
          int _ = names().deleteAll(room, NamePattern.startingWith(keys.narrow() + "a/"));
          return ObjectCalls.written(all.size(), 0);
        },
        // Some may be gone all the same.
        e -> e instanceof NsException ? Collections.nCopies(all.size(), Result.UNKNOWN) : null);
  }

  /** The narrow namespace of an age that is over goes, with all that is in it. */
  private void destroyOld() {
    Keys old = new Keys(age - DESTROYED_AFTER);
    if (old.age() < 0 || !dice.chance(0.3)) {
      return;
    }
    List<String> all = new ArrayList<>(old.narrowNames());
    all.add(old.pair().getLast());
    calls.change(
        "destroy",
        all.stream().map(key -> new Part(key, Action.delete())).toList(),
        () -> {
          names().destroyNamespace(room(old, old.narrow()));
          return ObjectCalls.written(all.size(), 0);
        },
        e -> e instanceof NsException ? Collections.nCopies(all.size(), Result.UNKNOWN) : null);
  }

  private void changePair(Keys keys) {
    List<Optional<NsObject>> pair = keys.pair().stream().map(key -> known(keys, key)).toList();
    NsTransaction transaction = names().transaction();
    List<Part> parts = new ArrayList<>();
    String value = calls.next();
    boolean both = pair.stream().allMatch(Optional::isPresent);
    boolean delete = dice.chance(0.2);
    for (int i = 0; i < pair.size(); i++) {
      String key = keys.pair().get(i);
      if (both) {
        NsObject object = pair.get(i).orElseThrow();
        parts.add(new Part(key, Action.writeIfVersion(object.version(), delete ? null : value)));
        NsTransaction _ =
            delete ? transaction.delete(object) : transaction.update(object, bytes(value));
      } else {
        parts.add(new Part(key, Action.create(value)));
        NsTransaction _ =
            transaction.create(room(keys, key), key, "chaos", Lifetime.DURABLE, bytes(value));
      }
    }
    commit("pair", transaction, parts);
  }

  /** At no position is there one without the other, and a listing of that moment says the same. */
  private void lookAtPair(Keys keys) {
    List<String> pair = keys.pair();
    NsHandle wide = room(keys, pair.getFirst());
    NsHandle narrow = room(keys, pair.getLast());
    NamePattern pattern = NamePattern.startingWith(pair.getFirst());
    try (NsListing listing = names().listing(wide, pattern)) {
      ChaosClient.pause(dice.between(0, LOOK_MILLIS));
      boolean listed = !listing.next(10).names().isEmpty();
      NamespacesAt then = names().at(listing.position());
      Optional<NsObject> one = then.lookup(wide, pair.getFirst());
      Optional<NsObject> other = then.lookup(narrow, pair.getLast());
      boolean same =
          one.map(NsObject::version).equals(other.map(NsObject::version))
              && one.map(NamesClient::text).equals(other.map(NamesClient::text));
      // Later the narrow namespace may be destroyed, which takes one of them.
      if (!same && Keys.now(begun).age() < keys.age() + DESTROYED_AFTER) {
        journal.broken(
            "half a transaction: position=%d %s %s".formatted(then.position(), one, other));
      }
      if (listed != one.isPresent()) {
        journal.broken("a listing is not of its moment: listed=%b then=%s".formatted(listed, one));
      }
    }
  }

  private void moveToken(Keys keys) {
    List<String> tokens = keys.tokens();
    NsHandle wide = room(keys, keys.wide());
    for (String token : tokens) {
      Optional<NsObject> here = names().lookup(wide, token);
      if (here.isPresent()) {
        seen.put(token, here.get());
        String to = dice.pick(tokens);
        move(keys, token, to);
        return;
      }
    }
    if (!tokenKnown) {
      String value = calls.next();
      List<String> made = List.of(keys.tokenMade(), tokens.getFirst());
      NsTransaction transaction = names().transaction();
      for (String key : made) {
        NsTransaction _ = transaction.create(wide, key, "chaos", Lifetime.DURABLE, bytes(value));
      }
      commit(
          "token",
          transaction,
          made.stream().map(key -> new Part(key, Action.create(value))).toList());
    }
  }

  /** Whether there must be a token from here on. */
  private boolean tokenIsThere(Keys keys) {
    tokenKnown |= names().lookup(room(keys, keys.wide()), keys.tokenMade()).isPresent();
    return tokenKnown;
  }

  /** Page by page, slowly, while it moves: it is at one place. */
  private void listTokens(Keys keys) {
    boolean there = tokenIsThere(keys);
    NsHandle wide = room(keys, keys.wide());
    calls.exist(
        "list",
        keys.tokens(),
        () -> {
          TreeSet<String> found = new TreeSet<>();
          try (NsListing listing =
              names().listing(wide, NamePattern.startingWith(keys.tokenDirectory()))) {
            Optional<String> more = Optional.of("");
            while (more.isPresent()) {
              ChaosClient.pause(dice.between(0, LOOK_MILLIS));
              NamePage page = listing.next(1);
              page.names().stream().map(Listed::name).forEach(found::add);
              more = page.next();
            }
          }
          checkTokens("listing", found, there);
          return found;
        });
  }

  private void treeOfTokens(Keys keys) {
    boolean there = tokenIsThere(keys);
    NsHandle wide = room(keys, keys.wide());
    calls.exist(
        "tree",
        keys.tokens(),
        () -> {
          TreeSet<String> found = new TreeSet<>();
          for (TreePage.Entry entry :
              names().tree(wide, keys.tokenDirectory(), "", 100).entries()) {
            found.add(entry.path() + "token");
          }
          checkTokens("tree", found, there);
          return found;
        });
  }

  private void checkTokens(String how, TreeSet<String> found, boolean there) {
    if (found.size() > 1 || (there && found.isEmpty())) {
      journal.broken("a %s is not of one moment: tokens=%s".formatted(how, found));
    }
  }

  private void lookAtUsage(Keys keys) {
    NsHandle narrow = room(keys, keys.narrow());
    Usage usage = names().usage(narrow);
    int listed = names().listAll(narrow, NamePattern.ALL).size();
    if (usage.objects() > Keys.NARROW.objects()
        || usage.bytes() > Keys.NARROW.bytes()
        || listed > Keys.NARROW.objects()) {
      journal.broken("beyond the quota: usage=%s listed=%d".formatted(usage, listed));
    }
  }

  private void count(Keys keys, boolean beside) {
    String key = keys.counter(beside);
    if (lookup(keys, key).isEmpty()) {
      counter(keys, key);
    }
    boolean writes = dice.chance(0.6);
    OpenMode mode =
        beside
            ? writes ? OpenMode.WRITE_BESIDE : OpenMode.READ_BESIDE
            : writes ? OpenMode.WRITE : OpenMode.READ;
    Duration wait = Duration.ofMillis(dice.between(0, WAIT_MILLIS_MAX));
    try (NsOpen open = names().open(room(keys, key), key, mode, wait).orElse(null)) {
      if (open != null) {
        hold(key, open, mode);
      }
    }
  }

  private void counter(Keys keys, String key) {
    NsHandle room = room(keys, key);
    String value = "0:" + calls.next();
    calls.change(
        "create",
        List.of(new Part(key, Action.create(value))),
        () -> {
          NsObject made = names().create(room, key, "chaos", Lifetime.DURABLE, bytes(value));
          return ObjectCalls.written(1, made.version());
        },
        e -> e instanceof NsException.NameTaken ? List.of(Result.REFUSED) : null);
  }

  private static long counted(NsObject object) {
    String value = text(object);
    return Long.parseLong(value.substring(0, value.indexOf(':')));
  }

  /**
   * From the first to the last time at which it was said to be open, it was. Whoever writes alone
   * counts up by one; what was counted is the generation, so that a later holder has the greater
   * one.
   */
  private void hold(String key, NsOpen open, OpenMode mode) {
    long from = System.nanoTime();
    if (!open.isHeld()) {
      return;
    }
    NsObject first = open.object();
    long generation = 2 * counted(first) + 1;
    boolean writes = mode == OpenMode.WRITE || mode == OpenMode.WRITE_BESIDE;
    if (writes) {
      boolean[] sure = new boolean[1];
      String value = counted(first) + 1 + ":" + calls.next();
      calls.change(
          "count",
          List.of(new Part(key, Action.writeIfVersion(first.version(), value))),
          () -> {
            NsObject next = open.update(first, bytes(value));
            sure[0] = true;
            return ObjectCalls.written(1, next.version());
          },
          e -> {
            if (e instanceof NsException.Stale && open.isHeld()) {
              journal.broken("counted by another while it was open: seen=%s".formatted(first));
            }
            return e instanceof NsException.Stale ? List.of(Result.REFUSED) : null;
          });
      if (!sure[0]) {
        return;
      }
      generation = 2 * (counted(first) + 1);
    }
    long until = from;
    long enough = from + TimeUnit.MILLISECONDS.toNanos(dice.between(0, HOLD_MILLIS_MAX));
    for (long asked = System.nanoTime(); open.isHeld(); asked = System.nanoTime()) {
      until = asked;
      if (asked - enough >= 0) {
        break;
      }
      ChaosClient.pause(LOOK_MILLIS);
    }
    if (mode == OpenMode.READ) {
      NsObject last = open.object();
      if (open.isHeld() && last.version() != first.version()) {
        journal.broken("written while readers had it open: %s %s".formatted(first, last));
      }
    }
    if (mode != OpenMode.READ_BESIDE) {
      journal.held(from, until, name, key, writes, generation);
    }
  }

  /** An object that goes when it is closed. */
  private void openForOnce(Keys keys) {
    NsHandle wide = room(keys, keys.wide());
    String own = keys.wide() + "once/" + calls.next();
    Lifetime lifetime = dice.chance(0.7) ? Lifetime.UNTIL_CLOSED : Lifetime.SESSION;
    NsObject made = names().create(wide, own, "chaos", lifetime, bytes("once"));
    try (NsOpen open = names().open(made.xid(), OpenMode.READ, Duration.ZERO).orElse(null)) {
      ChaosClient.pause(dice.between(0, HOLD_MILLIS_MAX));
      boolean gone = names().lookup(wide, own).isEmpty();
      if (gone && open != null && open.isHeld()) {
        journal.broken("gone while it was open: name=" + own);
      }
    }
  }

  /** Histories, and views of the past, tell what was acknowledged. */
  private void lookBack() {
    if (acknowledged.isEmpty()) {
      return;
    }
    NsObject some = dice.pick(List.copyOf(acknowledged));
    Optional<NsObject> then = names().at(some.version()).lookup(some.xid());
    if (then.isEmpty() || !same(then.get(), some)) {
      journal.broken("another past: acknowledged=%s at=%s".formatted(some, then));
    }
    Map<Long, NsObject> versions = new TreeMap<>();
    ObjectHistory history = names().history(some.xid());
    long last = Long.MAX_VALUE;
    while (history.end().isEmpty()) {
      for (ObjectVersion version : history.next(100)) {
        if (version.position() >= last) {
          journal.broken("a history is not in order: xid=" + some.xidText());
        }
        last = version.position();
        version.object().ifPresent(object -> versions.put(version.position(), object));
      }
    }
    long oldest =
        history.end().orElseThrow() instanceof HistoryEnd.Trimmed(long at, long _) ? at : 0;
    for (NsObject object : acknowledged) {
      NsObject told = versions.get(object.version());
      if (object.xid() == some.xid()
          && object.version() > oldest
          && (told == null || !same(told, object))) {
        journal.broken("left out of a history: acknowledged=%s told=%s".formatted(object, told));
      }
    }
  }

  private static boolean same(NsObject one, NsObject other) {
    return one.version() == other.version()
        && one.name().equals(other.name())
        && one.namespace().equals(other.namespace())
        && Arrays.equals(one.value(), other.value());
  }
}

package io.quire.ns;

import io.quire.gvm.Cells;
import io.quire.gvm.Transaction;
import io.quire.gvm.Transaction.Condition;
import io.quire.lockserver.Sequencer;
import io.quire.twopc.Outcome;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Collects changes of objects into one transaction: all of them are made here. Whatever writes the
 * cell of an object has the condition that it is of the version seen, or that there is none, so
 * each version leads to the one before it. Remembers what each condition is for, so that a failed
 * one can be told in words. Confined to one thread.
 */
final class ObjectChanges {
  private final Transaction.Builder transaction = Transaction.begin();
  private final List<Requirement> requirements = new ArrayList<>();
  private final Map<Long, NsObject> objects = new LinkedHashMap<>();
  private final Map<String, Name> names = new LinkedHashMap<>();
  private final Set<Long> listed = new HashSet<>();
  private final TreeMap<Long, Access> wants = new TreeMap<>();
  private final List<NsObject> seen = new ArrayList<>();
  private final Set<Condition> shared = new HashSet<>();
  private final Set<Long> present = new HashSet<>();
  private final Set<Long> given = new HashSet<>();
  private int parts;

  /** Of what a condition says whether it is so. */
  private enum Want {
    NAMESPACE,
    UNCHANGED,
    ID_FREE,
    CREATOR_IN_VIEW,
    HELD,
    RESERVED,
    NOT_OPEN,
    NAME_FREE
  }

  /** What a condition is for: the object, and what is done to it, which few want to know. */
  private record Requirement(Want want, NsObject object, Supplier<String> doing) {}

  /** What becomes of a name: it is free of who had it, or given, or one after the other. */
  private static final class Name {
    boolean freed;
    @Nullable NsObject given;
    Supplier<String> doing = () -> "";
  }

  /** What who makes these changes must be allowed, by namespace. */
  Map<Long, Access> wants() {
    return wants;
  }

  /** Objects of which it was said how they are. */
  List<NsObject> seen() {
    return seen;
  }

  /** The cell of the namespace, the name and the id; the creator is in the view if it must be. */
  ObjectChanges create(NsObject made) {
    Supplier<String> doing = () -> "creating: name=" + made.name();
    wants(made, Access.WRITER);
    requireNamespace(made, doing);
    require(new Condition.Absent(key(made)), Want.ID_FREE, made, doing);
    if (made.lifetime() == Lifetime.SESSION) {
      requireOnce(new Condition.InView(made.creator()), Want.CREATOR_IN_VIEW, made, doing);
    }
    give(made, doing);
    put(made);
    return this;
  }

  /** Nothing becomes of the object; it is of the version seen when the others change. */
  ObjectChanges unchanged(NsObject seen) {
    wants(seen, Access.READER);
    requireSeen(seen, () -> "requiring");
    return this;
  }

  ObjectChanges update(NsObject seen, NsObject next) {
    wants(seen, Access.WRITER);
    requireSeen(seen, () -> "updating");
    put(next);
    return this;
  }

  /** Gives it another name, another namespace, or both. */
  ObjectChanges rename(NsObject seen, NsObject next) {
    Supplier<String> doing = () -> "renaming to " + next.name();
    wants(seen, Access.WRITER);
    wants(next, Access.WRITER);
    requireSeen(seen, doing);
    if (next.namespace().id() != seen.namespace().id()) {
      requireNamespace(next, doing);
    }
    free(seen);
    give(next, doing);
    put(next);
    return this;
  }

  /** Takes the name away. */
  ObjectChanges delete(NsObject seen) {
    wants(seen, Access.WRITER);
    requireSeen(seen, () -> "deleting");
    free(seen);
    put(seen.deleted());
    return this;
  }

  /** The lock of which this is proof, by which the object is open, is held. */
  ObjectChanges held(Sequencer proof, NsObject open) {
    require(new Condition.Held(proof.generation()), Want.HELD, open, () -> "changing what is open");
    return this;
  }

  /** The reservation is as it was seen, and ends with these changes. */
  ObjectChanges ends(Reservation seen, NsObject with) {
    String key = Reservations.key(seen.xid());
    Supplier<String> doing = () -> "ending: reservation=" + seen.xidText();
    require(new Condition.Version(key, seen.version()), Want.RESERVED, with, doing);
    transaction.remove(key).touch(Reservations.LIST_KEY);
    parts += 2;
    return this;
  }

  /** Nobody has it open in a mode, or waits for it. */
  ObjectChanges notOpen(NsObject object) {
    require(new Condition.Free(Opens.path(object.xid())), Want.NOT_OPEN, object, () -> "requiring");
    return this;
  }

  /** The end of a deleted object; condition 0 is that it is of this version. */
  static Transaction end(long xid, long deleted) {
    String key = ObjectCodec.xidKey(xid);
    return Transaction.begin().version(key, deleted).remove(key).build();
  }

  /**
   * The conditions in the order of the changes, and after them those of names that must be free.
   *
   * @throws IllegalArgumentException if there are more than a transaction may have
   */
  Transaction build() {
    names.forEach(
        (nameKey, name) -> {
          NsObject object = name.given;
          if (object == null) {
            transaction.remove(nameKey);
          } else {
            if (!name.freed) {
              require(new Condition.Absent(nameKey), Want.NAME_FREE, object, name.doing);
            }
            transaction.put(nameKey, ObjectCodec.number(object.xid()));
            // Next to its name, so that whoever reads the log holds the name once.
            transaction.put(key(object), ObjectCodec.write(object));
          }
          parts++;
        });
    objects.values().stream()
        .filter(object -> !given.contains(object.xid()))
        .forEach(object -> transaction.put(key(object), ObjectCodec.write(object)));
    if (parts > Transaction.PARTS_MAX) {
      throw new IllegalArgumentException(
          "too many changes at once: objects=%d parts=%d max=%d"
              .formatted(objects.size(), parts, Transaction.PARTS_MAX));
    }
    return transaction.build();
  }

  /** What a rejection means. */
  NsException failed(Outcome.Rejected rejected) {
    Requirement failed = requirements.get(Cells.failedCondition(rejected));
    NsObject object = failed.object();
    String doing = failed.doing().get();
    return switch (failed.want()) {
      case NAMESPACE -> new NsException.NotFound("no such namespace: " + doing + place(object));
      case UNCHANGED ->
          new NsException.Stale(
              "changed since it was seen: %s: name=%s xid=%s"
                  .formatted(doing, object.name(), object.xidText()));
      case ID_FREE ->
          new NsException.NameTaken("id taken: name=" + object.name() + " xid=" + object.xidText());
      case CREATOR_IN_VIEW -> Calls.notInView(doing);
      case HELD ->
          new NsException.StaleHandle(
              "was lost: %s: name=%s xid=%s".formatted(doing, object.name(), object.xidText()));
      case RESERVED ->
          new NsException.StaleHandle(
              "changed or ended since it was seen: %s: name=%s".formatted(doing, object.name()));
      case NOT_OPEN ->
          new NsException.Denied(
              "is open: %s: name=%s xid=%s".formatted(doing, object.name(), object.xidText()));
      case NAME_FREE ->
          new NsException.NameTaken("name taken: name=" + object.name() + place(object));
    };
  }

  private static String place(NsObject object) {
    return object.namespace().id() == 0 ? "" : " namespace=" + object.namespace().text();
  }

  /** Which object the condition was about. */
  NsObject failedObject(Outcome.Rejected rejected) {
    return requirements.get(Cells.failedCondition(rejected)).object();
  }

  /** Once, for the first of its objects. */
  private void requireNamespace(NsObject of, Supplier<String> doing) {
    long id = of.namespace().id();
    if (id != 0 && present.add(id)) {
      require(new Condition.Present(NamespaceCodec.key(id)), Want.NAMESPACE, of, doing);
    }
  }

  private void wants(NsObject in, Access access) {
    wants.merge(in.namespace().id(), access, (one, other) -> one.allows(other) ? one : other);
  }

  private void requireSeen(NsObject object, Supplier<String> doing) {
    seen.add(object);
    require(new Condition.Version(key(object), object.version()), Want.UNCHANGED, object, doing);
  }

  /** What several objects need need not be asked for each; a failure names the first of them. */
  private void requireOnce(
      Condition condition, Want want, NsObject object, Supplier<String> doing) {
    if (shared.add(condition)) {
      require(condition, want, object, doing);
    }
  }

  private void require(Condition condition, Want want, NsObject object, Supplier<String> doing) {
    transaction.require(condition);
    requirements.add(new Requirement(want, object, doing));
    parts++;
  }

  private void put(NsObject object) {
    if (objects.put(object.xid(), object) != null) {
      throw new IllegalArgumentException(
          "object changed twice in one transaction: name=" + object.name());
    }
    parts++;
  }

  private void free(NsObject seen) {
    Name name = names.computeIfAbsent(nameKey(seen), _ -> new Name());
    name.freed = true;
    touch(seen);
  }

  private void give(NsObject object, Supplier<String> doing) {
    Name name = names.computeIfAbsent(nameKey(object), _ -> new Name());
    if (name.given != null) {
      throw new IllegalArgumentException(
          "name given twice in one transaction: name=" + object.name());
    }
    name.given = object;
    name.doing = doing;
    given.add(object.xid());
    touch(object);
  }

  private void touch(NsObject of) {
    long namespace = of.namespace().id();
    if (listed.add(namespace)) {
      transaction.touch(ObjectCodec.listKey(namespace));
      parts++;
    }
  }

  private static String key(NsObject object) {
    return ObjectCodec.xidKey(object.xid());
  }

  private static String nameKey(NsObject object) {
    return ObjectCodec.nameKey(object.namespace().id(), object.name());
  }
}

package io.quire.ns;

import io.quire.gvm.Cells;
import io.quire.gvm.Versioned;
import io.quire.lockserver.Session;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds objects in this node's memory. Mostly a glance is enough: one look at the hash table,
 * between two looks at the session. Where a transaction on the object is under way it waits.
 */
final class Lookups {
  private final Session session;
  private final Cells cells;
  private final Attempts attempts;

  Lookups(Session session, Cells cells, Attempts attempts) {
    this.session = session;
    this.cells = cells;
    this.attempts = attempts;
  }

  Optional<NsObject> find(NsHandle namespace, String name) {
    Session.Token begun = session.token();
    ObjectCell seen = begun == null ? null : look(namespace, name);
    return begun != null && seen != null && session.valid(begun)
        ? seen.found()
        : findSlowly(namespace, name);
  }

  Optional<NsObject> find(long xid) {
    Session.Token begun = session.token();
    ObjectCell seen = begun == null ? null : glance(xid);
    return begun != null && seen != null && session.valid(begun) ? seen.found() : findSlowly(xid);
  }

  /** Under one look at the clock. */
  List<Optional<NsObject>> findAll(long[] wanted) {
    Session.Token begun = session.token();
    @Nullable ObjectCell[] seen = new ObjectCell[wanted.length];
    if (begun != null) {
      for (int i = 0; i < wanted.length; i++) {
        seen[i] = glance(wanted[i]);
      }
    }
    boolean valid = begun != null && session.valid(begun);
    @SuppressWarnings({"unchecked", "rawtypes"})
    Optional<NsObject>[] found = new Optional[wanted.length];
    for (int i = 0; i < wanted.length; i++) {
      ObjectCell cell = seen[i];
      found[i] = valid && cell != null ? cell.found() : findSlowly(wanted[i]);
    }
    return Arrays.asList(found);
  }

  /** As above, by name. */
  List<Optional<NsObject>> findAll(NsHandle namespace, List<String> wanted) {
    Session.Token begun = session.token();
    @Nullable ObjectCell[] seen = new ObjectCell[wanted.size()];
    if (begun != null) {
      for (int i = 0; i < seen.length; i++) {
        seen[i] = look(namespace, wanted.get(i));
      }
    }
    boolean valid = begun != null && session.valid(begun);
    @SuppressWarnings({"unchecked", "rawtypes"})
    Optional<NsObject>[] found = new Optional[seen.length];
    for (int i = 0; i < seen.length; i++) {
      ObjectCell cell = seen[i];
      found[i] = valid && cell != null ? cell.found() : findSlowly(namespace, wanted.get(i));
    }
    return Arrays.asList(found);
  }

  private Optional<NsObject> findSlowly(NsHandle namespace, String name) {
    String nameKey = ObjectCodec.nameKey(namespace.id(), ObjectName.check(name));
    for (long until = 0; ; until = attempts.again(until, "looking up", name)) {
      Versioned named = Calls.read(cells, nameKey, Namespaces.DEADLINE);
      if (named == null) {
        return Optional.empty();
      }
      Optional<NsObject> object = find(ObjectCodec.number(named.value()));
      if (object.isPresent() && !object.get().draining() && object.get().name().equals(name)) {
        return object;
      }
      // Renamed or deleted between the two reads: what the name means now is in its cell.
    }
  }

  private Optional<NsObject> findSlowly(long xid) {
    String key = ObjectCodec.xidKey(xid);
    return decode(xid, Calls.read(cells, key, Namespaces.DEADLINE));
  }

  /** What this node knows of an object, without waiting. */
  Optional<NsObject> peek(long xid) {
    return decode(xid, cells.readRelaxed(ObjectCodec.xidKey(xid)));
  }

  /** What can be seen without waiting, or null; it counts if the session is valid afterwards. */
  @Nullable ObjectCell glance(long xid) {
    return cells.glance(xid) instanceof ObjectCell known ? known : null;
  }

  /** As above; what it leads to has this name. */
  @Nullable ObjectCell glance(NsHandle namespace, String name) {
    return led(name(namespace, name));
  }

  /** As above, but {@link ObjectCell#NONE} if it can be seen that nobody has the name. */
  private @Nullable ObjectCell look(NsHandle namespace, String name) {
    Versioned named = name(namespace, name);
    if (named == null) {
      ObjectName.check(name);
      return ObjectCell.NONE;
    }
    return led(named);
  }

  private @Nullable Versioned name(NsHandle namespace, String name) {
    // Nothing else that has a key of its own begins with a slash; what is no name is not found.
    long number = namespace.id();
    return number == 0 && ObjectCodec.isAbsolute(name)
        ? cells.glance(name)
        : cells.glance(number, name);
  }

  private static @Nullable ObjectCell led(@Nullable Versioned named) {
    ObjectCell known = named instanceof NameCell cell ? cell.object() : null;
    // Whatever takes the name from the object changes the object, too.
    return known != null && known.current() ? known : null;
  }

  /** What a hint showed ahead of the log is bytes still. */
  private static Optional<NsObject> decode(long xid, @Nullable Versioned cell) {
    return switch (cell) {
      case null -> Optional.empty();
      case ObjectCell known -> known.found();
      default -> Optional.of(ObjectCodec.read(xid, cell.value(), cell.version()));
    };
  }
}

package io.quire.ns;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Transport;
import io.quire.gvm.Cells;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.lockserver.Session;
import io.quire.lockserver.Sessions;
import io.quire.ns.NamePage.Listed;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongConsumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The namespace library on one node. Operations that change something return when every live node
 * shows the change; those that look something up are answered from this node's memory, and no less
 * current for it. All may block, up to {@link #DEADLINE}, and must not be called on the loop; any
 * thread may call.
 *
 * <p>A lookup, by id or by name, costs one look at a hash table and one at the clock; many at once
 * share the look at the clock. Waiting begins only where a transaction on the object is under way.
 */
public final class Namespaces {
  /** After this long an operation gives up; what it was about then may have happened. */
  public static final Duration DEADLINE = Duration.ofSeconds(15);

  /** A list gives at most this many names at once. */
  public static final int PAGE_MAX = 10_000;

  private final Session session;
  private final Cells cells;
  private final Loop loop;
  private final Clock clock;
  private final RefTable references = new RefTable();
  private final List<LongConsumer> freed = new CopyOnWriteArrayList<>();
  private final NsIndex index;
  private final XidBlock xids;
  private final Drain drain;
  private final Past past;

  /** Makes the namespaces of a node; before the log starts. */
  public Namespaces(
      Sessions sessions,
      Session session,
      Cells cells,
      Log log,
      Transport transport,
      Loop loop,
      Clock clock,
      RandomGenerator random) {
    this.session = session;
    this.cells = cells;
    this.loop = loop;
    this.clock = clock;
    index = new NsIndex(cells, references, freed);
    cells.readBy(new ObjectReader());
    cells.listen(index);
    xids = new XidBlock(cells, clock, random);
    past = new Past(cells, log, loop, clock);
    drain =
        new Drain(session.self(), sessions, cells, log, transport, loop, index, references, this);
  }

  /** Begins to end what was deleted, for as long as the loop runs. On the loop, once. */
  public void open() {
    loop.confine();
    drain.open();
  }

  /** Is told, on the loop, of each object that is gone for good, so that its data may go. */
  public void onFreed(LongConsumer listener) {
    freed.add(listener);
  }

  /** Makes a namespace: a number that no other has. */
  public NsHandle createNamespace() {
    return new NsHandle(xids.next(DEADLINE));
  }

  /** Deletes all objects of a namespace. Objects created meanwhile may stay. */
  public void destroyNamespace(NsHandle namespace) {
    deleteAll(namespace, NamePattern.ALL);
  }

  /**
   * Publishes an object on all nodes at once.
   *
   * @param kind what it is, up to 64 characters
   * @param value encoded, up to {@link NsObject#VALUE_BYTES_MAX}
   * @throws NsException.NameTaken if the namespace has the name
   * @throws NsException.BadValue if the value is too large
   */
  public NsObject create(
      NsHandle namespace, String name, String kind, Lifetime lifetime, byte[] value) {
    return create(xids.next(DEADLINE), namespace, name, kind, lifetime, value);
  }

  /** Reserves an id, for an object whose data need it before the object is created. */
  public long reserveXid() {
    return xids.next(DEADLINE);
  }

  /** As {@link #create(NsHandle, String, String, Lifetime, byte[])}, under a reserved id. */
  public NsObject create(
      long xid, NsHandle namespace, String name, String kind, Lifetime lifetime, byte[] value) {
    ObjectName.check(name);
    if (kind.isEmpty() || kind.length() > 64) {
      throw new IllegalArgumentException("kind out of range: kind=" + kind + " allowed=1..64");
    }
    checkValue(name, value);
    long creator = session.self().incarnation();
    NsObject object =
        new NsObject(
            xid, namespace, name, kind, lifetime, creator, clock.wallMillis(), false, 0, value);
    String doing = "creating: name=" + name;
    return switch (run(doing, ObjectChanges.creation(object))) {
      case Outcome.Committed(long position, byte[] _) -> object.at(position);
      case Outcome.Rejected rejected ->
          throw switch (Cells.failedCondition(rejected)) {
            case 0 -> new NsException.NameTaken("name taken: name=" + name);
            case 1 -> new NsException.NameTaken("id taken: name=" + name + " xid=" + xid);
            default -> Calls.notInView(doing);
          };
      case Outcome.Aborted aborted -> throw Calls.aborted(doing, aborted);
      case Outcome.Indeterminate(var txn) ->
          throw new NsException.Indeterminate("may have happened: " + doing, txn);
    };
  }

  /** The object of a name, or null. No reference is taken. */
  public @Nullable NsObject lookup(NsHandle namespace, String name) {
    Session.Token begun = session.token();
    NsObject seen = begun == null ? null : glance(namespace, name);
    return begun != null && seen != null && session.valid(begun)
        ? seen
        : lookupSlowly(namespace, name);
  }

  private @Nullable NsObject lookupSlowly(NsHandle namespace, String name) {
    String nameKey = ObjectCodec.nameKey(namespace.id(), ObjectName.check(name));
    for (long until = 0; ; until = again(until, "looking up", name)) {
      Versioned named = read(nameKey);
      if (named == null) {
        return null;
      }
      NsObject object = lookup(ObjectCodec.number(named.value()));
      if (object != null && !object.draining() && object.name().equals(name)) {
        return object;
      }
      // Renamed or deleted between the two reads: what the name means now is in its cell.
    }
  }

  /** The object of an id, or null. No reference is taken. It may be draining. */
  public @Nullable NsObject lookup(long xid) {
    Session.Token begun = session.token();
    NsObject seen = begun == null ? null : glance(xid);
    return begun != null && seen != null && session.valid(begun) ? seen : lookupSlowly(xid);
  }

  private @Nullable NsObject lookupSlowly(long xid) {
    return decode(xid, read(ObjectCodec.xidKey(xid)));
  }

  /**
   * The objects of many ids, under one look at the clock: each as {@link #lookup(long)} would
   * answer at some moment of this call, not all at the same one.
   *
   * @return in the order of the ids, null where there is none
   */
  public @Nullable NsObject[] lookupAll(long[] wanted) {
    Session.Token begun = session.token();
    @Nullable NsObject[] found = new NsObject[wanted.length];
    if (begun != null) {
      for (int i = 0; i < wanted.length; i++) {
        found[i] = glance(wanted[i]);
      }
    }
    boolean valid = begun != null && session.valid(begun);
    for (int i = 0; i < wanted.length; i++) {
      if (!valid || found[i] == null) {
        found[i] = lookupSlowly(wanted[i]);
      }
    }
    return found;
  }

  /** As {@link #lookupAll(long[])}, by name. */
  public @Nullable NsObject[] lookupAll(NsHandle namespace, List<String> wanted) {
    Session.Token begun = session.token();
    @Nullable NsObject[] found = new NsObject[wanted.size()];
    if (begun != null) {
      for (int i = 0; i < found.length; i++) {
        found[i] = glance(namespace, wanted.get(i));
      }
    }
    boolean valid = begun != null && session.valid(begun);
    for (int i = 0; i < found.length; i++) {
      if (!valid || found[i] == null) {
        found[i] = lookupSlowly(namespace, wanted.get(i));
      }
    }
    return found;
  }

  /** What can be seen without waiting, or null; it counts if the session is valid afterwards. */
  private @Nullable NsObject glance(long xid) {
    Versioned cell = cells.glance(xid);
    return cell instanceof ObjectCell known ? known.object() : null;
  }

  private @Nullable NsObject glance(NsHandle namespace, String name) {
    // Nothing else that has a key of its own begins with a slash; what is no name is not found.
    long number = namespace.id();
    Versioned named =
        number == 0 && ObjectCodec.isAbsolute(name)
            ? cells.glance(name)
            : cells.glance(number, name);
    ObjectCell known = named instanceof NameCell cell ? cell.object() : null;
    // Whatever takes the name from the object changes the object, too.
    return known != null && known.current() ? known.object() : null;
  }

  /** What a hint showed ahead of the log is bytes still. */
  private static @Nullable NsObject decode(long xid, @Nullable Versioned cell) {
    return switch (cell) {
      case null -> null;
      case ObjectCell known -> known.object();
      default -> ObjectCodec.read(xid, cell.value(), cell.version());
    };
  }

  /** Takes a reference to the object of a name, or answers null. */
  public @Nullable NsRef open(NsHandle namespace, String name) {
    Session.Token begun = begin("opening: name=" + name);
    for (long until = 0; ; until = again(until, "opening", name)) {
      NsObject object = lookup(namespace, name);
      if (object == null) {
        return null;
      }
      NsRef reference = take(object, begun);
      if (reference != null) {
        return reference;
      }
    }
  }

  /**
   * Takes a reference to the object of an id, or answers null.
   *
   * @throws NsException.Draining if it was deleted and waits for its last reference
   */
  public @Nullable NsRef open(long xid) {
    Session.Token begun = begin("opening: xid=" + xid);
    NsObject object = lookup(xid);
    if (object == null) {
      return null;
    }
    NsRef reference = object.draining() ? null : take(object, begun);
    if (reference == null) {
      throw new NsException.Draining(
          "object was deleted: xid=" + object.xidText() + " name=" + object.name());
    }
    return reference;
  }

  private @Nullable NsRef take(NsObject object, Session.Token begun) {
    RefTable.Word word = references.word(object.xid());
    if (!word.take()) {
      return null;
    }
    // Between the lookup and here it may have come to its end, and the word with its bit of
    // draining.
    NsObject now = peek(object.xid());
    if (now == null || now.draining()) {
      word.put();
      if (now == null) {
        references.forget(object.xid(), word);
      }
      return null;
    }
    if (!session.valid(begun)) {
      word.put();
      throw Calls.notInView("opening: name=" + object.name());
    }
    return new NsRef(this, object, word);
  }

  /** The id of a name, or null. */
  public @Nullable Long xidOf(NsHandle namespace, String name) {
    NsObject object = lookup(namespace, name);
    return object == null ? null : object.xid();
  }

  /** The name of an id, or null; also null for an object that was deleted. */
  public @Nullable String nameOf(long xid) {
    NsObject object = lookup(xid);
    return object == null || object.draining() ? null : object.name();
  }

  /** How many references this node holds. */
  public long references(long xid) {
    return references.count(xid);
  }

  /**
   * Names of a namespace that match, in order, as of one moment. It costs what the names cost that
   * begin as the pattern does, up to 10,000 of them.
   *
   * @param after names up to this one are left out; null for none
   * @param limit 1 to {@link #PAGE_MAX}
   */
  public NamePage list(NsHandle namespace, NamePattern pattern, @Nullable String after, int limit) {
    if (limit < 1 || limit > PAGE_MAX) {
      throw new IllegalArgumentException(
          "limit out of range: limit=" + limit + " allowed=1.." + PAGE_MAX);
    }
    return Calls.await(
        "listing: namespace=" + namespace.id() + " pattern=" + pattern,
        cells.onLoop(
            List.of(ObjectCodec.listKey(namespace.id())),
            DEADLINE,
            () -> index.page(namespace.id(), pattern, after, limit)));
  }

  /** All names that match, page by page; each page is of one moment, the whole is not. */
  public List<Listed> listAll(NsHandle namespace, NamePattern pattern) {
    List<Listed> all = new ArrayList<>();
    String after = null;
    do {
      NamePage page = list(namespace, pattern, after, PAGE_MAX);
      all.addAll(page.names());
      after = page.next().orElse(null);
    } while (after != null);
    return all;
  }

  /**
   * Replaces the value, if the object is still of the version seen.
   *
   * @throws NsException.Stale if it is not
   * @throws NsException.Draining if the object was seen deleted
   * @throws NsException.BadValue if the value is too large
   */
  public NsObject update(NsObject seen, byte[] value) {
    checkValue(seen.name(), value);
    checkLive("updating", seen);
    NsObject next = seen.withValue(value);
    return next.at(change("updating", seen, ObjectChanges.update(seen, next)));
  }

  /**
   * Gives the object another name, at once on all nodes: at no moment has it two names or none.
   *
   * @throws NsException.NameTaken if the namespace has the name
   * @throws NsException.Stale if the object is not of the version seen
   * @throws NsException.Draining if the object was seen deleted
   */
  public NsObject rename(NsObject seen, String name) {
    ObjectName.check(name);
    checkLive("renaming to " + name, seen);
    if (name.equals(seen.name())) {
      throw new NsException.NameTaken("name taken: it is its own: name=" + name);
    }
    NsObject next = seen.withName(name);
    return next.at(change("renaming to " + name, seen, ObjectChanges.renaming(seen, next)));
  }

  /**
   * Takes the name away, on all nodes at once. The data go when the last reference is put.
   *
   * @throws NsException.NotFound if the namespace does not have the name
   * @throws NsException.Refused if others changed the object each time it was looked at
   */
  public void delete(NsHandle namespace, String name) {
    for (long until = 0; ; until = again(until, "deleting", name)) {
      NsObject object = lookup(namespace, name);
      if (object == null) {
        throw new NsException.NotFound("no such object: name=" + name);
      }
      try {
        delete(object);
        return;
      } catch (NsException.Stale e) {
        // It changed since the lookup; what it is now is to be deleted.
      }
    }
  }

  /**
   * As {@link #delete(NsHandle, String)}, if the object is still of the version seen.
   *
   * @throws NsException.Stale if it is not
   * @throws NsException.Draining if it was seen deleted
   */
  public void delete(NsObject seen) {
    checkLive("deleting", seen);
    change("deleting", seen, ObjectChanges.deletion(List.of(seen)));
  }

  /** A deleted object has no name any more: the one that it had may be another's by now. */
  private static void checkLive(String doing, NsObject seen) {
    if (seen.draining()) {
      throw new NsException.Draining(
          "object was deleted: " + doing + ": name=" + seen.name() + " xid=" + seen.xidText());
    }
  }

  private static void checkValue(String name, byte[] value) {
    if (value.length > NsObject.VALUE_BYTES_MAX) {
      throw new NsException.BadValue(
          "value too large: name="
              + name
              + " bytes="
              + value.length
              + " max="
              + NsObject.VALUE_BYTES_MAX);
    }
  }

  /**
   * Deletes all objects that have names that match now, hundreds at a time, each for itself. Those
   * that are created meanwhile may stay. Whatever is thrown, also where it says that nothing
   * changed, is about the last hundreds; those before are deleted, and the message counts them for
   * the page of names that was under way.
   *
   * @return how many
   */
  public int deleteAll(NsHandle namespace, NamePattern pattern) {
    int deleted = 0;
    String after = null;
    do {
      NamePage page = list(namespace, pattern, after, PAGE_MAX);
      deleted += delete(namespace, page.names());
      after = page.next().orElse(null);
    } while (after != null);
    return deleted;
  }

  /**
   * Deletes those of these objects that still have the name under which they were listed, as {@link
   * #deleteAll} does.
   *
   * @return how many
   */
  public int delete(NsHandle namespace, List<Listed> listed) {
    return new Deletions(this, namespace, listed).run();
  }

  /** As {@link #history(long, long)}, from the newest version on. */
  public ObjectHistory history(long xid) {
    return history(xid, Long.MAX_VALUE);
  }

  /**
   * The versions of an object, the newest first, as far back as this node's log is preserved; the
   * newest is what a lookup would find. It reads nothing yet. Also of an object that has ended, for
   * as long as its end is among the last 16,384 changes that this node remembers.
   *
   * @param before only versions before this position. Those that are newer are read and left out,
   *     so to go on with an {@link ObjectHistory} costs less
   * @throws NsException.NotFound if there is no such object, nor is its end remembered
   */
  public ObjectHistory history(long xid, long before) {
    return past.history(xid, before);
  }

  /**
   * The versions of an object up to one that the caller has, that one first: also of an object that
   * ended long ago. It reads the one entry.
   *
   * @param seen as this cluster gave it; not checked beyond that such a transaction is in the log
   * @throws IllegalArgumentException if the log has something else there
   */
  public ObjectHistory history(NsObject seen) {
    return past.history(seen);
  }

  /**
   * Objects as they were at a position that this node has applied.
   *
   * @throws NsException.NotReached if it has not
   */
  public NamespacesAt at(long position) {
    return past.at(position);
  }

  /** What this node knows of an object, without waiting. */
  @Nullable NsObject peek(long xid) {
    return decode(xid, cells.readRelaxed(ObjectCodec.xidKey(xid)));
  }

  private long change(String doing, NsObject seen, Transaction transaction) {
    String what = doing + ": name=" + seen.name() + " xid=" + seen.xidText();
    return switch (run(what, transaction)) {
      case Outcome.Committed(long position, byte[] _) -> position;
      case Outcome.Rejected rejected ->
          throw Cells.failedCondition(rejected) == 0
              ? new NsException.Stale("changed since it was seen: " + what)
              : new NsException.NameTaken("name taken: " + what);
      case Outcome.Aborted aborted -> throw Calls.aborted(what, aborted);
      case Outcome.Indeterminate(var txn) ->
          throw new NsException.Indeterminate("may have happened: " + what, txn);
    };
  }

  Outcome run(String doing, Transaction transaction) {
    return Calls.outcome(doing, cells.commit(transaction, DEADLINE));
  }

  /** Another try is begun only before this time; 0 if this is the first. */
  private long again(long until, String doing, String name) {
    long now = clock.nanos();
    if (until == 0) {
      return now + DEADLINE.toNanos();
    }
    if (now - until >= 0) {
      throw new NsException.Refused("it changed each time: " + doing + ": name=" + name);
    }
    return until;
  }

  private @Nullable Versioned read(String key) {
    return Calls.read(cells, key, DEADLINE);
  }

  private Session.Token begin(String doing) {
    Session.Token begun = session.token();
    if (begun == null) {
      throw Calls.notInView(doing);
    }
    return begun;
  }
}

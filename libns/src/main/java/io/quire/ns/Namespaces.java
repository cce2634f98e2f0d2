package io.quire.ns;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.gvm.Cells;
import io.quire.gvm.Transaction;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Session;
import io.quire.lockserver.Sessions;
import io.quire.ns.NamePage.Listed;
import io.quire.twopc.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * The namespace library on one node. Operations that change something return when every live node
 * shows the change; those that look something up are answered from this node's memory, and no less
 * current for it. All may block, up to {@link #DEADLINE}, and must not be called on the loop; any
 * thread may call.
 *
 * <p>A lookup, by id or by name, costs one look at a hash table and one at the clock, and allocates
 * nothing; many at once share the look at the clock. Waiting begins only where a transaction on the
 * object is under way.
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
  private final RefTable table = new RefTable();
  private final List<LongConsumer> freed = new CopyOnWriteArrayList<>();
  private final NsIndex index;
  private final XidBlock xids;
  private final Attempts attempts;
  private final Lookups lookups;
  private final References references;
  private final Spaces spaces;
  private final Opens opens;
  private final Drain drain;
  private final Past past;

  /** Makes the namespaces of a node; before the log starts. */
  public Namespaces(
      Sessions sessions,
      Locks locks,
      Session session,
      Cells cells,
      Log log,
      Transport transport,
      Loop loop,
      Clock clock,
      RandomGenerator random,
      Rules rules) {
    this.session = session;
    this.cells = cells;
    this.loop = loop;
    this.clock = clock;
    index = new NsIndex(cells, table, freed);
    cells.readBy(new ObjectReader());
    cells.limitBy(index);
    cells.listen(index);
    xids = new XidBlock(cells, clock, random);
    attempts = new Attempts(clock);
    lookups = new Lookups(session, cells, attempts);
    references = new References(session, lookups, table, attempts, this);
    spaces = new Spaces(session, cells, clock, xids);
    opens = new Opens(this, locks, clock, session.self().node().name());
    past = new Past(cells, log, loop, clock);
    drain =
        new Drain(
            session.self(),
            sessions,
            locks,
            cells,
            log,
            transport,
            loop,
            index,
            table,
            lookups,
            rules);
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

  /** Makes a namespace without a name or quota. */
  public NsHandle createNamespace() {
    return spaces.create(Optional.empty(), Quota.NONE);
  }

  /**
   * Makes a namespace that others find by its name.
   *
   * @param name unique among those of namespaces; the rules are those of objects' names
   * @throws NsException.NameTaken if another namespace has the name
   */
  public NsHandle createNamespace(String name, Quota quota) {
    return spaces.create(Optional.of(name), quota);
  }

  /** The namespace of a name. */
  public Optional<NsHandle> namespace(String name) {
    return spaces.find(name);
  }

  /** What a namespace is; empty for the root, and for one that was destroyed. */
  public Optional<NamespaceInfo> describe(NsHandle namespace) {
    return spaces.find(namespace);
  }

  /** Names of namespaces, as {@link #list} gives those of objects. */
  public NamePage listNamespaces(NamePattern pattern, String after, int limit) {
    Checks.limit(limit);
    return Calls.await(
        "listing namespaces: pattern=" + pattern,
        cells.onLoop(
            List.of(NamespaceCodec.LIST_KEY),
            DEADLINE,
            () -> index.namespaces(pattern, after, limit)));
  }

  /**
   * Sets how much a namespace may hold.
   *
   * @throws NsException.NotFound if there is no such namespace
   * @throws IllegalArgumentException for the root
   */
  public void limit(NsHandle namespace, Quota quota) {
    spaces.limit(namespace, quota);
  }

  /** What a namespace holds at this moment. */
  public Usage usage(NsHandle namespace) {
    return Calls.await(
        "looking at a namespace: namespace=" + namespace.text(),
        cells.onLoop(
            List.of(ObjectCodec.listKey(namespace.id())),
            DEADLINE,
            () -> index.usage(namespace.id())));
  }

  /**
   * Ends a namespace: from here on its name is free and nothing can be created in it. Then deletes
   * its objects, hundreds at a time; if this node dies on the way, others go on.
   *
   * @throws NsException.NotFound if there is no such namespace
   * @throws IllegalArgumentException for the root
   */
  public void destroyNamespace(NsHandle namespace) {
    spaces.end(namespace);
    deleteAll(namespace, NamePattern.ALL);
  }

  /**
   * Publishes an object on all nodes at once.
   *
   * @param kind what it is, up to 64 characters
   * @param value encoded, up to {@link NsObject#VALUE_BYTES_MAX}
   * @throws NsException.NameTaken if the namespace has the name
   * @throws NsException.BadValue if the value is too large
   * @throws NsException.NotFound if there is no such namespace
   * @throws NsException.QuotaExceeded if the namespace may not hold it
   */
  public NsObject create(
      NsHandle namespace, String name, String kind, Lifetime lifetime, byte[] value) {
    return transaction().create(namespace, name, kind, lifetime, value).commit().getFirst();
  }

  /** Reserves an id, for an object whose data need it before the object is created. */
  public long reserveXid() {
    return xids.next(DEADLINE);
  }

  /** As {@link #create(NsHandle, String, String, Lifetime, byte[])}, under a reserved id. */
  public NsObject create(
      long xid, NsHandle namespace, String name, String kind, Lifetime lifetime, byte[] value) {
    return transaction().create(xid, namespace, name, kind, lifetime, value).commit().getFirst();
  }

  /**
   * Creates many objects, hundreds at a time, each for itself: one whose name is taken does not
   * keep the others. It is the way to create them fast. After any other failure no more are tried;
   * those of one transaction fail together.
   *
   * @return what became of each, in their order
   * @throws NsException.InvalidName if one of the names is none; nothing was created
   * @throws NsException.BadValue if one of the values is too large; nothing was created
   */
  public List<Created> createAll(NsHandle namespace, List<NewObject> objects) {
    return new Creations(this, namespace, objects).run();
  }

  /** Begins a transaction on several objects. */
  public NsTransaction transaction() {
    return new NsTransaction(this);
  }

  /** An object as it will be once it is created. */
  NsObject draft(
      long xid, NsHandle namespace, String name, String kind, Lifetime lifetime, byte[] value) {
    ObjectName.check(name);
    Checks.kind(kind);
    Checks.value(name, value);
    long creator = session.self().incarnation();
    return new NsObject(
        xid, namespace, name, kind, lifetime, creator, clock.wallMillis(), false, false, 0, value);
  }

  /** The object of a name. No reference is taken. */
  public Optional<NsObject> lookup(NsHandle namespace, String name) {
    return lookups.find(namespace, name);
  }

  /** The object of an id. No reference is taken. It may be draining. */
  public Optional<NsObject> lookup(long xid) {
    return lookups.find(xid);
  }

  /**
   * The objects of many ids, under one look at the clock: each as {@link #lookup(long)} would
   * answer at some moment of this call, not all at the same one.
   *
   * @return in the order of the ids
   */
  public List<Optional<NsObject>> lookupAll(long[] wanted) {
    return lookups.findAll(wanted);
  }

  /** As {@link #lookupAll(long[])}, by name. */
  public List<Optional<NsObject>> lookupAll(NsHandle namespace, List<String> wanted) {
    return lookups.findAll(namespace, wanted);
  }

  /** Takes a reference to the object of a name; empty if there is none. */
  public Optional<NsRef> open(NsHandle namespace, String name) {
    return references.open(namespace, name);
  }

  /**
   * Takes a reference to the object of an id; empty if there is none.
   *
   * @throws NsException.Draining if it was deleted and waits for its last reference
   */
  public Optional<NsRef> open(long xid) {
    return references.open(xid);
  }

  /**
   * Opens the object of a name in a mode; empty if there is none. It waits its turn: nobody who
   * asked later gets it before, except beside.
   *
   * @param deadline how long it waits for others to close; zero to try once
   * @throws NsException.Denied if others had it open for that long
   * @throws NsException.Refused if it is open a thousand times on this node, or the lock server
   *     takes nothing
   */
  public Optional<NsOpen> open(NsHandle namespace, String name, OpenMode mode, Duration deadline) {
    return opens.open(namespace, name, mode, deadline);
  }

  /**
   * As above, by id.
   *
   * @throws NsException.Draining if it was deleted
   */
  public Optional<NsOpen> open(long xid, OpenMode mode, Duration deadline) {
    return opens.open(xid, mode, deadline);
  }

  /**
   * What is open on this node under a number.
   *
   * @throws NsException.StaleHandle if it was closed
   * @throws NsException.UnknownHandle if there never was such a number on this node
   */
  public NsOpen opened(long number) {
    return opens.opened(number);
  }

  /** The id of a name. */
  public OptionalLong xidOf(NsHandle namespace, String name) {
    Optional<NsObject> object = lookup(namespace, name);
    return object.isPresent() ? OptionalLong.of(object.get().xid()) : OptionalLong.empty();
  }

  /** The name of an id; empty also for an object that was deleted. */
  public Optional<String> nameOf(long xid) {
    return lookup(xid).filter(object -> !object.draining()).map(NsObject::name);
  }

  /** How many references this node holds. */
  public long references(long xid) {
    return table.count(xid);
  }

  /**
   * Names of a namespace that match, in order, as of one moment. It costs what the names cost that
   * begin as the pattern does, up to 10,000 of them.
   *
   * @param after names up to this one are left out; "" for none
   * @param limit 1 to {@link #PAGE_MAX}
   */
  public NamePage list(NsHandle namespace, NamePattern pattern, String after, int limit) {
    Checks.limit(limit);
    return Calls.await(
        "listing: namespace=" + namespace.text() + " pattern=" + pattern,
        cells.onLoop(
            List.of(ObjectCodec.listKey(namespace.id())),
            DEADLINE,
            () -> index.page(namespace.id(), pattern, after, limit)));
  }

  /** All names that match, as of one moment. */
  public List<Listed> listAll(NsHandle namespace, NamePattern pattern) {
    List<Listed> all = new ArrayList<>();
    try (NsListing listing = listing(namespace, pattern)) {
      NamePage page = listing.next(PAGE_MAX);
      all.addAll(page.names());
      while (page.next().isPresent()) {
        page = listing.next(PAGE_MAX);
        all.addAll(page.names());
      }
    }
    return all;
  }

  /** Begins to list names that match, page by page, all of them as of this moment. */
  public NsListing listing(NsHandle namespace, NamePattern pattern) {
    return Calls.await(
        "listing: namespace=" + namespace.text() + " pattern=" + pattern,
        cells.onLoop(
            List.of(ObjectCodec.listKey(namespace.id())),
            DEADLINE,
            () -> {
              NsListing listing =
                  new NsListing(loop, index, namespace, pattern, cells.appliedPosition());
              index.begin(listing);
              return listing;
            }));
  }

  /**
   * What lies right below a directory, in order, as of one moment. Each entry costs one look into a
   * tree, however much lies below it.
   *
   * @param directory "" for all of the namespace; otherwise it ends with a slash
   * @param after entries up to this path are left out; "" for none
   * @param limit 1 to {@link #PAGE_MAX}
   */
  public TreePage tree(NsHandle namespace, String directory, String after, int limit) {
    Checks.limit(limit);
    if (!directory.isEmpty() && !directory.endsWith("/")) {
      throw new IllegalArgumentException(
          "not a directory: wanted a slash at the end: " + directory);
    }
    return Calls.await(
        "listing: namespace=" + namespace.text() + " directory=" + directory,
        cells.onLoop(
            List.of(ObjectCodec.listKey(namespace.id())),
            DEADLINE,
            () -> index.below(namespace.id(), directory, after, limit)));
  }

  /** Watches the objects of a namespace whose names match, before a change or after it. */
  public NsWatch watch(NsHandle namespace, NamePattern pattern) {
    String what = "namespace=" + namespace.text() + " pattern=" + pattern;
    return watch(OptionalLong.empty(), ObjectCodec.XID_PREFIX, in(namespace, pattern), what);
  }

  /**
   * As above, of changes after a position, such as a {@link NsWatch#bookmark} or {@link
   * NsListing#position}.
   *
   * @throws NsException.Overtaken if this node does not remember them all
   */
  public NsWatch watch(NsHandle namespace, NamePattern pattern, long after) {
    String what = "namespace=" + namespace.text() + " pattern=" + pattern;
    return watch(OptionalLong.of(after), ObjectCodec.XID_PREFIX, in(namespace, pattern), what);
  }

  /** Watches one object. */
  public NsWatch watch(long xid) {
    String what = "xid=" + Long.toHexString(xid);
    return watch(
        OptionalLong.empty(), ObjectCodec.xidKey(xid), object -> object.xid() == xid, what);
  }

  private static Predicate<NsObject> in(NsHandle namespace, NamePattern pattern) {
    return object -> object.namespace().equals(namespace) && pattern.matches(object.name());
  }

  private NsWatch watch(
      OptionalLong after, String prefix, Predicate<NsObject> wanted, String what) {
    var opened = after.isPresent() ? cells.watch(prefix, after.getAsLong()) : cells.watch(prefix);
    return new NsWatch(Calls.await("watching: " + what, opened), wanted, what, clock);
  }

  /**
   * Replaces the value, if the object is still of the version seen.
   *
   * @throws NsException.Stale if it is not
   * @throws NsException.Draining if the object was seen deleted
   * @throws NsException.BadValue if the value is too large
   * @throws NsException.QuotaExceeded if the namespace may not hold it
   */
  public NsObject update(NsObject seen, byte[] value) {
    return transaction().update(seen, value).commit().getFirst();
  }

  /**
   * Gives the object another name, at once on all nodes: at no moment has it two names or none.
   *
   * @throws NsException.NameTaken if the namespace has the name
   * @throws NsException.Stale if the object is not of the version seen
   * @throws NsException.Draining if the object was seen deleted
   */
  public NsObject rename(NsObject seen, String name) {
    return transaction().rename(seen, name).commit().getFirst();
  }

  /**
   * Takes the name away, on all nodes at once. The data go when the last reference is put.
   *
   * @throws NsException.NotFound if the namespace does not have the name
   * @throws NsException.Refused if others changed the object each time it was looked at
   */
  public void delete(NsHandle namespace, String name) {
    for (long until = 0; ; until = attempts.again(until, "deleting", name)) {
      NsObject object =
          lookup(namespace, name)
              .orElseThrow(() -> new NsException.NotFound("no such object: name=" + name));
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
    transaction().delete(seen).commit();
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
    Optional<String> after = Optional.of("");
    while (after.isPresent()) {
      NamePage page = list(namespace, pattern, after.get(), PAGE_MAX);
      deleted += delete(namespace, page.names());
      after = page.next();
    }
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

  CompletableFuture<Outcome> submit(Transaction transaction) {
    return cells.commit(transaction, DEADLINE);
  }
}

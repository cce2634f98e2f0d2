package io.quire.ns;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.RequestId;
import io.quire.base.Rules;
import io.quire.base.Transport;
import io.quire.gvm.Cells;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Session;
import io.quire.lockserver.Sessions;
import io.quire.ns.NamePage.Listed;
import io.quire.twopc.Outcome;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The namespace library on one node. Operations that change something return when every live node
 * shows the change; those that look something up are answered from this node's memory, and no less
 * current for it. All may block, up to {@link #DEADLINE}, and must not be called on the loop; any
 * thread may call.
 *
 * <p>This one acts for the node itself, and may do everything: the nodes of a cluster trust each
 * other, and the programs that embed them. {@link #as} gives one that acts for somebody else, and
 * does what the access lists of the namespaces allow.
 *
 * <p>A lookup, by id or by name, costs one look at a hash table and one at the clock, and allocates
 * nothing; many at once share the look at the clock. Waiting begins only where a transaction on the
 * object is under way.
 *
 * <p>A change of an object is one transaction: it costs a message to each member and back, and a
 * part of an entry of the log. Besides what is said of each, operations throw {@link
 * NsException.NotInView} if this node is not in the view, {@link NsException.Refused} if it was not
 * possible in time, {@link NsException.InvalidName} for a name that breaks the rules, and {@link
 * IllegalArgumentException} for other arguments out of range; those that change something {@link
 * NsException.Indeterminate} if nobody can tell what came of it.
 */
public final class Namespaces {
  /** After this long an operation gives up; what it was about then may have happened. */
  public static final Duration DEADLINE = Duration.ofSeconds(15);

  /** A list gives at most this many names at once. */
  public static final int PAGE_MAX = 10_000;

  /** Who acts for one principal must not guess the names of another's transactions. */
  private static final SecureRandom NAMES = new SecureRandom();

  private final Session session;
  private final Cells cells;
  private final Loop loop;
  private final Clock clock;
  private final RefTable table;
  private final List<LongConsumer> freed;
  private final NsIndex index;
  private final XidBlock xids;
  private final Attempts attempts;
  private final Lookups lookups;
  private final References references;
  private final Holdings holdings;
  private final Census census;
  private final Spaces spaces;
  private final Opens opens;
  private final Drain drain;
  private final Past past;
  private final Reservations reservations;
  private final AtomicInteger watches = new AtomicInteger();

  private final Guard guard;

  /** That of the node. */
  private final Namespaces whole;

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
    table = new RefTable();
    freed = new CopyOnWriteArrayList<>();
    whole = this;
    index = new NsIndex(cells, table, freed);
    cells.readBy(new ObjectReader());
    cells.limitBy(index);
    cells.listen(index);
    xids = new XidBlock(cells, clock, random);
    attempts = new Attempts(clock);
    guard = new Guard(null, cells, attempts);
    lookups = new Lookups(session, cells, attempts);
    references = new References(session, lookups, table, attempts, this);
    spaces = new Spaces(session, cells, clock, xids, guard);
    holdings = new Holdings(clock);
    census = new Census(session.self(), sessions, transport, loop, clock, table, holdings);
    opens = new Opens(this, locks, holdings, clock, session.self().node().name());
    past = new Past(cells, log, loop, clock, guard);
    reservations = new Reservations(session, cells, index, random);
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
            census,
            rules);
  }

  private Namespaces(Namespaces whole, Principal principal) {
    session = whole.session;
    cells = whole.cells;
    loop = whole.loop;
    clock = whole.clock;
    table = whole.table;
    freed = whole.freed;
    index = whole.index;
    xids = whole.xids;
    attempts = whole.attempts;
    lookups = whole.lookups;
    holdings = whole.holdings;
    census = whole.census;
    opens = whole.opens;
    drain = whole.drain;
    reservations = whole.reservations;
    this.whole = whole;
    guard = new Guard(principal, cells, attempts);
    references = new References(session, lookups, table, attempts, this);
    spaces = whole.spaces.by(guard);
    past = whole.past.by(guard);
  }

  /**
   * The same namespaces for somebody else: each operation, and all that is done with what it gives,
   * throws {@link NsException.Forbidden} if the principal may not, and changes nothing then; and
   * {@link NsException.NotFound} if there is no such namespace. It costs nothing to keep; each
   * operation costs a look at an access list more.
   *
   * <p>A change takes effect only where the access list that stands there in the log allows it.
   * What is read is given to who is allowed that after it was read: when {@link #revoke} has
   * returned, nothing that begins later on any node is given. What was opened before stays open,
   * and a reference keeps the data of its object; to look at the object or to change it is checked
   * anew.
   *
   * @throws IllegalStateException if this acts for a principal already
   */
  public Namespaces as(Principal principal) {
    guard.refuseOthers("acting for another");
    return new Namespaces(this, principal);
  }

  /** For whom this acts; the node under the name in its certificate. */
  public Principal principal() {
    return spaces.principal();
  }

  /**
   * Refuses what the principal may not do now; for programs that do something with a namespace
   * beside this library. What the node does for itself is never refused.
   *
   * @throws NsException.Forbidden if it may not
   * @throws NsException.NotFound if it acts for a principal and there is no such namespace
   */
  public void require(NsHandle namespace, Access access) {
    guard.check(namespace, access, "using a namespace");
  }

  /**
   * Says what a principal may do in a namespace, {@link Access#NONE} to shut it out though others
   * may. The root may be named, too. For owners.
   *
   * @throws NsException.Refused if {@value AccessList#ENTRIES_MAX} others are named already
   * @throws NsException.NotFound if there is no such namespace
   */
  public void grant(NsHandle namespace, Principal principal, Access access) {
    spaces.grant(
        namespace,
        list -> {
          if (!list.hasRoomFor(principal)) {
            throw new NsException.Refused(
                "access list is full: namespace=%s principal=%s max=%d"
                    .formatted(namespace.text(), principal, AccessList.ENTRIES_MAX));
          }
          return list.with(principal, access);
        });
  }

  /**
   * Says what everybody may do who is not named. For owners.
   *
   * @throws NsException.NotFound if there is no such namespace
   */
  public void grantOthers(NsHandle namespace, Access access) {
    spaces.grant(namespace, list -> list.withOthers(access));
  }

  /**
   * Names a principal no more: it may do what everybody may. An owner may give up its own access;
   * programs that embed nodes can always give it again. For owners.
   *
   * @throws NsException.NotFound if there is no such namespace
   */
  public void revoke(NsHandle namespace, Principal principal) {
    spaces.grant(namespace, list -> list.without(principal));
  }

  /**
   * Who may do what in a namespace. A new one is its creator's alone; the root, and one that was
   * made before there were lists, are {@link AccessList#OPEN} until somebody is named. For owners.
   *
   * @throws NsException.NotFound if there is no such namespace
   */
  public AccessList access(NsHandle namespace) {
    return spaces.access(namespace);
  }

  /** Begins to end what was deleted, for as long as the loop runs. On the loop, once. */
  public void open() {
    guard.refuseOthers("opening");
    loop.confine();
    drain.open();
  }

  /**
   * Is told, on the loop, of each object that is gone for good, by its id, so that its data may go.
   * It must not block or throw, and stays for as long as the node runs.
   */
  public void onFreed(LongConsumer listener) {
    guard.refuseOthers("listening");
    freed.add(listener);
  }

  /**
   * Makes a namespace without a name or quota. It is open to nobody but its owner, who made it. Who
   * acts for a principal must be allowed to write in the root.
   */
  public NsHandle createNamespace() {
    return spaces.create(Optional.empty(), Quota.NONE);
  }

  /**
   * As above, one that others find by its name.
   *
   * @param name unique among those of namespaces; the rules are those of objects' names
   * @throws NsException.NameTaken if another namespace has the name
   */
  public NsHandle createNamespace(String name, Quota quota) {
    return spaces.create(Optional.of(name), quota);
  }

  /** The namespace of a name, empty if there is none; for everybody. A lookup, as of an object. */
  public Optional<NsHandle> namespace(String name) {
    return spaces.find(name);
  }

  /** What a namespace is; empty for the root, and for one that was destroyed. */
  public Optional<NamespaceInfo> describe(NsHandle namespace) {
    Optional<NamespaceInfo> found = spaces.find(namespace);
    return found.isPresent() ? guard.readable(namespace, found) : found;
  }

  /** Names of namespaces, as {@link #list} gives those of objects; for readers of the root. */
  public NamePage listNamespaces(NamePattern pattern, String after, int limit) {
    Checks.limit(limit);
    return guard.readable(
        NsHandle.ROOT,
        Calls.await(
            "listing namespaces: pattern=" + pattern,
            cells.onLoop(
                List.of(NamespaceCodec.LIST_KEY),
                DEADLINE,
                () -> index.namespaces(pattern, after, limit))));
  }

  /**
   * Sets how much a namespace may hold. For owners.
   *
   * @throws NsException.NotFound if there is no such namespace
   * @throws IllegalArgumentException for the root
   */
  public void limit(NsHandle namespace, Quota quota) {
    spaces.limit(namespace, quota);
  }

  /** What a namespace holds at this moment; kept up to date, so nothing is counted for it. */
  public Usage usage(NsHandle namespace) {
    return guard.readable(
        namespace,
        Calls.await(
            "looking at a namespace: namespace=" + namespace.text(),
            cells.onLoop(
                List.of(ObjectCodec.listKey(namespace.id())),
                DEADLINE,
                () -> index.usage(namespace.id()))));
  }

  /**
   * Ends a namespace: from here on its name is free and nothing can be created in it. Then deletes
   * its objects, hundreds at a time; if this node dies on the way, others go on. For owners.
   *
   * <p>Any other failure may come before the end or after it: {@link #describe} says which. What
   * was not deleted then is deleted by the nodes in the view.
   *
   * @throws NsException.NotFound if there is no such namespace
   * @throws IllegalArgumentException for the root
   */
  public void destroyNamespace(NsHandle namespace) {
    spaces.end(namespace);
    whole.deleteAll(namespace, NamePattern.ALL);
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

  /**
   * Reserves an id, for an object whose data need it before the object is created. It is never
   * given again, used or not. Asks the log once for 65,536 of them, and else nobody.
   */
  public long reserveXid() {
    return xids.next(DEADLINE);
  }

  /**
   * Puts a reserved id into the log: from here on every node sees that something is made under it,
   * until {@link #end} or until a transaction creates the object or updates another along with the
   * end. It does not end with this node's session: whoever finds the holder gone may go on in its
   * place, or end it.
   *
   * @param xid from {@link #reserveXid}, not used yet
   * @param note up to {@link NsObject#VALUE_BYTES_MAX}
   * @throws NsException.NameTaken if it was used
   * @throws NsException.Indeterminate if it may stand in the log; to find out, ask {@link
   *     #reservation}
   */
  public Reservation reserve(long xid, byte[] note) {
    guard.refuseOthers("reserving");
    Checks.value("reservation", note);
    return reservations.reserve(xid, note);
  }

  /**
   * Changes the note of a reservation, and makes this node its holder, whoever was it before.
   *
   * @throws NsException.StaleHandle if it is not as it was seen: somebody else holds it, or it
   *     ended
   */
  public Reservation note(Reservation seen, byte[] note) {
    guard.refuseOthers("reserving");
    Checks.value("reservation", note);
    return reservations.note(seen, note);
  }

  /**
   * Ends a reservation: nothing will ever be published under it.
   *
   * @throws NsException.StaleHandle if it is not as it was seen: somebody else holds it, or it
   *     ended
   */
  public void end(Reservation seen) {
    guard.refuseOthers("reserving");
    reservations.end(seen);
  }

  /** The reservation of an id, linearizably. */
  public Optional<Reservation> reservation(long xid) {
    guard.refuseOthers("reserving");
    return reservations.find(xid);
  }

  /** All reservations, as of one moment, in the order of their ids. */
  public List<Reservation> reservations() {
    guard.refuseOthers("reserving");
    return reservations.all();
  }

  /**
   * The id of the cluster, drawn at random when somebody first asks and the same from then on, on
   * all nodes. It tells apart what clusters write that share a place. A cluster that lost its log
   * is another one.
   */
  public UUID cluster() {
    return reservations.cluster();
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
    guard.check(namespace, Access.WRITER, Guard.WRITING);
    return new Creations(this, namespace, objects).run();
  }

  /** Begins a transaction on several objects. Nothing happens before it is committed. */
  public NsTransaction transaction() {
    return new NsTransaction(this);
  }

  /**
   * A name for a transaction, like no other: see {@link NsTransaction#as}. It is drawn by chance
   * and cannot be guessed: whoever knows it can use it. Any thread.
   */
  public RequestId newRequest() {
    return new RequestId(NAMES.nextLong(), NAMES.nextLong());
  }

  /**
   * What became of a transaction with a name, by the log that this node has applied, on whatever
   * node it was committed. {@link RequestOutcome.Unknown} may change; to make it known, {@link
   * #giveUp}.
   */
  public RequestOutcome outcome(RequestId request) {
    return Calls.became(Calls.await("asking for: request=" + request, cells.outcome(request)));
  }

  /**
   * Sees to it that a transaction with a name does not happen any more, unless it has, and says
   * which.
   *
   * @throws NsException.Indeterminate if the log took no entry in time: it may have happened, and
   *     this may be asked again
   */
  public RequestOutcome giveUp(RequestId request) {
    String doing = "giving up: request=" + request;
    return switch (Calls.committed(doing, cells.giveUp(request, DEADLINE))) {
      case Outcome.Indeterminate(var txn) ->
          throw new NsException.Indeterminate("may have happened: " + doing, txn);
      case Outcome known -> Calls.became(known);
    };
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

  /** The object of a name, empty if there is none. No reference is taken. */
  public Optional<NsObject> lookup(NsHandle namespace, String name) {
    return guard.readable(namespace, lookups.find(namespace, name));
  }

  /**
   * The object of an id, empty if it ended or never was. No reference is taken. It may be draining.
   */
  public Optional<NsObject> lookup(long xid) {
    return guard.readable(lookups.find(xid));
  }

  /**
   * The objects of many ids, under one look at the clock: each as {@link #lookup(long)} would
   * answer at some moment of this call, not all at the same one.
   *
   * @return in the order of the ids
   */
  public List<Optional<NsObject>> lookupAll(long[] wanted) {
    return guard.readable(lookups.findAll(wanted));
  }

  /** As {@link #lookupAll(long[])}, by name. */
  public List<Optional<NsObject>> lookupAll(NsHandle namespace, List<String> wanted) {
    return guard.readable(namespace, lookups.findAll(namespace, wanted));
  }

  /**
   * Takes a reference to the object of a name; empty if there is none. Its data stay until the
   * reference is closed, though the object may be deleted. Costs a lookup and no message.
   */
  public Optional<NsRef> open(NsHandle namespace, String name) {
    Optional<NsRef> taken = take(namespace, name);
    return holdings.tracking() ? holdings.known(taken, Holdings.threadLabel()) : taken;
  }

  /**
   * As above, and every node can tell who holds it, and where he opened it. That costs some
   * microseconds.
   *
   * @param label what the caller says of himself: 1 to 200 bytes of UTF-8, without control
   *     characters
   */
  public Optional<NsRef> open(NsHandle namespace, String name, String label) {
    Checks.label(label);
    return holdings.known(take(namespace, name), label);
  }

  /**
   * Takes a reference to the object of an id; empty if there is none.
   *
   * @throws NsException.Draining if it was deleted and waits for its last reference
   */
  public Optional<NsRef> open(long xid) {
    Optional<NsRef> taken = take(xid);
    return holdings.tracking() ? holdings.known(taken, Holdings.threadLabel()) : taken;
  }

  /** As {@link #open(NsHandle, String, String)}, by id. */
  public Optional<NsRef> open(long xid, String label) {
    Checks.label(label);
    return holdings.known(take(xid), label);
  }

  /** A reference of which nobody knows yet who holds it. */
  Optional<NsRef> take(NsHandle namespace, String name) {
    Optional<NsRef> taken = references.open(namespace, name);
    return guard.isOpen() ? taken : guard.reference(namespace, taken);
  }

  Optional<NsRef> take(long xid) {
    Optional<NsRef> taken = references.open(xid);
    return guard.isOpen() || taken.isEmpty()
        ? taken
        : guard.reference(taken.get().object().namespace(), taken);
  }

  /**
   * From now on this node notes of every reference that is taken on it who takes it, by the name of
   * his thread, and where; or does so no longer. Each open costs some microseconds then. Those that
   * are held already stay as they are. A node knows 100,000 holders; further ones are only counted.
   */
  public void trackReferences(boolean all) {
    guard.refuseOthers("tracking references");
    holdings.track(all);
  }

  /**
   * Opens the object of a name in a mode; empty if there is none. It waits its turn: nobody who
   * asked later gets it before, except beside. Who acts for a principal must be allowed to write to
   * open it in a mode that writes.
   *
   * @param deadline how long it waits for others to close; zero to try once
   * @throws NsException.Denied if others had it open for that long
   * @throws NsException.Refused if it is open a thousand times on this node, or the lock server
   *     takes nothing
   */
  public Optional<NsOpen> open(NsHandle namespace, String name, OpenMode mode, Duration deadline) {
    return opens.open(this, namespace, name, mode, deadline, Holdings.threadLabel());
  }

  /**
   * As above.
   *
   * @param label what the caller says of himself, in place of the name of his thread; see {@link
   *     #open(NsHandle, String, String)}. It is also a note on the lock
   */
  public Optional<NsOpen> open(
      NsHandle namespace, String name, OpenMode mode, Duration deadline, String label) {
    return opens.open(this, namespace, name, mode, deadline, Checks.label(label));
  }

  /**
   * As above, by id.
   *
   * @throws NsException.Draining if it was deleted
   */
  public Optional<NsOpen> open(long xid, OpenMode mode, Duration deadline) {
    return opens.open(this, xid, mode, deadline, Holdings.threadLabel());
  }

  /** As above, with a label. */
  public Optional<NsOpen> open(long xid, OpenMode mode, Duration deadline, String label) {
    return opens.open(this, xid, mode, deadline, Checks.label(label));
  }

  /**
   * What is open on this node under a number.
   *
   * @throws NsException.StaleHandle if it was closed
   * @throws NsException.UnknownHandle if there never was such a number on this node, or another
   *     principal has it open
   */
  public NsOpen opened(long number) {
    NsOpen found = opens.opened(number);
    if (!guard.isOpen() && !found.openedFor(principal())) {
      throw new NsException.UnknownHandle(
          "opened by another: number=%d principal=%s".formatted(number, principal()));
    }
    return found;
  }

  /** The id of a name, empty if there is no such object; a lookup. */
  public OptionalLong xidOf(NsHandle namespace, String name) {
    Optional<NsObject> object = lookup(namespace, name);
    return object.isPresent() ? OptionalLong.of(object.get().xid()) : OptionalLong.empty();
  }

  /** The name of an id; empty also for an object that was deleted. */
  public Optional<String> nameOf(long xid) {
    return lookup(xid).filter(object -> !object.draining()).map(NsObject::name);
  }

  /**
   * How the namespaces do on this node, also outside the view. It waits for nothing, and costs a
   * look at each object that was opened here and is not freed.
   */
  public NsStats stats() {
    NsIndex.Figures figures = index.figures();
    return new NsStats(
        figures.objects(),
        figures.draining(),
        table.total(),
        opens.count(),
        figures.listings(),
        whole.watches.get());
  }

  /** How many references to an object this node holds, those of others not counted. Asks nobody. */
  public long references(long xid) {
    check(xid, Access.READER, Guard.READING);
    return table.count(xid);
  }

  /**
   * Who holds references to the object of a name, on all nodes of the view: of each node how many,
   * and of those that were opened in a mode, with a label, or while {@link #trackReferences} was
   * on, who holds them, since when, and where he opened them. It costs a message to each node.
   *
   * @param deadline more than 0, up to {@link #DEADLINE}; nodes that have not answered by then are
   *     named as {@link ReferenceReport.Silent}
   * @throws NsException.NotFound if there is no such object
   * @throws NsException.Refused if a hundred such questions of this node are under way
   */
  public ReferenceReport references(NsHandle namespace, String name, Duration deadline) {
    NsObject object =
        lookup(namespace, name)
            .orElseThrow(() -> new NsException.NotFound("no such object: name=" + name));
    return references(object, deadline);
  }

  /** As above, by id: also of an object that was deleted and waits for its last reference. */
  public ReferenceReport references(long xid, Duration deadline) {
    NsObject object =
        lookup(xid)
            .orElseThrow(
                () -> new NsException.NotFound("no such object: xid=" + Long.toHexString(xid)));
    return references(object, deadline);
  }

  private ReferenceReport references(NsObject object, Duration deadline) {
    Checks.deadline(deadline);
    String doing = "asking who holds: xid=" + object.xidText();
    return new ReferenceReport(object, Calls.await(doing, ask(object.xid(), deadline)));
  }

  CompletableFuture<List<ReferenceReport.OfNode>> ask(long xid, Duration deadline) {
    CompletableFuture<List<ReferenceReport.OfNode>> nodes = new CompletableFuture<>();
    loop.execute(() -> census.ask(xid, deadline, nodes));
    return nodes;
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
    return guard.readable(
        namespace,
        Calls.await(
            "listing: namespace=" + namespace.text() + " pattern=" + pattern,
            cells.onLoop(
                List.of(ObjectCodec.listKey(namespace.id())),
                DEADLINE,
                () -> index.page(namespace.id(), pattern, after, limit))));
  }

  /**
   * All names that match, as of one moment, in order, however many: they lie in memory together.
   *
   * @throws NsException.Overtaken if so much changes meanwhile that the moment is lost, see {@link
   *     NsListing}
   */
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

  /** Begins to list names that match, page by page, all of them as of this moment. Close it. */
  public NsListing listing(NsHandle namespace, NamePattern pattern) {
    guard.check(namespace, Access.READER, Guard.READING);
    return Calls.await(
        "listing: namespace=" + namespace.text() + " pattern=" + pattern,
        cells.onLoop(
            List.of(ObjectCodec.listKey(namespace.id())),
            DEADLINE,
            () -> {
              NsListing listing =
                  new NsListing(loop, index, namespace, pattern, cells.appliedPosition(), guard);
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
    return guard.readable(
        namespace,
        Calls.await(
            "listing: namespace=" + namespace.text() + " directory=" + directory,
            cells.onLoop(
                List.of(ObjectCodec.listKey(namespace.id())),
                DEADLINE,
                () -> index.below(namespace.id(), directory, after, limit))));
  }

  /**
   * Watches the objects of a namespace whose names match, before a change or after it, from now on.
   * Close it.
   */
  public NsWatch watch(NsHandle namespace, NamePattern pattern) {
    guard.check(namespace, Access.READER, Guard.READING);
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
    guard.check(namespace, Access.READER, Guard.READING);
    String what = "namespace=" + namespace.text() + " pattern=" + pattern;
    return watch(OptionalLong.of(after), ObjectCodec.XID_PREFIX, in(namespace, pattern), what);
  }

  /** Watches one object, from now on, its end included. Close it. */
  public NsWatch watch(long xid) {
    check(xid, Access.READER, Guard.READING);
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
    return new NsWatch(
        Calls.await("watching: " + what, opened), wanted, what, clock, whole.watches, guard);
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
    guard.check(namespace, Access.WRITER, Guard.WRITING);
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

  /** Refuses what may not be done where an object is now. */
  void check(long xid, Access wants, String doing) {
    if (!guard.isOpen()) {
      guard.check(lookups.find(xid), wants, doing);
    }
  }

  Guard guard() {
    return guard;
  }

  CompletableFuture<Outcome> submit(ObjectChanges changes) {
    return guard.commit(changes, null);
  }

  CompletableFuture<Outcome> submit(ObjectChanges changes, @Nullable RequestId name) {
    return guard.commit(changes, name);
  }
}

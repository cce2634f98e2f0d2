package io.quire.ns;

import io.quire.gvm.Bounds;
import io.quire.gvm.CellListener;
import io.quire.gvm.Cells;
import io.quire.gvm.Key;
import io.quire.gvm.Limits;
import io.quire.gvm.Step;
import io.quire.gvm.Versioned;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What is derived from the cells by applying the log: the names of each namespace in order, so that
 * a listing costs its own size, what each holds, the namespaces that have names, those that ended
 * and still have objects, the objects that drain, those that end with a session, and the ids that
 * are reserved. Confined to the loop.
 */
final class NsIndex implements CellListener, Bounds {
  private static final int LISTINGS_MAX = 100;
  private static final String QUOTA = "namespace.";

  private final Cells cells;
  private final RefTable references;
  private final List<LongConsumer> freed;
  private final Map<Long, Space> spaces = new HashMap<>();
  private final TreeMap<String, Long> named = new TreeMap<>();
  private final Map<Long, Quota> quotas = new HashMap<>();
  private final Set<Long> ended = new TreeSet<>();
  private final List<NsListing> listings = new ArrayList<>();
  private final TreeMap<Long, Long> draining = new TreeMap<>();
  private final Map<Long, Long> sessionObjects = new HashMap<>();
  private final TreeSet<Long> closing = new TreeSet<>();
  private final TreeSet<Long> reserved = new TreeSet<>();
  private long objects;
  private volatile Figures figures = new Figures(0, 0, 0);

  /** The last name of a transaction: mostly what comes next is its object. */
  private @Nullable Given given;

  private record Given(long namespace, String name, NameCell cell, Space space) {
    boolean isOf(NsObject object) {
      return cell.xid() == object.xid()
          && namespace == object.namespace().id()
          && name.equals(object.name());
    }
  }

  /** What others may look at: the only part of this that any thread may read. */
  record Figures(long objects, int draining, int listings) {}

  /**
   * @param freed told of each object that is gone for good
   */
  NsIndex(Cells cells, RefTable references, List<LongConsumer> freed) {
    this.cells = cells;
    this.references = references;
    this.freed = freed;
  }

  /** The names after {@code after} that match, in order: see {@link Pages#matching}. */
  NamePage page(long namespace, NamePattern pattern, String after, int limit) {
    return Pages.matching(names(namespace), NameCell::xid, pattern, after, limit);
  }

  /** What lies right below a directory: see {@link Pages#below}. */
  TreePage below(long namespace, String directory, String after, int limit) {
    return Pages.below(names(namespace), NameCell::xid, directory, after, limit);
  }

  /** As {@link #page}, of the names of namespaces. */
  NamePage namespaces(NamePattern pattern, String after, int limit) {
    return Pages.matching(named, id -> id, pattern, after, limit);
  }

  /** In order; not to be changed. */
  TreeMap<String, NameCell> names(long namespace) {
    Space space = spaces.get(namespace);
    return space == null ? new TreeMap<>() : space.names;
  }

  /** From now on it is told of names before they change; the oldest one ends if there are many. */
  void begin(NsListing listing) {
    spaces.computeIfAbsent(listing.namespace().id(), _ -> new Space()).begin(listing);
    listings.add(listing);
    if (listings.size() > LISTINGS_MAX) {
      listings.getFirst().overtake();
    }
    show();
  }

  void end(NsListing listing) {
    Space space = spaces.get(listing.namespace().id());
    if (listings.remove(listing) && space != null) {
      space.end(listing);
      forget(listing.namespace().id(), space);
      show();
    }
  }

  private void show() {
    figures = new Figures(objects, draining.size(), listings.size());
  }

  /** Any thread. */
  Figures figures() {
    return figures;
  }

  private void forget(long namespace, Space space) {
    if (space.idle()) {
      spaces.remove(namespace);
      ended.remove(namespace);
    }
  }

  Usage usage(long namespace) {
    Space space = spaces.get(namespace);
    return space == null ? new Usage(0, 0) : space.usage();
  }

  /** See {@link Space#last}. */
  List<NsObject> last(long namespace, int most, long bytesMost) {
    Space space = spaces.get(namespace);
    return space == null ? List.of() : space.last(most, bytesMost);
  }

  /** Namespaces that are no more and have objects still. */
  Set<Long> ended() {
    return ended;
  }

  /** Deleted objects that wait for their last reference, with the position of the delete. */
  TreeMap<Long, Long> draining() {
    return draining;
  }

  /** Objects that live until they are closed, and were opened. */
  TreeSet<Long> closing() {
    return closing;
  }

  /** Ids of reservations. */
  TreeSet<Long> reserved() {
    return reserved;
  }

  /** Objects that live as long as a session, with their creators. */
  Map<Long, Long> sessionObjects() {
    return sessionObjects;
  }

  @Override
  public void committed(long position, List<Step> steps) {
    for (Step step : steps) {
      changed(position, step.key(), step.after());
    }
    given = null;
    show();
  }

  /** What was here before and is no more ended in the part of the log that was skipped. */
  @Override
  public void restored(long position) {
    Set<Long> gone = present();
    List.copyOf(spaces.values()).forEach(Space::overtake);
    spaces.clear();
    objects = 0;
    named.clear();
    quotas.clear();
    ended.clear();
    sessionObjects.clear();
    closing.clear();
    reserved.clear();
    draining.clear();
    cells.forEach((key, cell) -> changed(cell.version(), Key.of(key), cell));
    given = null;
    List.copyOf(spaces.keySet()).forEach(this::look);
    gone.removeAll(present());
    gone.forEach(this::free);
    show();
  }

  private Set<Long> present() {
    Set<Long> xids = new TreeSet<>(draining.keySet());
    spaces.values().forEach(space -> space.names.values().forEach(name -> xids.add(name.xid())));
    return xids;
  }

  /**
   * @param cell null if there is none any more; one of ours that holds what is no name or object
   *     counts as none
   */
  private void changed(long position, Key key, @Nullable Versioned cell) {
    if (cell instanceof NameCell name) {
      nameGiven(ObjectCodec.namespaceOf(key), ObjectCodec.nameOf(key), name);
    } else if (cell instanceof ObjectCell object) {
      objectChanged(position, object);
    } else if (ObjectCodec.isNameKey(key)) {
      nameTaken(ObjectCodec.namespaceOf(key), ObjectCodec.nameOf(key));
    } else if (ObjectCodec.isXidKey(key)) {
      objectGone(ObjectCodec.xidOf(key));
    } else if (NamespaceCodec.isKey(key.text())) {
      namespaceChanged(NamespaceCodec.idOf(key.text()), cell);
    } else if (NamespaceCodec.isNameKey(key.text())) {
      namespaceNamed(NamespaceCodec.nameOf(key.text()), cell);
    } else if (Reservations.isKey(key.text()) && cell != null) {
      reserved.add(Reservations.xidOf(key.text()));
    } else if (Reservations.isKey(key.text())) {
      reserved.remove(Reservations.xidOf(key.text()));
    }
  }

  private void namespaceChanged(long id, @Nullable Versioned cell) {
    Quota quota = cell instanceof NamespaceCell known ? known.info().quota() : Quota.NONE;
    if (quota.equals(Quota.NONE)) {
      quotas.remove(id);
    } else {
      quotas.put(id, quota);
    }
    look(id);
  }

  private void namespaceNamed(String name, @Nullable Versioned cell) {
    if (cell != null && cell.value().length == Long.BYTES) {
      named.put(name, ObjectCodec.number(cell.value()));
    } else {
      named.remove(name);
    }
  }

  /** Whether it ended before its objects did. */
  private void look(long namespace) {
    // Also by a cell that cannot be read: a later build may have written it.
    boolean lives = namespace == 0 || cells.applied(NamespaceCodec.key(namespace)) != null;
    if (!lives && !names(namespace).isEmpty()) {
      ended.add(namespace);
    } else {
      ended.remove(namespace);
    }
  }

  private void nameGiven(long namespace, String name, NameCell cell) {
    Space space = spaces.computeIfAbsent(namespace, _ -> new Space());
    if (space.give(name, cell)) {
      objects++;
    }
    given = new Given(namespace, name, cell, space);
  }

  private void nameTaken(long namespace, String name) {
    Space space = spaces.get(namespace);
    if (space != null) {
      if (space.take(name)) {
        objects--;
      }
      forget(namespace, space);
    }
  }

  private void objectChanged(long position, ObjectCell changed) {
    NsObject object = changed.object();
    long xid = object.xid();
    if (object.draining()) {
      references.word(xid).drain();
      draining.put(xid, position);
      sessionObjects.remove(xid);
      closing.remove(xid);
      return;
    }
    if (object.lifetime() == Lifetime.SESSION) {
      sessionObjects.put(xid, object.creator());
    }
    if (object.lifetime() == Lifetime.UNTIL_CLOSED && object.opened()) {
      closing.add(xid);
    }
    Given last = given;
    if (last != null && last.isOf(object)) {
      last.space.lead(last.cell, changed);
      return;
    }
    String nameKey = ObjectCodec.nameKey(object.namespace().id(), object.name());
    if (cells.applied(nameKey) instanceof NameCell name && name.xid() == xid) {
      Space space = spaces.computeIfAbsent(object.namespace().id(), _ -> new Space());
      space.lead(name, changed);
    }
  }

  private void objectGone(long xid) {
    draining.remove(xid);
    sessionObjects.remove(xid);
    closing.remove(xid);
    free(xid);
  }

  private void free(long xid) {
    references.forget(xid);
    freed.forEach(listener -> listener.accept(xid));
  }

  static boolean isQuota(Limits.Exceeded exceeded) {
    return exceeded.limit().startsWith(QUOTA);
  }

  /** Compares what namespaces would hold with their quotas. */
  @Override
  public Limits.@Nullable Exceeded exceededBy(List<Step> steps) {
    if (quotas.isEmpty()) {
      return null;
    }
    Map<Long, Growth> growths = new TreeMap<>();
    steps.forEach(step -> grow(growths, step));
    for (Map.Entry<Long, Growth> entry : growths.entrySet()) {
      Quota quota = quotas.getOrDefault(entry.getKey(), Quota.NONE);
      Usage usage = usage(entry.getKey());
      Growth growth = entry.getValue();
      long objects = usage.objects() + growth.objects;
      long bytes = usage.bytes() + growth.bytes;
      if (growth.objects > 0 && objects > quota.objects()) {
        return new Limits.Exceeded(QUOTA + "objects", objects, quota.objects());
      }
      if (growth.bytes > 0 && bytes > quota.bytes()) {
        return new Limits.Exceeded(QUOTA + "bytes", bytes, quota.bytes());
      }
    }
    return null;
  }

  private static final class Growth {
    long objects;
    long bytes;
  }

  private static void grow(Map<Long, Growth> growths, Step step) {
    if (ObjectCodec.isNameKey(step.key())) {
      int more = (step.after() == null ? 0 : 1) - (step.before() instanceof NameCell ? 1 : 0);
      growth(growths, ObjectCodec.namespaceOf(step.key())).objects += more;
    } else {
      if (step.before() instanceof ObjectCell before) {
        weigh(growths, before.object(), -1);
      }
      if (step.after() instanceof ObjectCell after) {
        weigh(growths, after.object(), 1);
      }
    }
  }

  private static void weigh(Map<Long, Growth> growths, NsObject object, int sign) {
    if (!object.draining()) {
      growth(growths, object.namespace().id()).bytes += (long) sign * object.held().length;
    }
  }

  private static Growth growth(Map<Long, Growth> growths, long namespace) {
    return growths.computeIfAbsent(namespace, _ -> new Growth());
  }
}

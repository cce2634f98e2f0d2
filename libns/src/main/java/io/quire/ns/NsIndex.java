package io.quire.ns;

import io.quire.gvm.CellListener;
import io.quire.gvm.Cells;
import io.quire.gvm.Change;
import io.quire.gvm.Versioned;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What is derived from the cells by applying the log: the names of each namespace in order, so that
 * a listing costs its own size, the objects that drain, and those that end with a session. Confined
 * to the loop.
 */
final class NsIndex implements CellListener {
  private static final int LOOKED_MAX = 10_000;

  /** Steps of matching in one page, give or take one name: milliseconds. */
  private static final long WORK_MAX = 8_000_000;

  private final Cells cells;
  private final RefTable references;
  private final List<LongConsumer> freed;
  private final Map<Long, TreeMap<String, NameCell>> names = new HashMap<>();
  private final TreeMap<Long, Long> draining = new TreeMap<>();
  private final Map<Long, Long> sessionObjects = new HashMap<>();

  /**
   * @param freed told of each object that is gone for good
   */
  NsIndex(Cells cells, RefTable references, List<LongConsumer> freed) {
    this.cells = cells;
    this.references = references;
    this.freed = freed;
  }

  /**
   * The names after {@code after} that match, in order; at most {@value #LOOKED_MAX} names are
   * looked at, and fewer if each takes long, so that the loop is free again soon.
   */
  NamePage page(long namespace, NamePattern pattern, @Nullable String after, int limit) {
    TreeMap<String, NameCell> all = names.get(namespace);
    if (all == null) {
      return new NamePage(List.of(), Optional.empty());
    }
    String prefix = pattern.prefix();
    boolean further = after != null && after.compareTo(prefix) >= 0;
    List<NamePage.Listed> page = new ArrayList<>();
    int looked = 0;
    long work = 0;
    for (Map.Entry<String, NameCell> entry :
        (further ? all.tailMap(after, false) : all.tailMap(prefix, true)).entrySet()) {
      String name = entry.getKey();
      if (!name.startsWith(prefix)) {
        break;
      }
      if (pattern.matches(name)) {
        page.add(new NamePage.Listed(name, entry.getValue().xid()));
      }
      work += pattern.work(name);
      if (page.size() == limit || ++looked == LOOKED_MAX || work >= WORK_MAX) {
        return new NamePage(page, Optional.of(name));
      }
    }
    return new NamePage(page, Optional.empty());
  }

  /** Deleted objects that wait for their last reference, with the position of the delete. */
  TreeMap<Long, Long> draining() {
    return draining;
  }

  /** Objects that live as long as a session, with their creators. */
  Map<Long, Long> sessionObjects() {
    return sessionObjects;
  }

  @Override
  public void committed(long position, List<Change> changes) {
    for (Change change : changes) {
      changed(position, change.key(), change.after() == null ? null : cells.applied(change.key()));
    }
  }

  /** What was here before and is no more ended in the part of the log that was skipped. */
  @Override
  public void restored(long position) {
    Set<Long> gone = present();
    names.clear();
    sessionObjects.clear();
    draining.clear();
    cells.forEach((key, cell) -> changed(cell.version(), key, cell));
    gone.removeAll(present());
    gone.forEach(this::free);
  }

  private Set<Long> present() {
    Set<Long> xids = new TreeSet<>(draining.keySet());
    names.values().forEach(all -> all.values().forEach(named -> xids.add(named.xid())));
    return xids;
  }

  /**
   * @param cell null if there is none any more; one of ours that holds what is no name or object
   *     counts as none
   */
  private void changed(long position, String key, @Nullable Versioned cell) {
    if (cell instanceof NameCell named) {
      nameGiven(ObjectCodec.namespaceOf(key), ObjectCodec.nameOf(key), named);
    } else if (cell instanceof ObjectCell changed) {
      objectChanged(position, changed);
    } else if (ObjectCodec.isNameKey(key)) {
      nameTaken(ObjectCodec.namespaceOf(key), ObjectCodec.nameOf(key));
    } else if (ObjectCodec.isXidKey(key)) {
      objectGone(ObjectCodec.xidOf(key));
    }
  }

  private void nameGiven(long namespace, String name, NameCell named) {
    names.computeIfAbsent(namespace, _ -> new TreeMap<>()).put(name, named);
  }

  private void nameTaken(long namespace, String name) {
    TreeMap<String, NameCell> all = names.get(namespace);
    if (all != null) {
      all.remove(name);
      if (all.isEmpty()) {
        names.remove(namespace);
      }
    }
  }

  private void objectChanged(long position, ObjectCell changed) {
    NsObject object = changed.object();
    long xid = object.xid();
    if (object.draining()) {
      references.word(xid).drain();
      draining.put(xid, position);
      sessionObjects.remove(xid);
      return;
    }
    if (object.lifetime() == Lifetime.SESSION) {
      sessionObjects.put(xid, object.creator());
    }
    String nameKey = ObjectCodec.nameKey(object.namespace().id(), object.name());
    if (cells.applied(nameKey) instanceof NameCell named && named.xid() == xid) {
      named.leadTo(changed);
    }
  }

  private void objectGone(long xid) {
    draining.remove(xid);
    sessionObjects.remove(xid);
    free(xid);
  }

  private void free(long xid) {
    references.forget(xid);
    freed.forEach(listener -> listener.accept(xid));
  }
}

package io.quire.ns;

import io.quire.ns.NamePage.Listed;
import io.quire.twopc.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Deletes listed objects, as many with one transaction as it may hold. Those that changed meanwhile
 * do not keep the others: they are left out and each is deleted for itself, unless its name has
 * gone.
 */
final class Deletions {
  /** Each is a condition and three writes. */
  private static final int AT_ONCE = 200;

  private static final int BYTES_AT_ONCE = 1 << 20;

  private final Namespaces namespaces;
  private final NsHandle namespace;
  private final List<Listed> listed;
  private int deleted;

  Deletions(Namespaces namespaces, NsHandle namespace, List<Listed> listed) {
    this.namespaces = namespaces;
    this.namespace = namespace;
    this.listed = listed;
  }

  /** How many were deleted. */
  int run() {
    Deque<NsObject> left = new ArrayDeque<>(seen());
    while (!left.isEmpty()) {
      List<NsObject> batch = new ArrayList<>();
      long bytes = 0;
      while (!left.isEmpty()
          && batch.size() < AT_ONCE
          && (batch.isEmpty() || bytes + left.element().held().length <= BYTES_AT_ONCE)) {
        NsObject next = left.remove();
        bytes += next.held().length;
        batch.add(next);
      }
      delete(batch);
    }
    return deleted;
  }

  /** Those that are still what was listed. */
  private List<NsObject> seen() {
    var found = namespaces.lookupAll(listed.stream().mapToLong(Listed::xid).toArray());
    List<NsObject> seen = new ArrayList<>();
    for (int i = 0; i < listed.size(); i++) {
      String name = listed.get(i).name();
      found
          .get(i)
          .filter(object -> !object.draining() && object.name().equals(name))
          .ifPresent(seen::add);
    }
    return seen;
  }

  /**
   * Deletes these with one transaction, and for itself each that is not what was seen any more. An
   * error is about these, and says how many were deleted before.
   *
   * @return how many were deleted so far
   */
  int delete(List<NsObject> seen) {
    List<NsObject> batch = new ArrayList<>(seen);
    while (!batch.isEmpty()) {
      String doing =
          "deleting: namespace=%s objects=%d deletedBefore=%d"
              .formatted(namespace.text(), batch.size(), deleted);
      ObjectChanges changes = new ObjectChanges();
      batch.forEach(changes::delete);
      switch (Calls.outcome(doing, namespaces.submit(changes))) {
        case Outcome.Committed _ -> {
          deleted += batch.size();
          return deleted;
        }
        case Outcome.Rejected rejected -> {
          // Who else deletes by pattern takes hundreds at a time: most of these may be gone.
          Set<NsObject> changed = changed(batch);
          changed.add(changes.failedObject(rejected));
          batch.removeAll(changed);
          for (NsObject each : changed) {
            deleted += deleteAlone(each);
          }
        }
        case Outcome.Aborted aborted -> throw Calls.aborted(doing, aborted);
        case Outcome.Indeterminate(var txn) ->
            throw new NsException.Indeterminate("may have happened: " + doing, txn);
      }
    }
    return deleted;
  }

  /** Those that are not what was seen any more. */
  private Set<NsObject> changed(List<NsObject> seen) {
    var found = namespaces.lookupAll(seen.stream().mapToLong(NsObject::xid).toArray());
    Set<NsObject> changed = new LinkedHashSet<>();
    for (int i = 0; i < seen.size(); i++) {
      NsObject before = seen.get(i);
      if (found.get(i).filter(now -> now.version() == before.version()).isEmpty()) {
        changed.add(before);
      }
    }
    return changed;
  }

  private int deleteAlone(NsObject changed) {
    try {
      namespaces.delete(namespace, changed.name());
      return 1;
    } catch (NsException.NotFound e) {
      return 0;
    }
  }
}

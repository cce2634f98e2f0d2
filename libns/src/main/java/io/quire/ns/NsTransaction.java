package io.quire.ns;

import io.quire.base.RequestId;
import io.quire.lockserver.Sequencer;
import io.quire.twopc.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Changes of several objects, also in several namespaces, that take effect together or not at all:
 * every node sees all of them or none. Each object may be changed once, and each name be given
 * once; a name that one change frees may be given by another, so two objects can swap theirs.
 *
 * <p>Nothing happens before {@link #commit}. Some 160 objects fit, and values of up to 16 MiB
 * together. Confined to one thread until then.
 */
public final class NsTransaction {
  private final Namespaces namespaces;
  private final ObjectChanges changes = new ObjectChanges();
  private final List<NsObject> after = new ArrayList<>();
  private final StringBuilder doing = new StringBuilder();
  private boolean committed;
  private boolean drewIds;
  private @Nullable RequestId name;

  NsTransaction(Namespaces namespaces) {
    this.namespaces = namespaces;
  }

  /**
   * As {@link Namespaces#create(NsHandle, String, String, Lifetime, byte[])}. May block while ids
   * are reserved.
   */
  public NsTransaction create(
      NsHandle namespace, String name, String kind, Lifetime lifetime, byte[] value) {
    drewIds = true;
    return create(namespaces.reserveXid(), namespace, name, kind, lifetime, value);
  }

  /** As above, under an id from {@link Namespaces#reserveXid}. */
  public NsTransaction create(
      long xid, NsHandle namespace, String name, String kind, Lifetime lifetime, byte[] value) {
    NsObject made = namespaces.draft(xid, namespace, name, kind, lifetime, value);
    changes.create(made);
    return add("creating", made, made);
  }

  /**
   * Replaces the value of an object that is still of the version seen.
   *
   * @throws NsException.Draining if it was seen deleted
   * @throws NsException.BadValue if the value is too large
   */
  public NsTransaction update(NsObject seen, byte[] value) {
    Checks.value(seen.name(), value);
    Checks.live("updating", seen);
    NsObject next = seen.withValue(value);
    changes.update(seen, next);
    return add("updating", seen, next);
  }

  /** Gives an object that is still of the version seen another name in its namespace. */
  public NsTransaction rename(NsObject seen, String name) {
    return move(seen, seen.namespace(), name);
  }

  /**
   * Gives an object that is still of the version seen another name, in another namespace. Its id
   * and the references to it stay.
   *
   * @throws NsException.Draining if it was seen deleted
   * @throws NsException.NameTaken if that is its name
   */
  public NsTransaction move(NsObject seen, NsHandle namespace, String name) {
    ObjectName.check(name);
    Checks.live("renaming to " + name, seen);
    if (name.equals(seen.name()) && namespace.id() == seen.namespace().id()) {
      throw new NsException.NameTaken("name taken: it is its own: name=" + name);
    }
    NsObject next = seen.withName(namespace, name);
    changes.rename(seen, next);
    return add("renaming to " + name, seen, next);
  }

  /**
   * Deletes an object that is still of the version seen.
   *
   * @throws NsException.Draining if it was seen deleted
   */
  public NsTransaction delete(NsObject seen) {
    Checks.live("deleting", seen);
    changes.delete(seen);
    return add("deleting", seen, seen.deleted());
  }

  /**
   * Creates an object under its reservation, which ends with that.
   *
   * @param reservation as it was seen; fails with {@link NsException.StaleHandle} if it is not so
   */
  public NsTransaction create(
      Reservation reservation,
      NsHandle namespace,
      String name,
      String kind,
      Lifetime lifetime,
      byte[] value) {
    NsObject made = namespaces.draft(reservation.xid(), namespace, name, kind, lifetime, value);
    changes.ends(reservation, made).create(made);
    return add("creating", made, made);
  }

  /** As {@link #update(NsObject, byte[])}, and a reservation ends with that: as above. */
  public NsTransaction update(Reservation reservation, NsObject seen, byte[] value) {
    Checks.value(seen.name(), value);
    Checks.live("updating", seen);
    NsObject next = seen.withValue(value);
    changes.ends(reservation, next).update(seen, next);
    return add("updating", seen, next);
  }

  /** Requires that an object that is not changed is still of the version seen. */
  public NsTransaction unchanged(NsObject seen) {
    changes.unchanged(seen);
    return this;
  }

  /**
   * Gives the transaction a name, under which it happens at most once, however often, and on
   * whatever nodes, it is committed. Who is told {@link NsException.Indeterminate} commits the same
   * changes again under the same name, and is told of the first success as of its own; or asks
   * {@link Namespaces#outcome}. A name is judged once: what was rejected stays rejected, and other
   * changes under the name are answered for those that came first. So what it creates has an id
   * from {@link Namespaces#reserveXid}, the same in each try: {@link #commit} refuses with {@link
   * IllegalArgumentException} if not, and nothing happens. Who created it and when is answered as
   * of the last try.
   *
   * @param request from {@link Namespaces#newRequest}, or from whatever else gives no two alike
   */
  public NsTransaction as(RequestId request) {
    name = request;
    return this;
  }

  /** As {@link #update}, of an object that is open, also if it was deleted. */
  NsTransaction updateHeld(NsObject seen, byte[] value, Sequencer held) {
    Checks.value(seen.name(), value);
    NsObject next = seen.withValue(value);
    changes.update(seen, next).held(held, seen);
    return add("updating", seen, next);
  }

  /** It was opened in a mode. */
  NsTransaction opened(NsObject seen, Sequencer held) {
    NsObject next = seen.withOpened();
    changes.update(seen, next).held(held, seen);
    return add("opening", seen, next);
  }

  /** Only while the object is open. */
  NsTransaction held(NsObject seen, Sequencer held) {
    changes.held(held, seen);
    return this;
  }

  private NsTransaction add(String what, NsObject object, NsObject next) {
    if (!after.isEmpty()) {
      doing.append(", ");
    }
    if (after.size() < 3) {
      doing.append(what).append(": name=").append(object.name());
    } else if (after.size() == 3) {
      doing.append("...");
    }
    after.add(next);
    return this;
  }

  /**
   * Makes the changes, and returns when every live node shows them.
   *
   * @return the objects as they are then, in the order of the changes
   * @throws NsException.Stale if an object is not of the version seen
   * @throws NsException.NameTaken if a name or id is another's
   * @throws NsException.NotFound if there is no such namespace
   * @throws NsException.QuotaExceeded if a namespace would hold too much
   * @throws NsException.Indeterminate if it may have happened; of one that has a name, {@link
   *     Namespaces#outcome} tells later
   */
  public List<NsObject> commit() {
    return Calls.committed(doing(), commitAsync());
  }

  /**
   * As {@link #commit}; completes on the node's loop, which what depends on it must not block.
   * Fails with the same exceptions.
   */
  public CompletableFuture<List<NsObject>> commitAsync() {
    if (committed) {
      throw new IllegalStateException("transaction committed twice: " + doing());
    }
    if (name != null && drewIds) {
      throw new IllegalArgumentException(
          "creates under an id that is another in each try, wanted one of reserveXid: request=%s %s"
              .formatted(name, doing()));
    }
    committed = true;
    return namespaces
        .submit(changes, name)
        .thenApply(
            outcome ->
                switch (Calls.withinLimits(doing(), outcome)) {
                  case Outcome.Committed(long position, byte[] _) ->
                      after.stream().map(object -> object.at(position)).toList();
                  case Outcome.Rejected rejected -> throw changes.failed(rejected);
                  case Outcome.Aborted aborted -> throw Calls.aborted(doing(), aborted);
                  case Outcome.Indeterminate(var txn) ->
                      throw new NsException.Indeterminate("may have happened: " + doing(), txn);
                });
  }

  private String doing() {
    return doing.isEmpty() ? "changing nothing" : doing.toString();
  }
}

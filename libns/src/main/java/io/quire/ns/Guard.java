package io.quire.ns;

import io.quire.base.RequestId;
import io.quire.gvm.Cells;
import io.quire.gvm.Transaction;
import io.quire.gvm.Transaction.Condition;
import io.quire.gvm.Versioned;
import io.quire.twopc.Finding;
import io.quire.twopc.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Lets a principal do what the access lists of namespaces allow, and nothing else; and the node
 * itself whatever it asks for.
 *
 * <p>What is read is handed out only if the list, read after it, allows that: whatever was written
 * after somebody lost access is not shown to him. What is written has the condition that the cell
 * with the list is of the version that was looked at: it takes effect only where the list stands in
 * the log that allowed it. If the cell changed meanwhile, also by a quota, it is looked at again.
 */
final class Guard {
  static final String READING = "reading";
  static final String WRITING = "writing";

  /** Null for the node itself. */
  private final @Nullable Principal principal;

  private final Cells cells;
  private final Attempts attempts;

  Guard(@Nullable Principal principal, Cells cells, Attempts attempts) {
    this.principal = principal;
    this.cells = cells;
    this.attempts = attempts;
  }

  /** For whom it looks; empty for the node itself. */
  Optional<Principal> principal() {
    return Optional.ofNullable(principal);
  }

  /** Whether it lets everything pass. */
  boolean isOpen() {
    return principal == null;
  }

  /** Refuses what is for the node itself alone. */
  void refuseOthers(String doing) {
    if (principal != null) {
      throw new IllegalStateException(
          "only for the node itself: " + doing + ": principal=" + principal);
    }
  }

  /**
   * Whether the principal may do this now. Not on the loop.
   *
   * @throws NsException.Forbidden if it may not
   * @throws NsException.NotFound if there is no such namespace
   */
  void check(NsHandle namespace, Access wants, String doing) {
    if (principal != null) {
      String key = NamespaceCodec.key(namespace.id());
      check(namespace, Calls.read(cells, key, Namespaces.DEADLINE), wants, doing);
    }
  }

  /** As above, where an object is. */
  void check(Optional<NsObject> object, Access wants, String doing) {
    if (principal != null && object.isPresent()) {
      check(object.get().namespace(), wants, doing);
    }
  }

  /** Hands out what was found in a namespace. */
  <T> T readable(NsHandle namespace, T found) {
    check(namespace, Access.READER, READING);
    return found;
  }

  /** Hands out an object. */
  Optional<NsObject> readable(Optional<NsObject> found) {
    check(found, Access.READER, READING);
    return found;
  }

  /** Hands out objects of many namespaces. */
  List<Optional<NsObject>> readable(List<Optional<NsObject>> found) {
    if (principal != null) {
      found.stream()
          .flatMap(Optional::stream)
          .map(NsObject::namespace)
          .distinct()
          .forEach(namespace -> check(namespace, Access.READER, READING));
    }
    return found;
  }

  /** Hands out a reference, or closes it. */
  Optional<NsRef> reference(NsHandle namespace, Optional<NsRef> taken) {
    try {
      return readable(namespace, taken);
    } catch (NsException e) {
      taken.ifPresent(NsRef::close);
      throw e;
    }
  }

  /** As above, of a list that was read already. Any thread. */
  void check(NsHandle namespace, @Nullable Versioned cell, Access wants, String doing) {
    if (principal == null) {
      return;
    }
    Access has =
        NamespaceCodec.access(namespace.id(), cell)
            .orElseThrow(() -> Spaces.absent(namespace, doing))
            .accessOf(principal);
    if (!has.allows(wants)) {
      throw new NsException.Forbidden(doing, principal, namespace, has, wants);
    }
  }

  /** What a transaction needs. */
  private record Needs(
      Transaction wanted, Map<Long, Access> wants, List<NsObject> seen, @Nullable RequestId name) {
    int conditions() {
      return wanted.conditions().size();
    }

    /** The cells of the namespaces, and after them those of the objects. */
    List<String> keys() {
      List<String> keys = new ArrayList<>();
      wants.keySet().forEach(namespace -> keys.add(NamespaceCodec.key(namespace)));
      seen.forEach(object -> keys.add(ObjectCodec.xidKey(object.xid())));
      return keys;
    }
  }

  /** Commits changes, if the principal may make them: see below. */
  CompletableFuture<Outcome> commit(ObjectChanges changes, @Nullable RequestId name) {
    if (name == null || principal == null) {
      return commit(changes.build(), changes.wants(), changes.seen(), name);
    }
    // What happened under the name was allowed when it happened.
    return cells
        .outcome(name)
        .thenCompose(
            found ->
                found instanceof Finding.Settled(Outcome settled)
                    ? CompletableFuture.completedFuture(settled)
                    : commit(changes.build(), changes.wants(), changes.seen(), name));
  }

  /**
   * Commits what the principal may do. Fails with {@link NsException.Forbidden} if it may not, and
   * with {@link IllegalArgumentException} if an object that was seen is made up.
   *
   * @param wants by namespace
   * @param seen objects that are changed, or are to be as they were
   * @param name under which it happens once; null if it has none
   */
  CompletableFuture<Outcome> commit(
      Transaction wanted, Map<Long, Access> wants, List<NsObject> seen, @Nullable RequestId name) {
    if (principal == null) {
      return submit(wanted, name);
    }
    int parts = wanted.conditions().size() + wanted.writes().size() + wants.size();
    if (parts > Transaction.PARTS_MAX) {
      throw new IllegalArgumentException(
          "too many changes at once: parts=%d max=%d".formatted(parts, Transaction.PARTS_MAX));
    }
    return commit(new Needs(wanted, wants, seen, name), 0);
  }

  private CompletableFuture<Outcome> submit(Transaction transaction, @Nullable RequestId name) {
    return name == null
        ? cells.commit(transaction, Namespaces.DEADLINE)
        : cells.commitOnce(name, transaction, Namespaces.DEADLINE);
  }

  private CompletableFuture<Outcome> commit(Needs needs, long until) {
    return cells
        .snapshot(needs.keys(), Namespaces.DEADLINE)
        .exceptionally(
            failure -> {
              throw Calls.translated("reading access lists", failure);
            })
        .thenCompose(found -> submit(guarded(needs, found), needs.name()))
        .thenCompose(
            outcome ->
                listChanged(needs, outcome)
                    ? commit(needs, again(needs, until))
                    : CompletableFuture.completedFuture(outcome));
  }

  private long again(Needs needs, long until) {
    if (needs.name() != null) {
      throw new NsException.Refused(
          "did not happen: the access list changed meanwhile, and a name is judged once: request="
              + needs.name());
    }
    return attempts.again(until, WRITING, "access list");
  }

  /** With the conditions on the lists behind the others, whose numbers stay. */
  private Transaction guarded(Needs needs, List<@Nullable Versioned> found) {
    List<Condition> conditions = new ArrayList<>(needs.wanted().conditions());
    int next = 0;
    for (Map.Entry<Long, Access> entry : needs.wants().entrySet()) {
      Versioned cell = found.get(next++);
      check(new NsHandle(entry.getKey()), cell, entry.getValue(), WRITING);
      String key = NamespaceCodec.key(entry.getKey());
      conditions.add(
          cell == null ? new Condition.Absent(key) : new Condition.Version(key, cell.version()));
    }
    for (NsObject object : needs.seen()) {
      checkSeen(object, found.get(next++));
    }
    return new Transaction(conditions, needs.wanted().writes());
  }

  /**
   * An object says itself in which namespace it is. One that is of an older version than that of
   * its cell can be anything: the transaction is rejected.
   */
  private static void checkSeen(NsObject seen, @Nullable Versioned cell) {
    if (cell == null || cell.version() > seen.version()) {
      return;
    }
    NsObject is =
        cell instanceof ObjectCell known
            ? known.object()
            : ObjectCodec.read(seen.xid(), cell.value(), cell.version());
    if (is.version() < seen.version()
        || !is.namespace().equals(seen.namespace())
        || !is.name().equals(seen.name())) {
      throw new IllegalArgumentException(
          "no such version of the object: found=%s is=%s".formatted(seen, is));
    }
  }

  private static boolean listChanged(Needs needs, Outcome outcome) {
    return outcome instanceof Outcome.Rejected rejected
        && Cells.failedCondition(rejected) >= needs.conditions();
  }
}

package io.quire.ns;

import io.quire.base.Clock;
import io.quire.gvm.Cells;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.lockserver.Session;
import io.quire.twopc.Outcome;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/** Makes, finds, changes and ends namespaces. */
final class Spaces {
  private final Session session;
  private final Cells cells;
  private final Clock clock;
  private final XidBlock xids;
  private final Attempts attempts;
  private final Guard guard;

  Spaces(Session session, Cells cells, Clock clock, XidBlock xids, Guard guard) {
    this.session = session;
    this.cells = cells;
    this.clock = clock;
    this.xids = xids;
    attempts = new Attempts(clock);
    this.guard = guard;
  }

  /** The same for another. */
  Spaces by(Guard another) {
    return new Spaces(session, cells, clock, xids, another);
  }

  /** For whom this acts. */
  Principal principal() {
    return guard.principal().orElseGet(() -> new Principal(session.self().node().name()));
  }

  NsHandle create(Optional<String> name, Quota quota) {
    name.ifPresent(ObjectName::check);
    NsHandle handle = new NsHandle(xids.next(Namespaces.DEADLINE));
    long creator = session.self().incarnation();
    NamespaceInfo made = new NamespaceInfo(handle, name, creator, clock.wallMillis(), quota, 0);
    String key = NamespaceCodec.key(handle.id());
    Optional<AccessList> access = Optional.of(AccessList.of(principal()));
    Transaction.Builder creation =
        Transaction.begin().absent(key).put(key, NamespaceCodec.write(made, access));
    name.map(NamespaceCodec::nameKey)
        .ifPresent(
            nameKey ->
                creation
                    .absent(nameKey)
                    .put(nameKey, ObjectCodec.number(handle.id()))
                    .touch(NamespaceCodec.LIST_KEY));
    String doing = "creating a namespace: name=" + name.orElse("");
    if (!changed(
        doing, guard.commit(creation.build(), Map.of(0L, Access.WRITER), List.of(), null))) {
      throw new NsException.NameTaken("name taken: " + doing);
    }
    return handle;
  }

  Optional<NamespaceInfo> find(NsHandle namespace) {
    // The root has a cell if it has an access list.
    return namespace.id() == 0 ? Optional.empty() : cell(namespace).map(NamespaceCell::info);
  }

  private Optional<NamespaceCell> cell(NsHandle namespace) {
    Versioned cell = Calls.read(cells, NamespaceCodec.key(namespace.id()), Namespaces.DEADLINE);
    return switch (cell) {
      case null -> Optional.empty();
      case NamespaceCell known -> Optional.of(known);
      // What a hint showed ahead of the log is bytes still.
      default -> Optional.of(NamespaceCodec.read(namespace.id(), cell.value(), cell.version()));
    };
  }

  Optional<NsHandle> find(String name) {
    String key = NamespaceCodec.nameKey(ObjectName.check(name));
    Versioned cell = Calls.read(cells, key, Namespaces.DEADLINE);
    return cell == null
        ? Optional.empty()
        : Optional.of(new NsHandle(ObjectCodec.number(cell.value())));
  }

  void limit(NsHandle namespace, Quota quota) {
    String doing = "setting a quota";
    String key = NamespaceCodec.key(namespace.id());
    for (long until = 0; ; until = attempts.again(until, doing, namespace.text())) {
      NamespaceCell seen = existing(namespace, doing);
      byte[] next = seen.limited(quota).value();
      if (changed(doing, Transaction.begin().version(key, seen.version()).put(key, next).build())) {
        return;
      }
    }
  }

  /** From here on nothing can be created in it. */
  void end(NsHandle namespace) {
    String doing = "destroying a namespace";
    String key = NamespaceCodec.key(namespace.id());
    for (long until = 0; ; until = attempts.again(until, doing, namespace.text())) {
      NamespaceCell seen = existing(namespace, doing);
      Transaction.Builder end = Transaction.begin().version(key, seen.version()).remove(key);
      seen.info()
          .name()
          .ifPresent(
              name -> end.remove(NamespaceCodec.nameKey(name)).touch(NamespaceCodec.LIST_KEY));
      if (changed(doing, end.build())) {
        return;
      }
    }
  }

  /** Who may do what in a namespace. */
  AccessList access(NsHandle namespace) {
    String doing = "looking at an access list";
    Optional<NamespaceCell> seen = cell(namespace);
    return list(namespace, seen, doing);
  }

  /** Changes who may do what in a namespace, if that makes a difference. */
  void grant(NsHandle namespace, UnaryOperator<AccessList> change) {
    String doing = "changing an access list";
    String key = NamespaceCodec.key(namespace.id());
    for (long until = 0; ; until = attempts.again(until, doing, namespace.text())) {
      Optional<NamespaceCell> seen = cell(namespace);
      AccessList is = list(namespace, seen, doing);
      AccessList next = change.apply(is);
      Transaction.Builder granting = Transaction.begin();
      seen.ifPresentOrElse(
          cell -> granting.version(key, cell.version()), () -> granting.absent(key));
      byte[] value = seen.orElseGet(() -> root(namespace)).with(next).value();
      if (next.equals(is) || changed(doing, granting.put(key, value).build())) {
        return;
      }
    }
  }

  /** To its owners, and to the programs that embed nodes. */
  private AccessList list(NsHandle namespace, Optional<NamespaceCell> seen, String doing) {
    NamespaceCell cell = seen.orElse(null);
    guard.check(namespace, cell, Access.OWNER, doing);
    return NamespaceCodec.access(namespace.id(), cell).orElseThrow(() -> absent(namespace, doing));
  }

  private NamespaceCell root(NsHandle namespace) {
    long creator = session.self().incarnation();
    NamespaceInfo info =
        new NamespaceInfo(namespace, Optional.empty(), creator, clock.wallMillis(), Quota.NONE, 0);
    return new NamespaceCell(info, Optional.empty());
  }

  /** One that may be changed. */
  private NamespaceCell existing(NsHandle namespace, String doing) {
    if (namespace.id() == 0) {
      throw new IllegalArgumentException("not for the root namespace: " + doing);
    }
    NamespaceCell seen = cell(namespace).orElseThrow(() -> absent(namespace, doing));
    guard.check(namespace, seen, Access.OWNER, doing);
    return seen;
  }

  static NsException.NotFound absent(NsHandle namespace, String doing) {
    return new NsException.NotFound(
        "no such namespace: " + doing + ": namespace=" + namespace.text());
  }

  private boolean changed(String doing, Transaction transaction) {
    return changed(doing, cells.commit(transaction, Namespaces.DEADLINE));
  }

  /** Whether it was; false if a condition did not hold. */
  private static boolean changed(String doing, CompletableFuture<Outcome> committed) {
    return switch (Calls.outcome(doing, committed)) {
      case Outcome.Committed _ -> true;
      case Outcome.Rejected _ -> false;
      case Outcome.Aborted aborted -> throw Calls.aborted(doing, aborted);
      case Outcome.Indeterminate(var txn) ->
          throw new NsException.Indeterminate("may have happened: " + doing, txn);
    };
  }
}

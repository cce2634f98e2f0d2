package io.quire.ns;

import io.quire.base.Clock;
import io.quire.gvm.Cells;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.lockserver.Session;
import io.quire.twopc.Outcome;
import java.util.Optional;

/** Makes, finds, changes and ends namespaces. */
final class Spaces {
  private final Session session;
  private final Cells cells;
  private final Clock clock;
  private final XidBlock xids;
  private final Attempts attempts;

  Spaces(Session session, Cells cells, Clock clock, XidBlock xids) {
    this.session = session;
    this.cells = cells;
    this.clock = clock;
    this.xids = xids;
    attempts = new Attempts(clock);
  }

  NsHandle create(Optional<String> name, Quota quota) {
    name.ifPresent(ObjectName::check);
    NsHandle handle = new NsHandle(xids.next(Namespaces.DEADLINE));
    long creator = session.self().incarnation();
    NamespaceInfo made = new NamespaceInfo(handle, name, creator, clock.wallMillis(), quota, 0);
    String key = NamespaceCodec.key(handle.id());
    Transaction.Builder creation =
        Transaction.begin().absent(key).put(key, NamespaceCodec.write(made));
    name.map(NamespaceCodec::nameKey)
        .ifPresent(
            nameKey ->
                creation
                    .absent(nameKey)
                    .put(nameKey, ObjectCodec.number(handle.id()))
                    .touch(NamespaceCodec.LIST_KEY));
    String doing = "creating a namespace: name=" + name.orElse("");
    if (!changed(doing, creation.build())) {
      throw new NsException.NameTaken("name taken: " + doing);
    }
    return handle;
  }

  Optional<NamespaceInfo> find(NsHandle namespace) {
    Versioned cell = Calls.read(cells, NamespaceCodec.key(namespace.id()), Namespaces.DEADLINE);
    return switch (cell) {
      case null -> Optional.empty();
      case NamespaceCell known -> Optional.of(known.info());
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
      NamespaceInfo seen = existing(namespace, doing);
      byte[] next = NamespaceCodec.write(seen.limited(quota));
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
      NamespaceInfo seen = existing(namespace, doing);
      Transaction.Builder end = Transaction.begin().version(key, seen.version()).remove(key);
      seen.name()
          .ifPresent(
              name -> end.remove(NamespaceCodec.nameKey(name)).touch(NamespaceCodec.LIST_KEY));
      if (changed(doing, end.build())) {
        return;
      }
    }
  }

  private NamespaceInfo existing(NsHandle namespace, String doing) {
    if (namespace.id() == 0) {
      throw new IllegalArgumentException("not for the root namespace: " + doing);
    }
    return find(namespace)
        .orElseThrow(
            () ->
                new NsException.NotFound(
                    "no such namespace: " + doing + ": namespace=" + namespace.text()));
  }

  /** Whether it was; false if a condition did not hold. */
  private boolean changed(String doing, Transaction transaction) {
    return switch (Calls.outcome(doing, cells.commit(transaction, Namespaces.DEADLINE))) {
      case Outcome.Committed _ -> true;
      case Outcome.Rejected _ -> false;
      case Outcome.Aborted aborted -> throw Calls.aborted(doing, aborted);
      case Outcome.Indeterminate(var txn) ->
          throw new NsException.Indeterminate("may have happened: " + doing, txn);
    };
  }
}

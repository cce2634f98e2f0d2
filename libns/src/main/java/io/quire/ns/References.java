package io.quire.ns;

import io.quire.lockserver.Session;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Takes references for callers on this node. Mostly it is enough to see the object, count, and see
 * that nothing has happened to it since: one look at the hash table and one at the clock. Where a
 * transaction on the object is under way it is looked up again, which waits.
 */
final class References {
  private final Session session;
  private final Lookups lookups;
  private final RefTable table;
  private final Attempts attempts;
  private final Namespaces namespaces;

  References(
      Session session, Lookups lookups, RefTable table, Attempts attempts, Namespaces namespaces) {
    this.session = session;
    this.lookups = lookups;
    this.table = table;
    this.attempts = attempts;
    this.namespaces = namespaces;
  }

  Optional<NsRef> open(NsHandle namespace, String name) {
    Session.Token begun = session.token();
    Optional<NsRef> quick =
        begun == null ? Optional.empty() : take(lookups.glance(namespace, name), begun);
    return quick.isPresent() ? quick : openSlowly(namespace, name);
  }

  private Optional<NsRef> openSlowly(NsHandle namespace, String name) {
    Session.Token begun = begin("opening: name=" + name);
    for (long until = 0; ; until = attempts.again(until, "opening", name)) {
      Optional<NsObject> object = lookups.find(namespace, name);
      if (object.isEmpty()) {
        return Optional.empty();
      }
      Optional<NsRef> reference = take(object.get(), begun);
      if (reference.isPresent()) {
        return reference;
      }
    }
  }

  Optional<NsRef> open(long xid) {
    Session.Token begun = session.token();
    Optional<NsRef> quick = begun == null ? Optional.empty() : take(lookups.glance(xid), begun);
    return quick.isPresent() ? quick : openSlowly(xid);
  }

  private Optional<NsRef> openSlowly(long xid) {
    Session.Token begun = begin("opening: xid=" + xid);
    Optional<NsObject> found = lookups.find(xid);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    NsObject object = found.get();
    Optional<NsRef> reference = object.draining() ? Optional.empty() : take(object, begun);
    if (reference.isEmpty()) {
      throw new NsException.Draining(
          "object was deleted: xid=" + object.xidText() + " name=" + object.name());
    }
    return reference;
  }

  /** Empty unless it is sure that the object was there, and this node in the view, afterwards. */
  private Optional<NsRef> take(@Nullable ObjectCell seen, Session.Token begun) {
    if (seen == null || seen.draining()) {
      return Optional.empty();
    }
    NsObject object = seen.object();
    RefTable.Word word = seen.references(table);
    if (word.take()) {
      if (seen.current() && session.valid(begun)) {
        return Optional.of(new NsRef(namespaces, object, word));
      }
      word.put();
    }
    if (lookups.peek(object.xid()).isEmpty()) {
      table.forget(object.xid(), word);
    }
    return Optional.empty();
  }

  private Optional<NsRef> take(NsObject object, Session.Token begun) {
    RefTable.Word word = table.word(object.xid());
    if (!word.take()) {
      return Optional.empty();
    }
    // Between the lookup and here it may have come to its end, and the word with its bit of
    // draining.
    Optional<NsObject> now = lookups.peek(object.xid());
    if (now.isEmpty() || now.get().draining()) {
      word.put();
      if (now.isEmpty()) {
        table.forget(object.xid(), word);
      }
      return Optional.empty();
    }
    if (!session.valid(begun)) {
      word.put();
      throw Calls.notInView("opening: name=" + object.name());
    }
    return Optional.of(new NsRef(namespaces, object, word));
  }

  private Session.Token begin(String doing) {
    Session.Token begun = session.token();
    if (begun == null) {
      throw Calls.notInView(doing);
    }
    return begun;
  }
}

package io.quire.ns;

import io.quire.gvm.Transaction;
import java.util.List;

/**
 * The transactions that change objects: all there are. Whatever writes the cell of an object has
 * the condition that it is of the version seen, or that there is none, so each version leads to the
 * one before it.
 */
final class ObjectChanges {
  private ObjectChanges() {}

  /**
   * Condition 0 is that the name is free, 1 that the id is, 2, of a session-long one, that its
   * creator is in the view.
   */
  static Transaction creation(NsObject made) {
    String nameKey = nameKey(made);
    String key = ObjectCodec.xidKey(made.xid());
    Transaction.Builder creation = Transaction.begin().absent(nameKey).absent(key);
    if (made.lifetime() == Lifetime.SESSION) {
      creation.require(new Transaction.Condition.InView(made.creator()));
    }
    return creation
        .put(nameKey, ObjectCodec.number(made.xid()))
        .put(key, ObjectCodec.write(made))
        .touch(ObjectCodec.listKey(made.namespace().id()))
        .build();
  }

  /** Condition 0 is that the object is of the version seen. */
  static Transaction update(NsObject seen, NsObject next) {
    String key = ObjectCodec.xidKey(seen.xid());
    return Transaction.begin()
        .version(key, seen.version())
        .put(key, ObjectCodec.write(next))
        .build();
  }

  /** Condition 0 is that the object is of the version seen, 1 that the new name is free. */
  static Transaction renaming(NsObject seen, NsObject next) {
    String key = ObjectCodec.xidKey(seen.xid());
    return Transaction.begin()
        .version(key, seen.version())
        .absent(nameKey(next))
        .put(key, ObjectCodec.write(next))
        .remove(nameKey(seen))
        .put(nameKey(next), ObjectCodec.number(seen.xid()))
        .touch(ObjectCodec.listKey(seen.namespace().id()))
        .build();
  }

  /** Takes the names away. Condition i is that object i is of the version seen. */
  static Transaction deletion(List<NsObject> seen) {
    Transaction.Builder deletion = Transaction.begin();
    for (NsObject object : seen) {
      String key = ObjectCodec.xidKey(object.xid());
      deletion
          .version(key, object.version())
          .put(key, ObjectCodec.write(object.deleted()))
          .remove(nameKey(object))
          .touch(ObjectCodec.listKey(object.namespace().id()));
    }
    return deletion.build();
  }

  /** The end of a deleted object. Condition 0 is that it is of this version. */
  static Transaction end(long xid, long deleted) {
    String key = ObjectCodec.xidKey(xid);
    return Transaction.begin().version(key, deleted).remove(key).build();
  }

  private static String nameKey(NsObject object) {
    return ObjectCodec.nameKey(object.namespace().id(), object.name());
  }
}

package io.quire.ns;

import io.quire.base.WireReader.MalformedException;
import io.quire.gvm.Transaction;
import io.quire.gvm.Transaction.Condition;
import io.quire.gvm.Transaction.Write;
import io.quire.ns.ObjectVersion.What;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a transaction that took effect did to an object, and which version it found: see {@link
 * ObjectChanges}.
 *
 * @param before the version that it found; 0 if there is none or it does not say
 * @param end empty if there is a version before
 */
record ObjectStep(ObjectVersion version, long before, Optional<HistoryEnd> end) {
  /** Empty if the transaction does not write the object. */
  static Optional<ObjectStep> of(long xid, long position, Transaction transaction) {
    String key = ObjectCodec.xidKey(xid);
    return transaction.writes().stream()
        .filter(write -> write.kind() != Write.Kind.TOUCH && write.key().equals(key))
        .findFirst()
        .map(write -> of(xid, position, transaction, write));
  }

  private static ObjectStep of(long xid, long position, Transaction transaction, Write write) {
    String key = write.key();
    byte[] value = write.value();
    boolean creates = transaction.conditions().contains(new Condition.Absent(key));
    long before = seen(transaction, key);
    Optional<NsObject> object = value == null ? Optional.empty() : read(xid, value, position);
    What what =
        value == null
            ? What.ENDED
            : object.map(one -> what(one, creates, transaction)).orElse(What.UNKNOWN);
    OptionalLong wallMillis =
        what == What.CREATED && object.isPresent()
            ? OptionalLong.of(object.get().created())
            : OptionalLong.empty();
    ObjectVersion version = new ObjectVersion(position, what, object, wallMillis);
    if (before > 0 && before < position) {
      return new ObjectStep(version, before, Optional.empty());
    }
    HistoryEnd end =
        what == What.CREATED ? new HistoryEnd.Created() : new HistoryEnd.Unlinked(position);
    return new ObjectStep(version, 0, Optional.of(end));
  }

  private static long seen(Transaction transaction, String key) {
    for (Condition condition : transaction.conditions()) {
      if (condition instanceof Condition.Version(String of, long version) && of.equals(key)) {
        return version;
      }
    }
    return 0;
  }

  private static Optional<NsObject> read(long xid, byte[] value, long position) {
    try {
      return Optional.of(ObjectCodec.read(xid, value, position));
    } catch (MalformedException e) {
      return Optional.empty();
    }
  }

  private static What what(NsObject object, boolean creates, Transaction transaction) {
    if (object.draining()) {
      return What.DELETED;
    }
    if (creates) {
      return What.CREATED;
    }
    String nameKey = ObjectCodec.nameKey(object.namespace().id(), object.name());
    byte[] number = ObjectCodec.number(object.xid());
    boolean named =
        transaction.writes().stream()
            .anyMatch(write -> write.key().equals(nameKey) && Arrays.equals(write.value(), number));
    return named ? What.RENAMED : What.UPDATED;
  }
}

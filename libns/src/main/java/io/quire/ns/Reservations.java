package io.quire.ns;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.gvm.Cells;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import io.quire.lockserver.Session;
import io.quire.twopc.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Reservations, and the id of the cluster, in cells.
 *
 * <pre>
 *   r/(xid)     version of this form, holder, note
 *   l/r         named by every beginning and end of a reservation, so that listings wait for them
 *   c/cluster   16 bytes, drawn when somebody first asks
 * </pre>
 */
final class Reservations {
  static final String LIST_KEY = "l/r";

  private static final String PREFIX = "r/";
  private static final String CLUSTER = "c/cluster";
  private static final int FORM = 1;

  private final Session session;
  private final Cells cells;
  private final NsIndex index;
  private final RandomGenerator random;
  private volatile @Nullable UUID cluster;

  Reservations(Session session, Cells cells, NsIndex index, RandomGenerator random) {
    this.session = session;
    this.cells = cells;
    this.index = index;
    this.random = random;
  }

  static String key(long xid) {
    return PREFIX + Long.toHexString(xid);
  }

  static boolean isKey(String key) {
    return key.startsWith(PREFIX) && ObjectCodec.isHexadecimal(key, key.length());
  }

  static long xidOf(String key) {
    return Long.parseUnsignedLong(key, PREFIX.length(), key.length(), 16);
  }

  Reservation reserve(long xid, byte[] note) {
    String doing = "reserving: xid=" + Long.toHexString(xid);
    String key = key(xid);
    Transaction.Builder beginning =
        Transaction.begin()
            .require(new Transaction.Condition.InView(self()))
            .absent(key)
            .absent(ObjectCodec.xidKey(xid));
    long position = changed(doing, beginning.put(key, write(note)).touch(LIST_KEY).build());
    return new Reservation(xid, self(), note, position);
  }

  Reservation note(Reservation seen, byte[] note) {
    String key = key(seen.xid());
    Transaction change =
        Transaction.begin().version(key, seen.version()).put(key, write(note)).build();
    long position = changed("noting: reservation=" + seen.xidText(), change);
    return new Reservation(seen.xid(), self(), note, position);
  }

  void end(Reservation seen) {
    String key = key(seen.xid());
    Transaction end =
        Transaction.begin().version(key, seen.version()).remove(key).touch(LIST_KEY).build();
    changed("ending: reservation=" + seen.xidText(), end);
  }

  Optional<Reservation> find(long xid) {
    Versioned cell = Calls.read(cells, key(xid), Namespaces.DEADLINE);
    return cell == null ? Optional.empty() : Optional.of(read(xid, cell));
  }

  List<Reservation> all() {
    return Calls.await(
        "listing reservations",
        cells.onLoop(
            List.of(LIST_KEY),
            Namespaces.DEADLINE,
            () -> {
              List<Reservation> all = new ArrayList<>();
              for (long xid : index.reserved()) {
                Versioned cell = cells.applied(key(xid));
                if (cell != null) {
                  all.add(read(xid, cell));
                }
              }
              return all;
            }));
  }

  private long self() {
    return session.self().incarnation();
  }

  private byte[] write(byte[] note) {
    return new WireWriter(note.length + 16).int8(FORM).int64(self()).bytes(note).toBytes();
  }

  /** One of a later build is held by nobody that is known here. */
  private static Reservation read(long xid, Versioned cell) {
    WireReader in = new WireReader(cell.value());
    if (in.int8() != FORM) {
      return new Reservation(xid, 0, cell.value(), cell.version());
    }
    long holder = in.int64();
    byte[] note = in.bytes();
    in.end();
    return new Reservation(xid, holder, note, cell.version());
  }

  /** Where it changed. */
  private long changed(String doing, Transaction transaction) {
    return switch (Calls.outcome(doing, cells.commit(transaction, Namespaces.DEADLINE))) {
      case Outcome.Committed(long position, byte[] _) -> position;
      case Outcome.Rejected rejected -> throw rejected(doing, transaction, rejected);
      case Outcome.Aborted aborted -> throw Calls.aborted(doing, aborted);
      case Outcome.Indeterminate(var txn) ->
          throw new NsException.Indeterminate("may have happened: " + doing, txn);
    };
  }

  private static NsException rejected(
      String doing, Transaction transaction, Outcome.Rejected rejected) {
    return switch (transaction.conditions().get(Cells.failedCondition(rejected))) {
      case Transaction.Condition.InView _ -> Calls.notInView(doing);
      case Transaction.Condition.Absent(String key) ->
          new NsException.NameTaken("id taken: " + doing + " key=" + key);
      case Transaction.Condition.Version _,
          Transaction.Condition.Present _,
          Transaction.Condition.Held _,
          Transaction.Condition.Free _ ->
          new NsException.StaleHandle("changed or ended since it was seen: " + doing);
    };
  }

  UUID cluster() {
    UUID known = cluster;
    if (known == null) {
      known = Calls.await("asking for the id of the cluster", look());
      cluster = known;
    }
    return known;
  }

  private CompletableFuture<UUID> look() {
    return cells
        .snapshot(List.of(CLUSTER), Namespaces.DEADLINE)
        .thenCompose(
            found -> {
              Versioned cell = found.getFirst();
              return cell == null ? draw() : CompletableFuture.completedFuture(uuid(cell));
            });
  }

  private static UUID uuid(Versioned cell) {
    WireReader in = new WireReader(cell.value());
    return new UUID(in.int64(), in.int64());
  }

  /** On the loop. Whoever was faster decides. */
  private CompletableFuture<UUID> draw() {
    byte[] drawn = new WireWriter(16).int64(random.nextLong()).int64(random.nextLong()).toBytes();
    String doing = "drawing the id of the cluster";
    return cells
        .commit(
            Transaction.begin().absent(CLUSTER).put(CLUSTER, drawn).build(), Namespaces.DEADLINE)
        .thenCompose(
            outcome ->
                switch (Calls.withinLimits(doing, outcome)) {
                  case Outcome.Committed _, Outcome.Rejected _, Outcome.Indeterminate _ -> look();
                  case Outcome.Aborted aborted ->
                      CompletableFuture.failedFuture(Calls.aborted(doing, aborted));
                });
  }
}

package io.quire.ns;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.base.Position;
import io.quire.base.WireReader.MalformedException;
import io.quire.gvm.Cells;
import io.quire.gvm.Change;
import io.quire.gvm.GvmException;
import io.quire.gvm.Transaction;
import io.quire.gvm.Versioned;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What was. The cell of an object names the position of the transaction that wrote it; that stands
 * in the log and names, as the version that it found, the one before it. Of what stands in the log
 * nobody knows whether it took effect, but this chain leads only through what did: it begins at a
 * version that was applied, and a condition on a version that holds names a version that was.
 *
 * <p>Any thread but the loop; calls block.
 */
final class Past {
  private final Cells cells;
  private final Log log;
  private final Loop loop;
  private final Clock clock;
  private final Guard guard;

  Past(Cells cells, Log log, Loop loop, Clock clock, Guard guard) {
    this.cells = cells;
    this.log = log;
    this.loop = loop;
    this.clock = clock;
    this.guard = guard;
  }

  /** The same for another. */
  Past by(Guard another) {
    return new Past(cells, log, loop, clock, another);
  }

  /** Whether what was may be shown: to who may read now where it was. */
  void check(Optional<NsObject> was) {
    guard.check(was, Access.READER, Guard.READING);
  }

  /** What memory knows of how an object was: all of it, or where its chain begins. */
  private record Glimpse(Optional<NsObject> object, Optional<ObjectVersion> chain) {}

  /** As {@link Namespaces#history(long, long)}. */
  ObjectHistory history(long xid, long before) {
    String doing = "looking back: xid=" + Long.toHexString(xid);
    List<String> keys = List.of(ObjectCodec.xidKey(xid));
    ObjectVersion newest =
        Calls.await(doing, cells.onLoop(keys, Namespaces.DEADLINE, () -> newest(xid)))
            .orElseThrow(
                () ->
                    new NsException.NotFound(
                        "no such object, nor is its end remembered: xid=" + Long.toHexString(xid)));
    check(newest.object());
    return new ObjectHistory(this, xid, newest.position(), Optional.of(newest), before);
  }

  /** As {@link Namespaces#history(NsObject)}. */
  ObjectHistory history(NsObject seen) {
    if (seen.version() <= Position.NONE) {
      throw new IllegalArgumentException("not a version: name=" + seen.name());
    }
    try {
      Transaction transaction = transaction(seen.xid(), seen.version(), deadline());
      boolean its =
          ObjectStep.of(seen.xid(), seen.version(), transaction)
              .flatMap(step -> step.version().object())
              .filter(found -> Arrays.equals(ObjectCodec.write(found), ObjectCodec.write(seen)))
              .isPresent();
      if (!its) {
        throw notOf(seen.xid(), seen.version());
      }
    } catch (NsException.Trimmed e) {
      // The history says so.
    }
    return new ObjectHistory(
        this, seen.xid(), seen.version(), Optional.empty(), seen.version() + 1);
  }

  /** As {@link Namespaces#at}. */
  NamespacesAt at(long position) {
    if (position < Position.NONE) {
      throw new IllegalArgumentException("not a position: found=" + position);
    }
    long applied = onLoop("looking back: position=" + Position.text(position), log::applied);
    if (position > applied) {
      throw new NsException.NotReached(
          "position is in the future here: position="
              + Position.text(position)
              + " applied="
              + Position.text(applied));
    }
    return new NamespacesAt(this, position);
  }

  Optional<NsObject> objectAt(long position, NsHandle namespace, String name) {
    String key = ObjectCodec.nameKey(namespace.id(), ObjectName.check(name));
    String doing = "looking back: name=" + name + " position=" + Position.text(position);
    Optional<Long> xid = onLoop(doing, () -> xidAt(position, key));
    return guard.readable(namespace, xid.flatMap(found -> objectAt(position, found)));
  }

  private Optional<Long> xidAt(long position, String nameKey) {
    Versioned cell = cells.appliedAt(nameKey, position);
    return cell == null || cell.value().length != Long.BYTES
        ? Optional.empty()
        : Optional.of(ObjectCodec.number(cell.value()));
  }

  Optional<NsObject> objectAt(long position, long xid) {
    return guard.readable(found(position, xid));
  }

  private Optional<NsObject> found(long position, long xid) {
    String doing =
        "looking back: xid=" + Long.toHexString(xid) + " position=" + Position.text(position);
    Glimpse glimpse = onLoop(doing, () -> glimpse(position, xid));
    if (glimpse.chain().isEmpty()) {
      return glimpse.object();
    }
    Optional<ObjectVersion> chain = glimpse.chain();
    ObjectHistory history =
        new ObjectHistory(this, xid, chain.get().position(), chain, position + 1);
    List<ObjectVersion> found = history.next(1);
    if (!found.isEmpty()) {
      return found.getFirst().object();
    }
    return switch (history.end().orElseThrow()) {
      case HistoryEnd.Created() -> Optional.empty();
      case HistoryEnd.Trimmed(long trimmed, long oldest) -> throw trimmed(doing, trimmed, oldest);
      case HistoryEnd.Unlinked(long at) ->
          throw new NsException.Unreadable(
              "nothing leads to the version before: " + doing + " at=" + Position.text(at));
    };
  }

  /** On the loop. */
  private Glimpse glimpse(long position, long xid) {
    try {
      Versioned cell = cells.appliedAt(ObjectCodec.xidKey(xid), position);
      return new Glimpse(object(xid, cell), Optional.empty());
    } catch (GvmException.TooOld e) {
      Optional<ObjectVersion> newest = newest(xid);
      if (newest.isEmpty()) {
        throw e;
      }
      return new Glimpse(Optional.empty(), newest);
    }
  }

  /** The newest version that was applied here, if it is known. On the loop. */
  private Optional<ObjectVersion> newest(long xid) {
    String key = ObjectCodec.xidKey(xid);
    Versioned cell = cells.applied(key);
    return cell == null
        ? cells.lastChange(key).map(Change::position).map(ObjectHistory::ended)
        : Optional.of(ObjectHistory.remembered(cell.version(), object(xid, cell)));
  }

  /** What only looks like an object is none. */
  private static Optional<NsObject> object(long xid, @Nullable Versioned cell) {
    try {
      return switch (cell) {
        case null -> Optional.empty();
        case ObjectCell known -> Optional.of(known.object());
        default -> Optional.of(ObjectCodec.read(xid, cell.value(), cell.version()));
      };
    } catch (MalformedException e) {
      return Optional.empty();
    }
  }

  /** When a call that begins now is to give up. */
  long deadline() {
    return clock.nanos() + Namespaces.DEADLINE.toNanos();
  }

  /** The transaction that made a version. */
  Transaction transaction(long xid, long version, long until) {
    String doing =
        "looking back: xid=" + Long.toHexString(xid) + " version=" + Position.text(version);
    long left = until - clock.nanos();
    if (left <= 0) {
      throw tooFar(doing);
    }
    CompletableFuture<Optional<Transaction>> read = cells.logged(version);
    try {
      return read.get(left, TimeUnit.NANOSECONDS).orElseThrow(() -> notOf(xid, version));
    } catch (TimeoutException e) {
      throw tooFar(doing);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted: " + doing, e);
    } catch (ExecutionException e) {
      throw translated(doing, version, e);
    } finally {
      read.cancel(false);
    }
  }

  private static RuntimeException translated(String doing, long version, ExecutionException e) {
    return switch (e.getCause()) {
      case Log.TrimmedException gone -> trimmed(doing, version, gone.oldest());
      case Log.CorruptException corrupt ->
          new NsException.Unreadable("cannot read the log: " + doing + " why=" + corrupt);
      case UncheckedIOException io ->
          new NsException.Unreadable("cannot read the log: " + doing + " why=" + io);
      case null, default -> new IllegalStateException(doing, e);
    };
  }

  private static NsException.TooFar tooFar(String doing) {
    return new NsException.TooFar(
        "the log was not read in time: " + doing + " deadline=" + Namespaces.DEADLINE);
  }

  private static NsException.Trimmed trimmed(String doing, long position, long oldest) {
    return new NsException.Trimmed(
        "not in this node's log any more: "
            + doing
            + " wanted="
            + Position.text(position)
            + " oldest="
            + Position.text(oldest),
        oldest);
  }

  /** What stands there is not what the caller said. */
  static IllegalArgumentException notOf(long xid, long version) {
    return new IllegalArgumentException(
        "not a version of the object: xid="
            + Long.toHexString(xid)
            + " version="
            + Position.text(version));
  }

  /** Also outside the view: what was does not change. */
  private <T> T onLoop(String doing, Supplier<T> answer) {
    CompletableFuture<T> result = new CompletableFuture<>();
    loop.execute(
        () -> {
          try {
            result.complete(answer.get());
          } catch (GvmException.TooOld e) {
            result.completeExceptionally(
                new NsException.TooOld(
                    "not remembered here: " + doing + " oldest=" + Position.text(e.oldest()),
                    e.oldest()));
          }
        });
    return Calls.await(doing, result);
  }
}

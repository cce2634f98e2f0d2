package io.quire.twopc;

import io.quire.base.Checksum;
import io.quire.base.Log;
import io.quire.base.Log.Recorded;
import io.quire.base.Log.Stream;
import io.quire.base.Log.Tail;
import io.quire.base.Log.TrimmedException;
import io.quire.base.Position;
import io.quire.base.WireWriter;
import io.quire.twopc.TxnEntry.Chunk;
import io.quire.twopc.TxnEntry.Txn;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/*
 * Reads transactions back from the log of this node. Most have their payload in their entry. Of the
 * others the chunks stand somewhere before it, soon before it as a rule, but nothing says where: so
 * the log is read backwards, in windows that double, until all chunks are found or the log ends.
 */
final class LoggedTxns {
  private static final int RECORDS_AT_ONCE = 1_024;
  private static final long FIRST_WINDOW = 64;

  private final Log log;

  LoggedTxns(Log log) {
    this.log = log;
  }

  /** As {@link TwoPhase#logged}. */
  CompletableFuture<Optional<LoggedTxn>> at(long position) {
    CompletableFuture<Optional<LoggedTxn>> answer = new CompletableFuture<>();
    Tail tail = log.read(position, position);
    answer.whenComplete((_, _) -> tail.close());
    tail.next(1)
        .thenCompose(found -> whole(found, answer))
        .whenComplete(
            (txn, failure) -> {
              if (failure == null) {
                answer.complete(txn);
              } else {
                answer.completeExceptionally(failure);
              }
            });
    return answer;
  }

  private CompletableFuture<Optional<LoggedTxn>> whole(
      List<Recorded> found, CompletableFuture<?> wanted) {
    if (found.isEmpty() || !(entry(found.getFirst()) instanceof Txn txn)) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    long position = found.getFirst().position();
    Blobs.Ref blob = txn.blob();
    CompletableFuture<byte[]> payload =
        blob == null
            ? CompletableFuture.completedFuture(txn.payload())
            : new Search(blob, position, wanted).on();
    return payload.thenApply(
        bytes -> Optional.of(new LoggedTxn(position, txn.participant(), bytes)));
  }

  /** Null if it is of another stream. */
  private static @Nullable TxnEntry entry(Recorded recorded) {
    return recorded.entry().stream().equals(Stream.TRANSACTIONS)
        ? TxnEntry.read(recorded.entry().payload())
        : null;
  }

  /** Looks for the chunks of a payload, from where it is named backwards. */
  private final class Search {
    private final Blobs.Ref blob;
    private final CompletableFuture<?> wanted;
    private final TreeMap<Integer, byte[]> parts = new TreeMap<>();
    private long behind;
    private long window = FIRST_WINDOW;

    Search(Blobs.Ref blob, long behind, CompletableFuture<?> wanted) {
      this.blob = blob;
      this.behind = behind;
      this.wanted = wanted;
    }

    CompletableFuture<byte[]> on() {
      long oldest = log.oldest();
      if (behind <= oldest) {
        return CompletableFuture.failedFuture(
            new TrimmedException(Math.max(Position.NONE, oldest - 1), oldest));
      }
      long first = Position.of(Math.max(0, Position.index(behind) - window), 0);
      long from = Math.max(oldest, first);
      Tail tail = log.read(from, behind - 1);
      return take(tail)
          .whenComplete((_, _) -> tail.close())
          .thenCompose(
              _ -> {
                if (parts.size() == blob.chunks()) {
                  return CompletableFuture.completedFuture(joined());
                }
                behind = from;
                window *= 2;
                return on();
              });
    }

    private CompletableFuture<Void> take(Tail tail) {
      return tail.next(RECORDS_AT_ONCE)
          .thenCompose(
              found -> {
                if (wanted.isDone()) {
                  throw new CancellationException("nobody wants it any more");
                }
                found.forEach(this::look);
                return found.isEmpty() ? CompletableFuture.completedFuture(null) : take(tail);
              });
    }

    /** The same chunk may stand there more than once. */
    private void look(Recorded recorded) {
      if (entry(recorded) instanceof Chunk chunk
          && chunk.coordinator() == blob.coordinator()
          && chunk.number() == blob.number()
          && chunk.count() == blob.chunks()) {
        parts.put(chunk.index(), chunk.bytes());
      }
    }

    private byte[] joined() {
      WireWriter out = new WireWriter(blob.bytes());
      parts.values().forEach(out::raw);
      byte[] whole = out.toBytes();
      if (whole.length != blob.bytes() || Checksum.of(whole) != blob.crc32c()) {
        throw new IllegalStateException(
            "payload differs: coordinator="
                + Long.toHexString(blob.coordinator())
                + " number="
                + blob.number()
                + " bytes="
                + whole.length
                + " wanted="
                + blob.bytes());
      }
      return whole;
    }
  }
}

package io.quire.twopc;

import io.quire.base.Clock;
import io.quire.base.Log;
import io.quire.base.Loop;
import io.quire.twopc.Attempt.Request;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A coordinator's side of {@link Blobs}: brings a payload into the log, and drops what is left. */
final class Uploads {
  private static final Duration RETRY = Duration.ofMillis(50);

  private final long self;
  private final TwoPhase twoPhase;
  private final Log log;
  private final Loop loop;
  private final Clock clock;
  private long number;

  Uploads(long self, TwoPhase twoPhase, Log log, Loop loop, Clock clock) {
    this.self = self;
    this.twoPhase = twoPhase;
    this.log = log;
    this.loop = loop;
    this.clock = clock;
  }

  /**
   * Runs the task when all of the request's payload is in the log. Otherwise the request ends with
   * what came of it: nothing can have happened.
   */
  void upload(Request request, Runnable then) {
    Blobs.Ref blob = Blobs.Ref.of(self, ++number, request.payload);
    request.blob = blob;
    request.outcome.whenComplete(
        (outcome, _) -> {
          boolean decided =
              outcome instanceof Outcome.Committed || outcome instanceof Outcome.Rejected;
          if (!decided) {
            drop(blob);
          }
        });
    List<TxnEntry.Chunk> all = new ArrayList<>();
    for (int i = 0; i < blob.chunks(); i++) {
      int from = i * Blobs.CHUNK_BYTES;
      int to = Math.min(request.payload.length, from + Blobs.CHUNK_BYTES);
      byte[] part = Arrays.copyOfRange(request.payload, from, to);
      all.add(new TxnEntry.Chunk(self, blob.number(), i, blob.chunks(), part));
    }
    append(request, all, then);
  }

  /** A chunk may stand in the log more than once, so what is not known to be there is put again. */
  private void append(Request request, List<TxnEntry.Chunk> chunks, Runnable then) {
    if (request.outcome.isDone()) {
      return;
    }
    if (chunks.isEmpty()) {
      then.run();
      return;
    }
    if (clock.nanos() - request.deadline >= 0) {
      request.outcome.complete(
          new Outcome.Aborted(Outcome.Why.DEADLINE, null, "not all chunks are in the log"));
      return;
    }
    List<TxnEntry.Chunk> missing = new ArrayList<>();
    List<CompletableFuture<Void>> steps = new ArrayList<>();
    List<CompletableFuture<Log.Applied>> appends =
        log.append(chunks.stream().map(TxnEntry.Chunk::entry).toList());
    for (int i = 0; i < appends.size(); i++) {
      TxnEntry.Chunk chunk = chunks.get(i);
      steps.add(
          appends
              .get(i)
              .handle(
                  (applied, failure) -> {
                    if (failure != null) {
                      missing.add(chunk);
                    } else if (!Results.kept(applied.result())) {
                      request.outcome.complete(
                          new Outcome.Aborted(
                              Outcome.Why.OVERLOADED,
                              null,
                              "no room for large payloads: bytes="
                                  + twoPhase.blobBytes()
                                  + " max="
                                  + Blobs.BYTES_MAX));
                    }
                    return null;
                  }));
    }
    CompletableFuture.allOf(steps.toArray(CompletableFuture[]::new))
        .thenRun(
            () -> {
              if (missing.isEmpty()) {
                append(request, missing, then);
              } else {
                loop.after(RETRY, () -> append(request, missing, then));
              }
            });
  }

  /** Again and again, until it is in the log or this incarnation is out of the view. */
  private void drop(Blobs.Ref blob) {
    if (!twoPhase.view().has(self)) {
      return;
    }
    log.append(new TxnEntry.Drop(blob.coordinator(), blob.number()).entry())
        .whenComplete(
            (_, failure) -> {
              if (failure != null) {
                loop.after(RETRY, () -> drop(blob));
              }
            });
  }
}

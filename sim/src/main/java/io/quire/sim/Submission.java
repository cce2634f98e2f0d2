package io.quire.sim;

import io.quire.base.Log;
import java.util.concurrent.CompletableFuture;

/** An entry on its way into the log, and the future of the one who sent it. */
final class Submission {
  final SimReplica origin;
  final Log.Entry entry;
  final long content;

  /** Whether somebody waits for an answer. */
  final boolean awaited;

  final CompletableFuture<Log.Applied> future = new CompletableFuture<>();

  private Submission(SimReplica origin, Log.Entry entry, boolean awaited) {
    this.origin = origin;
    this.entry = entry;
    this.awaited = awaited;
    content = World.hashOf(entry.payload());
  }

  static Submission of(SimReplica origin, Log.Entry entry) {
    return new Submission(origin, entry, true);
  }

  /** The same entry once more, with nobody waiting. */
  Submission copy() {
    return new Submission(origin, entry, false);
  }

  /** Answers on the loop of the origin; later answers change nothing. */
  void complete(Log.Applied applied) {
    origin.node().loop().execute(() -> future.complete(applied));
  }

  void fail(RuntimeException why) {
    origin.node().loop().execute(() -> future.completeExceptionally(why));
  }
}

package io.quire.sim;

import io.quire.base.Log;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** An entry that somebody on a {@link Stage} wants in the log. */
public final class Proposal {
  private final Actor origin;
  private final Log.Entry entry;
  private final long content;
  final CompletableFuture<Log.Applied> future = new CompletableFuture<>();

  /** What came of it where it first stands, once a node has applied it there. */
  Log.@Nullable Applied outcome;

  private boolean answered;

  Proposal(Actor origin, Log.Entry entry) {
    this.origin = origin;
    this.entry = entry;
    content = World.hashOf(entry.payload());
  }

  public Actor origin() {
    return origin;
  }

  public Log.Entry entry() {
    return entry;
  }

  /** Whether the one who proposed it was told something, or is gone. */
  public boolean answered() {
    return answered;
  }

  void answering() {
    answered = true;
  }

  void checkUnchanged() {
    if (World.hashOf(entry.payload()) != content) {
      throw new IllegalStateException("payload changed after append: origin=" + origin.member());
    }
  }
}

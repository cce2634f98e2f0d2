package io.quire.sim;

import org.jspecify.annotations.Nullable;

/**
 * Something a client did to one key: what it asked, from when to when, and what it learned.
 *
 * <p>Versions, where the system has them, identify writes: equal versions of a key mean the same
 * write. 0 stands for not known.
 */
public final class Operation {
  /** What the client learned. */
  public enum Outcome {
    /** Nothing: it may have happened at any time after it was invoked, may yet happen, or not. */
    UNKNOWN,
    /** It happened. */
    OK,
    /** Its condition did not hold, so nothing was written. */
    REFUSED,
    /** It did not happen and never will. */
    FAILED
  }

  final String client;
  final String key;
  final Action action;
  final long invoked;
  final long invokedNanos;
  Outcome outcome = Outcome.UNKNOWN;
  long returned = Long.MAX_VALUE;
  long returnedNanos = Long.MAX_VALUE;
  @Nullable String value;
  long version;
  private final History history;

  Operation(
      History history, String client, String key, Action action, long invoked, long invokedNanos) {
    this.history = history;
    this.client = client;
    this.key = key;
    this.action = action;
    this.invoked = invoked;
    this.invokedNanos = invokedNanos;
    value = action instanceof Action.Write write ? write.value() : null;
  }

  /** The write happened. */
  public void written(long version) {
    history.close(this, Outcome.OK, value, version);
  }

  /** The read found this, null if the key was absent. */
  public void read(@Nullable String found, long version) {
    history.close(this, Outcome.OK, found, version);
  }

  /** The condition did not hold. */
  public void refused() {
    history.close(this, Outcome.REFUSED, value, 0);
  }

  /** It did not happen and never will. */
  public void failed() {
    history.close(this, Outcome.FAILED, value, 0);
  }

  /** Nobody can say; the same as never to return. */
  public void unknown() {
    history.close(this, Outcome.UNKNOWN, value, 0);
  }

  History history() {
    return history;
  }

  public String key() {
    return key;
  }

  public Action action() {
    return action;
  }

  public Outcome outcome() {
    return outcome;
  }

  boolean mayWrite() {
    return action instanceof Action.Write && (outcome == Outcome.OK || outcome == Outcome.UNKNOWN);
  }

  @Override
  public String toString() {
    String end = returned == Long.MAX_VALUE ? "..." : World.text(returnedNanos);
    String what =
        switch (outcome) {
          case OK ->
              (action instanceof Action.Read ? "found " + value : "ok")
                  + (version == 0 ? "" : " version=" + version);
          case REFUSED -> "refused";
          case FAILED -> "failed";
          case UNKNOWN -> "unknown";
        };
    return "[" + World.text(invokedNanos) + " " + end + "] " + client + " " + action + ": " + what;
  }
}

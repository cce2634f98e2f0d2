package io.quire.twopc;

import io.quire.base.Log;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import java.util.concurrent.CompletableFuture;

/**
 * What takes part in transactions on a node: it holds something that they change. All calls come on
 * the loop.
 */
public interface Participant {
  /** Its number in messages and in the log, unique among the participants of a node, 0 to 127. */
  int number();

  /**
   * Makes everything that the transaction may change wait for its outcome, visibly to readers on
   * any thread before it says yes. Called once for an attempt.
   */
  Answer prepare(TxnId txn, byte[] payload);

  /**
   * Applies a transaction that the log decided, and lets go of what {@link #prepare} held for it.
   * It may come without a prepare: to a node that joined or restarted. A function of the log alone.
   */
  Verdict commit(TxnId txn, long position, byte[] payload);

  /**
   * Lets go of what {@link #prepare} held: the transaction did not happen. It may come before a
   * later answer does, which nobody waits for then.
   */
  void abort(TxnId txn, byte[] payload);

  /**
   * May show readers the effects of a transaction that took effect at a position not applied here
   * yet. What {@link #commit} decides by must not change.
   */
  void show(TxnId txn, long position, byte[] payload);

  /**
   * Whether its answers may take time. Its transactions do not share rounds with others, members
   * hold them until their deadline, and this node's readiness is asked for before it enters the
   * view.
   */
  default boolean slow() {
    return false;
  }

  /**
   * Whether some members may prepare for all: nobody reads by the rule that a value without a mark
   * is the newest one.
   */
  default boolean partial() {
    return false;
  }

  /**
   * Gets this node ready for all that was committed so far, of a participant that is {@link #slow}:
   * a node that enters the view has not voted for what was committed before. Completes on any
   * thread.
   */
  default CompletableFuture<Void> ready() {
    return CompletableFuture.completedFuture(null);
  }

  /** Writes its state, a function of the log alone. */
  void save(WireWriter out);

  /** As {@link Log.Projection#capture}. */
  default Log.Capture capture() {
    return Log.Capture.of(this::save);
  }

  /**
   * Replaces its state by what {@link #save} wrote, and reads no more than that; what is held for
   * transactions not decided stays held.
   */
  void restore(long position, WireReader in);

  /** What a participant says to a prepare. */
  sealed interface Answer {
    /** It holds what it has to. */
    Answer YES = new Yes();

    /** See {@link #YES}. */
    record Yes() implements Answer {}

    /** No, to this and every later attempt; nothing is held. */
    record No(String reason) implements Answer {}

    /**
     * It says so later, completing on any thread; a failure is a no. Until then its {@link #abort}
     * may come.
     */
    record Later(CompletableFuture<Answer> answer) implements Answer {}
  }

  /**
   * Whether a decided transaction took effect, and what to tell its coordinator.
   *
   * @param effective false if it must not take effect where it stands
   */
  record Verdict(boolean effective, byte[] result) {}
}

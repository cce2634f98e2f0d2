package io.quire.twopc;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import org.jspecify.annotations.Nullable;

/**
 * What takes part in transactions on a node: it holds something that they change. All calls come on
 * the loop.
 */
public interface Participant {
  /** Its number in messages and in the log, unique among the participants of a node, 0 to 127. */
  int number();

  /**
   * Makes everything that the transaction may change wait for its outcome, visibly to readers on
   * any thread before it returns. Called once for an attempt.
   *
   * @return null for yes, or why the answer is no for this and every later attempt; then nothing is
   *     held
   */
  @Nullable String prepare(TxnId txn, byte[] payload);

  /**
   * Applies a transaction that the log decided, and lets go of what {@link #prepare} held for it.
   * It may come without a prepare: to a node that joined or restarted. A function of the log alone.
   */
  Verdict commit(TxnId txn, long position, byte[] payload);

  /** Lets go of what {@link #prepare} held: the transaction did not happen. */
  void abort(TxnId txn, byte[] payload);

  /**
   * May show readers the effects of a transaction that took effect at a position not applied here
   * yet. What {@link #commit} decides by must not change.
   */
  void show(TxnId txn, long position, byte[] payload);

  /** Writes its state, a function of the log alone. */
  void save(WireWriter out);

  /** Replaces its state; what is held for transactions not decided stays held. */
  void restore(long position, WireReader in);

  /**
   * Whether a decided transaction took effect, and what to tell its coordinator.
   *
   * @param effective false if it must not take effect where it stands
   */
  record Verdict(boolean effective, byte[] result) {}
}

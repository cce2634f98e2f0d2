package io.quire.log;

import io.quire.base.Log.Applied;
import io.quire.base.LogBook;
import java.io.IOException;
import java.util.List;
import java.util.function.LongConsumer;

/** Tells the rest of the log what happens at the state machine. */
final class LogEvents implements FrameStateMachine.Events {
  private final Leadership leadership;
  private final Appends appends;
  private final Readers readers;
  private final Sweep sweep;
  private final LogBook book;
  private final LongConsumer leading;
  private LogBook.State swept;

  /**
   * Tells these.
   *
   * @param leading told, on the loop, the term in which this node has come to lead
   */
  LogEvents(
      Leadership leadership,
      Appends appends,
      Readers readers,
      Sweep sweep,
      LogBook book,
      LongConsumer leading) {
    this.leadership = leadership;
    this.appends = appends;
    this.readers = readers;
    this.sweep = sweep;
    this.book = book;
    this.leading = leading;
    swept = book.state();
  }

  @Override
  public boolean mayAppend(long call) {
    return appends.mayAppend(call);
  }

  @Override
  public void applied(boolean own, long call, List<Applied> outcomes) {
    if (own) {
      appends.applied(call, outcomes);
    }
    readers.advanced();
    LogBook.State now = book.state();
    if (now != swept) {
      swept = now;
      sweep.soon();
    }
  }

  @Override
  public void advanced(long term) {
    if (leadership.advanced(term)) {
      leading.accept(term);
    }
    appends.pump();
    readers.advanced();
  }

  @Override
  public void saved() {
    sweep.soon();
  }

  @Override
  public void giveUp() throws IOException {
    sweep.archive();
  }

  @Override
  public void restored() {
    readers.advanced();
  }

  @Override
  public void leaderChanged() {
    appends.pump();
  }
}

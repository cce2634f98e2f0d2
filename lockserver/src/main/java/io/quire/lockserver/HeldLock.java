package io.quire.lockserver;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * A lock that a session was granted. Closing gives it back. Any thread may call.
 *
 * <p>That the holder still has it is only sure on its own clock, by {@link #isHeld}, and only at
 * the moment of asking: what it sends may arrive after the lock was lost. Whoever receives that
 * should see the {@link #sequencer} and refuse an old one, or the holder should ask for a lock
 * delay longer than anything that it sends can be under way.
 */
public final class HeldLock implements AutoCloseable {
  private final Locks locks;
  private final LockSession session;
  private final Sequencer sequencer;
  private final long requested;
  private final CompletableFuture<Void> over = new CompletableFuture<>();
  private volatile boolean gone;

  HeldLock(Locks locks, LockSession session, Sequencer sequencer, long requested) {
    this.locks = locks;
    this.session = session;
    this.sequencer = sequencer;
    this.requested = requested;
  }

  /** Proof of the grant, to send along. */
  public Sequencer sequencer() {
    return sequencer;
  }

  /** Position of the request; in this order exclusive requests for one lock are granted. */
  public long requested() {
    return requested;
  }

  public LockSession session() {
    return session;
  }

  /**
   * Whether the lock is held, by the local clock: no message is sent. False from the moment at
   * which the lease may have run out. It may turn true again if the session did not expire; false
   * after a release or an expiry is for good.
   */
  public boolean isHeld() {
    return !gone && session.safe();
  }

  /** Files, changed only for as long as this lock is held where the change is applied. */
  public LockFiles files() {
    return new LockFiles(locks, session, sequencer);
  }

  /** Completes when it is known that the lock is not held any more. */
  public CompletableFuture<Void> over() {
    return over.copy();
  }

  /**
   * Gives the lock back: {@link #isHeld} is false from now on. The future completes when others can
   * have it. If the log takes nothing for now, this is repeated until the session ends.
   */
  public CompletableFuture<Void> releaseAsync() {
    gone = true;
    return locks.onLoop(
        () -> {
          if (over.isDone()) {
            return CompletableFuture.completedFuture(null);
          }
          over.complete(null);
          return session.release(this).<Void>handle((_, _) -> null);
        });
  }

  /**
   * As {@link #releaseAsync}, and waits.
   *
   * @throws LockException.Indeterminate if it took longer than the deadline; it goes on
   */
  public void release(Duration deadline) {
    Await.answer(releaseAsync(), deadline);
  }

  /** As {@link #releaseAsync}; does not wait. */
  @Override
  public void close() {
    var _ = releaseAsync();
  }

  /** Its session is over. On the loop. */
  void gone() {
    gone = true;
    locks.loop().execute(() -> over.complete(null));
  }
}

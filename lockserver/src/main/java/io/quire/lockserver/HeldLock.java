package io.quire.lockserver;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A lock that a session was granted. Closing gives it back. Any thread may call.
 *
 * <p>That the holder still has it is only sure on its own clock, by {@link #isHeld}, and only at
 * the moment of asking: what it sends may arrive after the lock was lost. Whoever receives that
 * should see the {@link #sequencer} and refuse an old one, or the holder should ask for a lock
 * delay longer than anything that it sends can be under way.
 *
 * <p>Its mode can be changed without giving it back, by {@link #convert}. The lock then has another
 * sequencer, and the one before proves nothing any more.
 */
public final class HeldLock implements AutoCloseable {
  private final Locks locks;
  private final LockSession session;
  private final long request;
  private final long requested;
  private final AtomicReference<Claim> claim;
  private final CompletableFuture<Void> over = new CompletableFuture<>();
  private volatile boolean gone;

  /**
   * What can be relied on.
   *
   * @param surely whether the lock is held in this mode for certain
   */
  private record Claim(Sequencer sequencer, LockMode mode, boolean surely, boolean converting) {
    Claim(Sequencer sequencer, boolean converting) {
      this(sequencer, sequencer.mode(), true, converting);
    }

    /** From the moment of asking on, others may be granted what the wanted mode admits. */
    Claim towards(LockMode wanted) {
      boolean weaker = mode.covers(wanted);
      return new Claim(sequencer, weaker ? wanted : mode, weaker || wanted.covers(mode), true);
    }
  }

  HeldLock(Locks locks, LockSession session, Sequencer sequencer, long request, long requested) {
    this.locks = locks;
    this.session = session;
    this.request = request;
    this.requested = requested;
    claim = new AtomicReference<>(new Claim(sequencer, false));
  }

  /** Proof of the newest grant that this node knows of, to send along. */
  public Sequencer sequencer() {
    return claim.get().sequencer();
  }

  /**
   * The mode that is held while {@link #isHeld}. From the call of {@link #convert} to a mode that
   * promises less it is that one, to any other once that is granted.
   */
  public LockMode mode() {
    return claim.get().mode();
  }

  /**
   * Position of the request; in this order exclusive requests for one lock are granted. A
   * conversion does not change it.
   */
  public long requested() {
    return requested;
  }

  /** Whose it is: it ends with that session. */
  public LockSession session() {
    return session;
  }

  /**
   * Whether the lock is held, by the local clock: no message is sent. False from the moment at
   * which the lease may have run out. It may turn true again if the session did not expire; false
   * after a release or an expiry is for good. Also false while it is not known what came of a
   * conversion to a mode of another family.
   */
  public boolean isHeld() {
    return !gone && claim.get().surely() && session.safe();
  }

  /**
   * Changes the mode in which the lock is held; in between, nobody gets it who would not have got
   * it before or after. A mode that keeps out nobody else than the old one is had at once. For any
   * other this waits until the other holders admit it, ahead of all who do not hold the lock.
   *
   * <p>The grant has a new sequencer, which this answers. From there on the old one is held no
   * more, whichever of the modes was the stronger, and what it guards is void. The same mode again
   * changes nothing.
   *
   * @throws LockException.TimedOut if it does not come in time; the lock is held as before
   * @throws LockException.Deadlock if another holder waits for a mode that this hold keeps from it
   * @throws LockException.AlreadyHeld if a conversion of this lock is under way
   * @throws LockException.NotHeld if the lock was given back
   * @throws LockException.Indeterminate if the log does not answer, up to a quarter of a second
   *     after the deadline; {@link #sequencer} says what came of it once this node knows
   */
  public Sequencer convert(LockMode wanted, Duration deadline) {
    return Await.answer(convertAsync(wanted, deadline), deadline);
  }

  /** As {@link #convert}. Cancelling the future gives the request up. */
  public CompletableFuture<Sequencer> convertAsync(LockMode wanted, Duration deadline) {
    Claim before = claim.get();
    if (before.converting() || !claim.compareAndSet(before, before.towards(wanted))) {
      return CompletableFuture.failedFuture(
          new LockException.AlreadyHeld(
              "converting: sequencer=" + before.sequencer() + ": a conversion is under way"));
    }
    CompletableFuture<Sequencer> handed =
        Locks.handOver(locks.onLoop(() -> session.convert(this, wanted, deadline)), _ -> {});
    handed.whenComplete(
        (_, _) -> {
          if (handed.isCancelled()) {
            locks.loop().execute(() -> session.conversionCancelled(this));
          }
        });
    return handed;
  }

  /**
   * Files, changed only for as long as this lock is held, as it is now, where the change is
   * applied.
   */
  public LockFiles files() {
    return new LockFiles(locks, session, sequencer());
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

  /** Number of the request for it. */
  long request() {
    return request;
  }

  boolean isGone() {
    return gone;
  }

  /** It was converted. On the loop. */
  void hasNow(Sequencer sequencer) {
    session.renumbered(this, sequencer().generation(), sequencer.generation());
    claim.updateAndGet(before -> new Claim(sequencer, before.converting()));
  }

  /** No conversion is under way any more. On the loop. */
  void settled() {
    claim.updateAndGet(before -> new Claim(before.sequencer(), false));
  }

  /** Its session is over. On the loop. */
  void gone() {
    gone = true;
    locks.loop().execute(() -> over.complete(null));
  }
}

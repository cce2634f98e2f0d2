package io.quire.ns;

import io.quire.lockserver.HeldLock;
import io.quire.lockserver.LockException;
import io.quire.lockserver.Sequencer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An object that is open in a mode: others that may not have it open beside wait, on whatever node
 * they are. It is also a reference. It ends when it is closed, or with this node's session.
 *
 * <p>The mode is between those who open: {@link Namespaces#update} and {@link Namespaces#delete}
 * ask nobody. What is written through an open object takes effect only while it is still open so,
 * where it stands in the log.
 *
 * <p>An object that is deleted while it is open can be updated and closed, and not be opened, found
 * by name or deleted again. Any thread may call.
 */
public final class NsOpen implements AutoCloseable {
  private final Namespaces by;
  private final Opens opens;
  private final long number;
  private final NsRef reference;
  private final HeldLock lock;
  private final Opens.Lease lease;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param by who opened it, and asks for all that is done with it
   */
  NsOpen(
      Namespaces by, Opens opens, long number, NsRef reference, HeldLock lock, Opens.Lease lease) {
    this.by = by;
    this.opens = opens;
    this.number = number;
    this.reference = reference;
    this.lock = lock;
    this.lease = lease;
  }

  /** Of this opening, on this node: see {@link Namespaces#opened}. */
  public long number() {
    return number;
  }

  /** The mode that it has now. */
  public OpenMode mode() {
    return OpenMode.of(lock.mode());
  }

  /** The mode that it has now; empty if it was lost. */
  Optional<OpenMode> holding() {
    return lock.over().isDone() ? Optional.empty() : Optional.of(mode());
  }

  /**
   * The object as it is now; it may have been deleted meanwhile.
   *
   * @throws NsException.StaleHandle if this was closed
   */
  public NsObject object() {
    check("looking at");
    return by.lookup(xid()).orElseThrow(() -> stale("looking at", "is not open any more"));
  }

  /** Whether it is open for certain, by the local clock. */
  public boolean isHeld() {
    return !closed.get() && lock.isHeld();
  }

  /**
   * Replaces the value, if the object is still of the version seen.
   *
   * @throws NsException.Denied if the mode does not write
   * @throws NsException.StaleHandle if this was closed or lost
   * @throws NsException.Stale if it is of another version
   */
  public NsObject update(NsObject seen, byte[] value) {
    Sequencer held = writing("updating", seen);
    return by.transaction().updateHeld(seen, value, held).commit().getFirst();
  }

  /**
   * Deletes the object, if it is still of the version seen; it goes when it is closed everywhere.
   * Opened for {@link OpenMode#WRITE}, nobody else has it open.
   *
   * @throws NsException as {@link #update}; {@link NsException.Draining} if it was seen deleted
   */
  public void delete(NsObject seen) {
    Sequencer held = writing("deleting", seen);
    by.transaction().delete(seen).held(seen, held).commit();
  }

  private Sequencer writing(String doing, NsObject seen) {
    check(doing);
    if (seen.xid() != xid()) {
      throw new IllegalArgumentException(
          "not the object that is open: found=" + seen.xidText() + " wanted=" + text());
    }
    OpenMode mode = mode();
    if (!mode.writes) {
      throw new NsException.Denied(
          "open for reading only: %s: xid=%s mode=%s".formatted(doing, text(), mode));
    }
    return lock.sequencer();
  }

  /**
   * Changes the mode without closing: nobody gets in between who would not have before or after.
   * Who asks for less has it at once; who asks for more waits until the others admit it, ahead of
   * all who do not have it open.
   *
   * @throws NsException.Denied if that was not in time, or could never be because another waits for
   *     this one; the mode is as it was
   * @throws NsException.Forbidden if it writes and the principal may not
   * @throws NsException.StaleHandle if this was closed or lost
   */
  public void convert(OpenMode wanted, Duration deadline) {
    String doing = "converting to " + wanted;
    check(doing);
    if (wanted.writes) {
      by.check(xid(), Access.WRITER, doing);
    }
    try {
      lock.convert(wanted.lock, deadline);
    } catch (LockException.TimedOut | LockException.Deadlock | LockException.AlreadyHeld e) {
      throw new NsException.Denied("%s: xid=%s: %s".formatted(doing, text(), e.getMessage()));
    } catch (LockException.NotHeld | LockException.SessionEnded e) {
      throw stale(doing, "was lost");
    } catch (LockException e) {
      throw Opens.translated(doing + ": xid=" + text(), e);
    }
  }

  /** Whether it was opened for this principal, and not for the node or another. */
  boolean openedFor(Principal principal) {
    return by.guard().principal().filter(principal::equals).isPresent();
  }

  Sequencer proof() {
    return lock.sequencer();
  }

  private long xid() {
    return reference.object().xid();
  }

  private String text() {
    return reference.object().xidText();
  }

  private void check(String doing) {
    if (closed.get()) {
      throw stale(doing, "was closed");
    }
    if (lock.over().isDone()) {
      throw stale(doing, "was lost");
    }
  }

  private NsException.StaleHandle stale(String doing, String why) {
    return new NsException.StaleHandle(
        "%s: %s: number=%d xid=%s".formatted(why, doing, number, text()));
  }

  /** Lets others in; a second call does nothing. Does not wait. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      opens.closed(this);
      // The lease goes back first when nobody can hold the path by it any more.
      lock.releaseAsync().whenComplete((_, _) -> lease.close());
      reference.close();
    }
  }
}

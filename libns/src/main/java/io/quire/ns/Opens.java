package io.quire.ns;

import io.quire.base.Clock;
import io.quire.lockserver.HeldLock;
import io.quire.lockserver.LockException;
import io.quire.lockserver.LockSession;
import io.quire.lockserver.LockTerms;
import io.quire.lockserver.Locks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Opens objects in modes, by locks of the lock server below {@value #DIRECTORY}. A session of it
 * holds a path once, so those who have one object open on this node at the same time take a session
 * each; sessions are kept and used again.
 */
final class Opens {
  static final String DIRECTORY = "/quire/open";

  /** How often one object can be open, or waited for, on this node at the same time. */
  static final int SESSIONS_MAX = 1_000;

  /** For what is noted for everybody, whoever opens. */
  private final Namespaces namespaces;

  private final Locks locks;
  private final Holdings holdings;
  private final Clock clock;
  private final String self;
  private final AtomicLong numbers = new AtomicLong();
  private final Map<Long, NsOpen> open = new ConcurrentHashMap<>();
  private final List<Pooled> sessions = new ArrayList<>();

  /** A session, and the paths for which it is in use. Guarded by this object's monitor. */
  private static final class Pooled {
    final LockSession session;
    final Set<String> paths = new HashSet<>();

    Pooled(LockSession session) {
      this.session = session;
    }
  }

  /** A session is in use for a path, until this is closed. */
  final class Lease implements AutoCloseable {
    private final Pooled pooled;
    private final String path;

    private Lease(Pooled pooled, String path) {
      this.pooled = pooled;
      this.path = path;
    }

    LockSession session() {
      return pooled.session;
    }

    @Override
    public void close() {
      synchronized (Opens.this) {
        pooled.paths.remove(path);
      }
    }
  }

  Opens(Namespaces namespaces, Locks locks, Holdings holdings, Clock clock, String self) {
    this.namespaces = namespaces;
    this.locks = locks;
    this.holdings = holdings;
    this.clock = clock;
    this.self = self;
  }

  static String path(long xid) {
    return DIRECTORY + "/" + Long.toHexString(xid);
  }

  Optional<NsOpen> open(
      Namespaces by,
      NsHandle namespace,
      String name,
      OpenMode mode,
      Duration deadline,
      String label) {
    long end = clock.nanos() + deadline.toNanos();
    Duration left = deadline;
    Optional<NsRef> taken = by.take(namespace, name);
    while (taken.isPresent()) {
      NsOpen opened = open(by, taken.get(), mode, left, label);
      // While it waited the name may have gone to another object, or to none.
      if (noted(opened, now -> now.name().equals(name) && now.namespace().equals(namespace))) {
        return Optional.of(opened);
      }
      left = Duration.ofNanos(Math.max(0, end - clock.nanos()));
      taken = by.take(namespace, name);
    }
    return Optional.empty();
  }

  Optional<NsOpen> open(Namespaces by, long xid, OpenMode mode, Duration deadline, String label) {
    Optional<NsRef> taken = by.take(xid);
    if (taken.isEmpty()) {
      return Optional.empty();
    }
    NsObject seen = taken.get().object();
    NsOpen opened = open(by, taken.get(), mode, deadline, label);
    if (!noted(opened, _ -> true)) {
      throw new NsException.Draining(
          "object was deleted: xid=" + seen.xidText() + " name=" + seen.name());
    }
    return Optional.of(opened);
  }

  private NsOpen open(Namespaces by, NsRef taken, OpenMode mode, Duration deadline, String label) {
    NsRef reference = holdings.known(taken, label, Optional.of(mode));
    NsObject object = reference.object();
    String doing =
        "opening: name=%s xid=%s mode=%s".formatted(object.name(), object.xidText(), mode);
    @Nullable Lease lease = null;
    boolean done = false;
    try {
      if (mode.writes) {
        by.guard().check(object.namespace(), Access.WRITER, doing);
      }
      lease = lease(path(object.xid()), doing);
      HeldLock lock = lock(lease, object, mode, deadline, label);
      if (lock == null) {
        throw new NsException.Denied("is open in another mode: " + doing);
      }
      NsOpen opened = new NsOpen(by, this, numbers.incrementAndGet(), reference, lock, lease);
      open.put(opened.number(), opened);
      reference.openedAs(opened);
      done = true;
      return opened;
    } catch (LockException.TimedOut e) {
      throw new NsException.Denied("is open in another mode: " + doing + " waited=" + deadline);
    } catch (LockException e) {
      throw translated(doing, e);
    } finally {
      if (!done) {
        reference.close();
        if (lease != null) {
          lease.close();
        }
      }
    }
  }

  /**
   * Whether the object is there, and as it is wanted; else it is not open any more. One that goes
   * with its last close has to be told that it was opened, once, and only as what was wanted.
   */
  private boolean noted(NsOpen opened, Predicate<NsObject> wanted) {
    boolean noted = false;
    try {
      NsObject object = opened.object();
      while (!object.draining() && wanted.test(object) && !noted) {
        noted = object.lifetime() != Lifetime.UNTIL_CLOSED || object.opened();
        if (!noted) {
          note(object, opened);
          object = opened.object();
        }
      }
      return noted;
    } finally {
      if (!noted) {
        opened.close();
      }
    }
  }

  private void note(NsObject object, NsOpen opened) {
    try {
      namespaces.transaction().opened(object, opened.proof()).commit();
    } catch (NsException.Stale e) {
      // Somebody changed it, or opened it at the same time.
    }
  }

  private @Nullable HeldLock lock(
      Lease lease, NsObject object, OpenMode mode, Duration deadline, String label) {
    LockTerms terms =
        new LockTerms(mode.lock, Duration.ZERO, new byte[0]).withNote(self + " " + label);
    String path = path(object.xid());
    return deadline.isZero()
        ? lease.session().tryLock(path, terms, Namespaces.DEADLINE)
        : lease.session().lock(path, terms, deadline);
  }

  /** A session that does not have the path. */
  private Lease lease(String path, String doing) {
    Lease kept = kept(path);
    if (kept != null) {
      return kept;
    }
    Pooled made = new Pooled(locks.openSession("objects of " + self, Namespaces.DEADLINE));
    made.paths.add(path);
    boolean full;
    synchronized (this) {
      full = sessions.size() >= SESSIONS_MAX;
      if (!full) {
        sessions.add(made);
      }
    }
    if (full) {
      made.session.closeAsync();
      throw new NsException.Refused(
          "open too often on this node: " + doing + " max=" + SESSIONS_MAX);
    }
    return new Lease(made, path);
  }

  private synchronized @Nullable Lease kept(String path) {
    sessions.removeIf(
        pooled ->
            pooled.session.state() == LockSession.State.EXPIRED
                || pooled.session.state() == LockSession.State.CLOSED);
    for (Pooled pooled : sessions) {
      if (pooled.paths.add(path)) {
        return new Lease(pooled, path);
      }
    }
    return null;
  }

  /** What is open under a number. */
  NsOpen opened(long number) {
    NsOpen found = open.get(number);
    if (found != null) {
      return found;
    }
    if (number >= 1 && number <= numbers.get()) {
      throw new NsException.StaleHandle("was closed: number=" + number);
    }
    throw new NsException.UnknownHandle(
        "never opened on this node: number=%d last=%d".formatted(number, numbers.get()));
  }

  int count() {
    return open.size();
  }

  void closed(NsOpen gone) {
    open.remove(gone.number());
  }

  static NsException translated(String doing, LockException e) {
    return switch (e) {
      case LockException.NotInView _ -> Calls.notInView(doing);
      case LockException.SessionEnded _ -> Calls.notInView(doing);
      case LockException.Indeterminate _ ->
          new NsException.Indeterminate("may have happened: " + doing, null);
      default -> new NsException.Refused("did not happen: " + doing + ": " + e.getMessage());
    };
  }
}

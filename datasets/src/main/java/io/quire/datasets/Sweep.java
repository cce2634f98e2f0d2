package io.quire.datasets;

import io.quire.base.Member;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drops extents that no object needs: of loads whose coordinator is gone or has given up, and of
 * objects whose end this node was not told. Only what nobody asked for lately is looked at. Runs on
 * a thread of its own.
 */
final class Sweep implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);

  private final Members members;
  private final Namespaces namespaces;
  private final Registry registry;
  private final DatasetsConfig config;
  private final ScheduledExecutorService thread;

  Sweep(Members members, Namespaces namespaces, Registry registry, DatasetsConfig config) {
    this.members = members;
    this.namespaces = namespaces;
    this.registry = registry;
    this.config = config;
    thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name(members.self().node() + "-sweep").factory());
    long every = config.sweepEvery().toNanos();
    thread.scheduleWithFixedDelay(this::sweep, every, every, TimeUnit.NANOSECONDS);
  }

  private void sweep() {
    for (Holding holding : registry.all()) {
      try {
        if (holding.idleNanos() > config.orphanGrace().toNanos() && orphaned(holding)) {
          LOG.info(
              "dropping extents that no object needs: xid={}", Long.toHexString(holding.xid()));
          registry.end(holding.xid());
        }
      } catch (RuntimeException e) {
        LOG.debug("cannot tell whether extents are needed, asking again later", e);
      }
    }
  }

  /** The order matters: a load is over first, and then its object is there or never will be. */
  private boolean orphaned(Holding holding) {
    if (beingLoaded(holding)) {
      holding.touch();
      return false;
    }
    try {
      if (namespaces.lookup(holding.xid()).isEmpty()) {
        return true;
      }
      holding.published();
      return false;
    } catch (NsException.NotInView | NsException.Refused e) {
      return false;
    }
  }

  private boolean beingLoaded(Holding holding) {
    Member coordinator = members.view().member(holding.coordinator());
    if (coordinator == null) {
      return false;
    }
    Call question = new Call.Active(holding.xid());
    try {
      Deadline deadline = Deadline.in(config.callDeadline().plusSeconds(1));
      Await.value("asking", members.call(coordinator, question, config.callDeadline()), deadline);
      return true;
    } catch (Refusal e) {
      return e.reason() != Refusal.Reason.GONE && e.reason() != Refusal.Reason.NOT_ME;
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}

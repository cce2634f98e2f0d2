package io.quire.datasets;

import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsObject;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drops extents that no object needs: of loads whose coordinator is gone or has given up, and of
 * objects whose end this node was not told. Only what nobody asked for lately is looked at. Gives
 * up loads that broke off, and ends streams that nobody reads. Runs on a thread of its own.
 */
final class Sweep implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);

  private final Members members;
  private final Namespaces namespaces;
  private final Registry registry;
  private final Layouts layouts;
  private final Courses courses;
  private final Claims claims;
  private final DatasetsConfig config;
  private final ScheduledExecutorService thread;

  Sweep(
      Members members,
      Namespaces namespaces,
      Registry registry,
      Layouts layouts,
      Courses courses,
      Claims claims,
      DatasetsConfig config) {
    this.members = members;
    this.namespaces = namespaces;
    this.registry = registry;
    this.layouts = layouts;
    this.courses = courses;
    this.claims = claims;
    this.config = config;
    thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name(members.self().node() + "-sweep").factory());
    long every = config.sweepEvery().toNanos();
    thread.scheduleWithFixedDelay(this::sweep, every, every, TimeUnit.NANOSECONDS);
  }

  private void sweep() {
    try {
      courses.sweep(members.view());
    } catch (RuntimeException e) {
      LOG.debug("cannot end a stream, trying again later", e);
    }
    try {
      claims.expire();
    } catch (RuntimeException e) {
      LOG.debug("cannot give up loads that broke off, trying again later", e);
    }
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
    if (claims.isActive(holding.xid(), holding.coordinator())) {
      holding.touch();
      return false;
    }
    try {
      if (namespaces.reservation(holding.xid()).isPresent()) {
        return false;
      }
      NsObject object = namespaces.lookup(holding.dataset()).orElse(null);
      boolean appended = holding.dataset() != holding.xid();
      if (object == null || (appended && !layouts.of(object).descriptor().has(holding.xid()))) {
        return true;
      }
      holding.published();
      return false;
    } catch (NsException.NotInView | NsException.Refused e) {
      return false;
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}

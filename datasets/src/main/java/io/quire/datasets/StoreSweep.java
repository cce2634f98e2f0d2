package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.OrphanSearch;
import io.quire.ager.OrphanSearch.Mode;
import io.quire.ager.OrphanSearch.Stores;
import io.quire.ager.Orphans;
import io.quire.ager.Orphans.Verdict;
import io.quire.ns.Namespaces;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes files of durable copies that nobody needs, now and then: each node those in its own
 * stores, and the first member of the view those in shared ones. Runs on a thread of its own, which
 * waits for stores.
 */
final class StoreSweep implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StoreSweep.class);

  private final Members members;
  private final Namespaces namespaces;
  private final Layouts layouts;
  private final Claims claims;
  private final Registry registry;
  private final Ager ager;
  private final OrphanConfig config;
  private final OrphanSearch search;
  private final ScheduledExecutorService thread;

  StoreSweep(
      Members members,
      Namespaces namespaces,
      Layouts layouts,
      Claims claims,
      Registry registry,
      Ager ager,
      OrphanConfig config) {
    this.members = members;
    this.namespaces = namespaces;
    this.layouts = layouts;
    this.claims = claims;
    this.registry = registry;
    this.ager = ager;
    this.config = config;
    search = ager.orphans();
    thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name(members.self().node() + "-orphans").factory());
    thread.scheduleWithFixedDelay(
        this::sweep, config.first().toNanos(), config.every().toNanos(), TimeUnit.NANOSECONDS);
  }

  private void sweep() {
    try {
      Orphans found = run(claims.leads() ? Stores.ALL : Stores.OWN, Mode.REMOVE, config.budget());
      if (found.count(Verdict.ORPHAN) > 0) {
        LOG.info(
            "removed files of copies that nobody needs: files={} bytes={}",
            found.count(Verdict.ORPHAN),
            found.bytes(Verdict.ORPHAN));
      }
    } catch (RuntimeException e) {
      LOG.debug("cannot tell which copies are needed, asking again later", e);
    }
  }

  /** Searches now. Any thread that may wait; one at a time. */
  Orphans run(Stores stores, Mode mode, Duration deadline) {
    CopyNeeds needs = new CopyNeeds(namespaces, layouts, members);
    if (mode == Mode.REMOVE) {
      registry.doubtful().look(needs, new Origins(namespaces), ager);
    }
    return search.run(stores, mode, needs, deadline);
  }

  /** Interrupts what runs, and waits a second for it. */
  @Override
  public void close() {
    thread.shutdownNow();
    try {
      if (!thread.awaitTermination(1, TimeUnit.SECONDS)) {
        LOG.debug("a search for orphans does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

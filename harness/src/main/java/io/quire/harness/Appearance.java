package io.quire.harness;

import io.quire.node.AdminClient;
import io.quire.node.AdminClient.AdminException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Watches all nodes for a name while it is being published: once any node has shown it, no answer
 * that is asked for later may be without it.
 */
final class Appearance {
  private record Look(String node, long asked, long answered, boolean found) {}

  private static final long EVERY_MILLIS = 5;

  private final String name;
  private final List<Look> looks = new ArrayList<>();
  private final List<Thread> watchers = new ArrayList<>();
  private volatile boolean over;

  Appearance(String name) {
    this.name = name;
  }

  void watch(List<LocalCluster.Worker> workers) {
    for (LocalCluster.Worker worker : workers) {
      watchers.add(Thread.ofVirtual().start(() -> watch(worker.name(), worker.client())));
    }
  }

  private void watch(String node, AdminClient client) {
    try {
      while (!over) {
        long asked = System.nanoTime();
        try {
          boolean found = client.stat(name) != null;
          Look look = new Look(node, asked, System.nanoTime(), found);
          synchronized (looks) {
            looks.add(look);
          }
        } catch (AdminException e) {
          // No answer proves nothing.
        }
        TimeUnit.MILLISECONDS.sleep(EVERY_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the watch and checks what was seen; returns how many looks there were. */
  int end() throws InterruptedException {
    over = true;
    for (Thread watcher : watchers) {
      watcher.join(10_000);
    }
    synchronized (looks) {
      long firstFound =
          looks.stream().filter(Look::found).mapToLong(Look::answered).min().orElse(Long.MAX_VALUE);
      for (Look look : looks) {
        CheckFailed.unless(
            look.found() || look.asked() - firstFound <= 0,
            "the data set appears everywhere at once",
            "node=%s still answered 'absent' %d us after another had shown it",
            look.node(),
            (look.asked() - firstFound) / 1_000);
      }
      CheckFailed.unless(
          looks.stream().anyMatch(look -> !look.found()),
          "the data set is nowhere before it is everywhere",
          "looks=%d",
          looks.size());
      return looks.size();
    }
  }
}

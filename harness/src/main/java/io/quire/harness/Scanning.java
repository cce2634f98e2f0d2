package io.quire.harness;

import io.quire.node.AdminClient;
import io.quire.node.AdminClient.AdminException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Scans one after the other through one node, on a thread of its own, until it is told to end. One
 * that the node refuses, because another node has just died, is begun again.
 */
final class Scanning {
  private final DemoData data;
  private final AdminClient node;
  private final Duration limit;
  private final CountDownLatch begun = new CountDownLatch(1);
  private final Thread thread;
  private volatile boolean over;
  private volatile int whole;
  private volatile @Nullable RuntimeException failure;

  private Scanning(DemoData data, AdminClient node, Duration limit) {
    this.data = data;
    this.node = node;
    this.limit = limit;
    thread = Thread.ofVirtual().unstarted(this::run);
  }

  /** Starts, and waits until the first scan has shown progress or an end. */
  static Scanning start(DemoData data, AdminClient node, Duration limit)
      throws InterruptedException, TimeoutException {
    Scanning scanning = new Scanning(data, node, limit);
    scanning.thread.start();
    if (!scanning.begun.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new TimeoutException("no scan shows progress: node=" + node.node() + " in=" + limit);
    }
    return scanning;
  }

  /**
   * Waits for the end of the scan that is under way.
   *
   * @return how many gave the right answer
   * @throws AdminException if one was refused
   * @throws UncheckedIOException if one broke off
   * @throws CheckFailed if an answer was wrong, or none came in time
   */
  int end(Duration limit) throws InterruptedException {
    over = true;
    CheckFailed.unless(thread.join(limit), "a scan ends", "node=%s in=%s", node.node(), limit);
    RuntimeException failed = failure;
    if (failed != null) {
      throw failed;
    }
    return whole;
  }

  private void run() {
    try {
      do {
        Recovery.ask(limit, () -> data.check(node, (done, _) -> begun(done)));
        whole++;
        begun.countDown();
      } while (!over);
    } catch (CheckFailed | AdminException | UncheckedIOException e) {
      failure = e;
      begun.countDown();
    }
  }

  private void begun(long done) {
    if (done > 0) {
      begun.countDown();
    }
  }
}

package io.quire.ager;

import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes stores within a time limit, even if one of them hangs. */
final class Closing {
  private static final Logger log = LoggerFactory.getLogger(Closing.class);

  private Closing() {}

  /** Whether all were closed in time. */
  static boolean stores(List<Store> stores, Deadline deadline) {
    List<Thread> threads = stores.stream().map(Closing::start).toList();
    boolean all = true;
    for (Thread thread : threads) {
      try {
        all &= thread.join(Duration.ofNanos(deadline.remainingNanos()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return all;
  }

  private static Thread start(Store store) {
    return Thread.ofPlatform()
        .daemon()
        .name("ager-close")
        .start(
            () -> {
              try {
                store.close();
              } catch (RuntimeException e) {
                log.warn("store not closed: store={}", store.uri(), e);
              }
            });
  }
}

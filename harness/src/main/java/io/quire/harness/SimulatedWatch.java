package io.quire.harness;

import io.quire.gvm.Change;
import io.quire.gvm.Watch;
import io.quire.sim.Watchings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A watch that one client reads now and then, until it is cut off or its node dies. */
final class SimulatedWatch {
  static final String PREFIX = "k";

  private final SimulatedNode node;
  private final Watch watch;
  private final Watchings.Watching watching;
  private boolean over;

  SimulatedWatch(String client, SimulatedNode node, Watch watch, Watchings watchings) {
    this.node = node;
    this.watch = watch;
    watching = watchings.open(client, watch.from());
  }

  /** Reads all there is. */
  void read() {
    if (over || !node.node.running()) {
      return;
    }
    try {
      for (Change change = next(); change != null; change = next()) {
        watching.told(change.position(), change.key(), text(change.before()), text(change.after()));
      }
      watching.level(node.log.applied());
    } catch (IllegalStateException e) {
      over = true;
    }
  }

  /** Whether nothing will come of it any more. */
  boolean over() {
    return over || !node.node.alive();
  }

  private @Nullable Change next() {
    try {
      return watch.next(Duration.ZERO);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  private static @Nullable String text(byte @Nullable [] value) {
    return value == null ? null : new String(value, StandardCharsets.UTF_8);
  }
}

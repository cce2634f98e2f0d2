package io.quire.harness;

import io.quire.gvm.Watch;
import io.quire.sim.Watchings;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A watch that one client follows, until it is cut off or its node dies. */
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
    follow();
  }

  private void follow() {
    watch
        .nextAsync()
        .whenComplete(
            (change, failure) -> {
              if (failure != null) {
                over = true;
              } else {
                watching.told(
                    change.position(), change.key(), text(change.before()), text(change.after()));
                node.node.threads().execute(this::follow);
              }
            });
  }

  /** Whether nothing will come of it any more. */
  boolean over() {
    return over || !node.node.alive();
  }

  private static @Nullable String text(byte @Nullable [] value) {
    return value == null ? null : new String(value, StandardCharsets.UTF_8);
  }
}

package io.quire.worlds;

import io.quire.gvm.Watch;
import io.quire.sim.Watchings;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A watch that one client follows, until it is cut off or its node dies. */
final class SimulatedWatch {
  static final String PREFIX = "k";

  /** Much longer than a loop hesitates. */
  private static final long IDLE_NANOS = 100_000_000;

  private final SimulatedNode node;
  private final Watch watch;
  private final Watchings.Watching watching;
  private boolean over;
  private boolean waits;
  private long since;

  SimulatedWatch(String client, SimulatedNode node, Watch watch, Watchings watchings) {
    this.node = node;
    this.watch = watch;
    watching = watchings.open(client, watch.from());
    follow();
  }

  private void follow() {
    waits = true;
    since = node.node.clock().nanos();
    watch
        .nextAsync()
        .whenComplete(
            (change, failure) -> {
              waits = false;
              if (failure != null || change == null) {
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

  /** Whether nothing came for a moment, though its client was there to take it. */
  boolean idle() {
    return over() || waits && node.node.clock().nanos() - since > IDLE_NANOS;
  }

  /** How far it will have told once it is idle. */
  long due() {
    return node.log.applied();
  }

  /** Everything up to there should have been told by now. */
  void told(long position) {
    if (!over()) {
      watching.level(position);
    }
  }

  private static @Nullable String text(byte @Nullable [] value) {
    return value == null ? null : new String(value, StandardCharsets.UTF_8);
  }
}

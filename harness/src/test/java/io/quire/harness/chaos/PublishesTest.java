package io.quire.harness.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.sim.Action;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PublishesTest {
  private static final long MILLI = 1_000_000;

  private final List<Harvest.Line> lines = new ArrayList<>();

  private void published(String client, long begun, long ended, Result result) {
    long call = lines.size();
    Part part = new Part("/k", Action.write("v" + call));
    lines.add(
        new Harvest.Line(0, new Entry.Begin(begun * MILLI, call, client, "put", List.of(part))));
    lines.add(new Harvest.Line(0, new Entry.End(ended * MILLI, call, List.of(result))));
  }

  @Test
  void longestGap_isBetweenPublishesThatTookEffect() {
    published("n1.1.1", 0, 10, new Result.Written(1));
    published("n1.1.1", 20, 30, Result.UNKNOWN);
    published("n1.1.1", 60, 70, new Result.Written(2));
    published("n1.1.1", 71, 75, new Result.Written(3));
    assertThat(new Publishes(lines).longestGapMillis()).isEqualTo(60);
  }

  @Test
  void nextAfter_beganAfterwardsAndIsAnothers() {
    published("n1.1.1", 0, 10, new Result.Written(1));
    published("n2.1.1", 12, 14, new Result.Written(2));
    published("n1.1.1", 20, 30, new Result.Written(3));
    Publishes publishes = new Publishes(lines);
    assertThat(publishes.nextAfterMillis(5 * MILLI, "")).isEqualTo(9);
    assertThat(publishes.nextAfterMillis(5 * MILLI, "n2")).isEqualTo(25);
    assertThat(publishes.nextAfterMillis(25 * MILLI, "")).isEqualTo(-1);
  }
}

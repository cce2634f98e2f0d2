package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventQueueTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void anyOrderOfCalls_givesEventsByTimeAndThenByTheirMaking(long seed) {
    Random random = new Random(seed);
    EventQueue queue = new EventQueue();
    TreeSet<Event> model = new TreeSet<>(Comparator.comparingLong(event -> event.tag));
    for (int step = 0; step < 20_000; step++) {
      if (model.isEmpty() || random.nextInt(100) < (step < 10_000 ? 55 : 45)) {
        long nanos = random.nextInt(50);
        // Of one time, the one made first: the tag holds both.
        Event event = new Event(nanos, step, (nanos << 32) + step, () -> {});
        queue.add(event);
        model.add(event);
      } else {
        assertThat(queue.peek()).isSameAs(model.getFirst());
        assertThat(queue.remove()).isSameAs(model.pollFirst());
      }
      assertThat(queue.size()).isEqualTo(model.size());
    }
    while (!model.isEmpty()) {
      assertThat(queue.remove()).isSameAs(model.pollFirst());
    }
    assertThat(queue.peek()).isNull();
  }
}

package io.quire.bench;

import com.github.benmanes.caffeine.cache.simulator.parser.TraceFormat;
import com.github.benmanes.caffeine.cache.simulator.policy.AccessEvent;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A trace in the jar of Caffeine's simulator.
 *
 * @param format the simulator's name of the file's format
 * @param file name in the jar
 */
record ShippedTrace(String name, String what, int memory, String format, String file)
    implements TraceSource {
  @Override
  public Trace read() {
    Map<Long, Integer> numbers = new HashMap<>();
    int[] uses = new int[1 << 16];
    int[] sizes = new int[1 << 16];
    int length = 0;
    try (Stream<AccessEvent> events = TraceFormat.named(format).readFiles(List.of(file)).events()) {
      for (Iterator<AccessEvent> each = events.iterator(); each.hasNext(); length++) {
        AccessEvent event = each.next();
        int next = numbers.size();
        int number = numbers.computeIfAbsent(event.longKey(), _ -> next);
        uses = length == uses.length ? Arrays.copyOf(uses, 2 * length) : uses;
        sizes = number == sizes.length ? Arrays.copyOf(sizes, 2 * number) : sizes;
        uses[length] = number;
        sizes[number] = event.weight();
      }
    }
    return new Trace(Arrays.copyOf(uses, length), Arrays.copyOf(sizes, numbers.size()));
  }
}

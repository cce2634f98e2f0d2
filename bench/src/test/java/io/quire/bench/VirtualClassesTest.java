package io.quire.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class VirtualClassesTest {
  private static final long LIMIT = 8 << 20;
  private static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  @Test
  void takes_isEnoughAndAtMostAnEighthMoreThanPages() {
    VirtualClasses classes = new VirtualClasses(256 << 20);
    for (long bytes = 1; bytes <= 64 << 20; bytes += 1 + bytes / 50) {
      long token = classes.allocate(bytes);
      long pages = (bytes + 4095) / 4096 * 4096;
      assertThat(classes.takes(token, bytes)).isBetween(pages, pages + pages / 8);
      classes.free(token);
    }
  }

  @Test
  void allocate_memoryOfAnotherClass_isTakenAndReadsAsZero() {
    VirtualClasses classes = new VirtualClasses(LIMIT);
    Deque<Long> small = new ArrayDeque<>();
    Set<Long> addresses = new HashSet<>();
    for (long token; (token = classes.allocate(4096)) != Allocator.REFUSED; small.add(token)) {
      assertThat(addresses.add(classes.address(token))).isTrue();
      MEMORY.set(ValueLayout.JAVA_BYTE, classes.address(token), (byte) 1);
    }
    assertThat(small).hasSize((int) (LIMIT / 4096));
    small.forEach(classes::free);
    long large = classes.allocate(LIMIT);
    assertThat(large).isNotEqualTo(Allocator.REFUSED);
    assertThat(classes.allocate(4096)).isEqualTo(Allocator.REFUSED);
    classes.free(large);
    long again = classes.allocate(4096);
    assertThat(addresses).contains(classes.address(again));
    assertThat(MEMORY.get(ValueLayout.JAVA_BYTE, classes.address(again))).isZero();
  }
}

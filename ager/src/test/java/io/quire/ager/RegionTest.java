package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class RegionTest {
  private static final int PAGES = 64;
  private static final long BYTES = (long) PAGES * PageRuns.PAGE_BYTES;

  @Test
  void move_overlapping_keepsTheBytes() {
    for (Region region : List.of(Region.open(BYTES), Region.allocate(BYTES))) {
      try (region) {
        for (int distance = 1; distance < 20; distance += 3) {
          MemorySegment from = region.slice(20, 16 * PageRuns.PAGE_BYTES);
          Samples.fill(from, distance);
          region.move(20, 20 - distance, 16);
          Samples.check(region.slice(20 - distance, 16 * PageRuns.PAGE_BYTES), distance);
        }
      }
    }
  }

  @Test
  void open_touchesAllOfIt() {
    try (Region region = Region.open(BYTES)) {
      region.residentBytes().ifPresent(bytes -> assertThat(bytes).isEqualTo(BYTES));
      assertThat(region.slice(0, BYTES).get(ValueLayout.JAVA_BYTE, BYTES - 1)).isZero();
    }
  }

  @Test
  void open_moreThanTheMachineHas_isRefused() {
    assertThatThrownBy(() -> Region.open(1L << 46)).isInstanceOf(AgerException.NoMemory.class);
  }

  @Test
  void slice_afterClose_throwsInsteadOfReading() {
    Region region = Region.open(BYTES);
    MemorySegment slice = region.slice(0, 8);
    region.close();
    assertThatThrownBy(() -> slice.get(ValueLayout.JAVA_LONG, 0))
        .isInstanceOf(IllegalStateException.class);
  }
}

package io.quire.ager;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScanTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 64 << 10;
  private static final int COUNT = 40;

  @TempDir Path directory;
  private Ager ager;
  private List<Extent> extents;

  @BeforeEach
  void open() {
    ager = Ager.open(Samples.config(BUDGET, Samples.flash(directory, 1L << 30)));
    extents = Samples.extents(ager, COUNT, BYTES);
    // Once through, so that every extent has a copy.
    extents.forEach(extent -> ager.pin(extent, Samples.WAIT).close());
    Samples.await("all written", () -> ager.stats().dirtyBytes() <= BUDGET * 3 / 5);
  }

  @AfterEach
  void close() {
    ager.close();
  }

  private List<Extent> read(Scan.Order order) {
    List<Extent> read = new ArrayList<>();
    try (Scan scan = ager.scan(extents, order, Samples.WAIT)) {
      for (Pin pin = scan.next(); pin != null; pin = scan.next()) {
        try (Pin current = pin) {
          Samples.check(current.segment(), extents.indexOf(current.extent()));
          read.add(current.extent());
        }
      }
    }
    return read;
  }

  @Test
  void next_inOrder_followsTheList() {
    assertThat(read(Scan.Order.IN_ORDER)).isEqualTo(extents);
  }

  @Test
  void next_residentFirst_readsNothingBeforeWhatIsThere() {
    Set<Extent> resident = new HashSet<>();
    extents.stream().filter(extent -> Samples.resident(ager, extent)).forEach(resident::add);
    assertThat(resident).hasSizeBetween(5, 16);
    List<Extent> read = read(Scan.Order.RESIDENT_FIRST);
    assertThat(read).containsExactlyInAnyOrderElementsOf(extents);
    assertThat(read.subList(0, resident.size())).containsExactlyInAnyOrderElementsOf(resident);
  }

  @Test
  void next_loopLargerThanMemory_keepsWhatTheNextRoundNeeds() {
    read(Scan.Order.IN_ORDER);
    long before = ager.stats().pageIns();
    int rounds = 4;
    for (int i = 0; i < rounds; i++) {
      read(Scan.Order.IN_ORDER);
    }
    double missed = (ager.stats().pageIns() - before) / (double) (rounds * COUNT);
    // 16 of 40 fit: recency alone would miss all, the best possible misses 60 %.
    assertThat(missed).isLessThan(0.75);
  }

  @Test
  void next_readsAhead_beforeItIsAsked() {
    try (Scan scan = ager.scan(extents, Scan.Order.IN_ORDER, Samples.WAIT)) {
      requireNonNull(scan.next()).close();
      Extent second = extents.get(1);
      Samples.await("read ahead", () -> Samples.resident(ager, second));
    }
  }

  @Test
  void next_memoryIsPinned_endsWithinTheDeadlineAndGoesOnLater() {
    List<Draft> drafts = new ArrayList<>();
    for (int i = 0; i < 14; i++) {
      drafts.add(ager.allocate(BYTES, Samples.WAIT));
    }
    List<Pin> pins = new ArrayList<>();
    try (Scan scan = ager.scan(extents, Scan.Order.IN_ORDER, Samples.SHORT)) {
      assertThatThrownBy(
              () -> {
                while (true) {
                  pins.add(requireNonNull(scan.next()));
                }
              })
          .isInstanceOf(AgerException.OutOfMemoryBudget.class);
      assertThat(pins).hasSize(2);
      pins.forEach(Pin::close);
      Pin third = requireNonNull(scan.next());
      assertThat(third.extent()).isSameAs(extents.get(2));
      third.close();
    }
    drafts.forEach(Draft::close);
  }

  @Test
  void next_extentWasDropped_saysSoAndGoesOnBehindIt() {
    ager.drop(extents.get(1));
    try (Scan scan = ager.scan(extents, Scan.Order.IN_ORDER, Samples.WAIT)) {
      requireNonNull(scan.next()).close();
      assertThatThrownBy(scan::next).isInstanceOf(IllegalStateException.class);
      try (Pin pin = requireNonNull(scan.next())) {
        assertThat(pin.extent()).isSameAs(extents.get(2));
      }
    }
  }

  @Test
  void next_sameExtentTwice_comesTwice() {
    List<Extent> twice = List.of(extents.get(3), extents.get(4), extents.get(3));
    try (Scan scan = ager.scan(twice, Scan.Order.RESIDENT_FIRST, Samples.WAIT)) {
      List<Extent> read = new ArrayList<>();
      for (Pin pin = scan.next(); pin != null; pin = scan.next()) {
        read.add(pin.extent());
        pin.close();
      }
      assertThat(read).containsExactlyInAnyOrderElementsOf(twice);
    }
  }
}

package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pins for which no thread waits. */
@Timeout(60)
class PinAsyncTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 64 << 10;

  @TempDir Path directory;
  private Ager ager;
  private List<Extent> extents;

  @BeforeEach
  void open() {
    ager = Ager.open(Samples.config(BUDGET, Samples.flash(directory, 1L << 30)));
    extents = Samples.extents(ager, 40, BYTES);
  }

  @AfterEach
  void close() {
    ager.close();
  }

  @Test
  void pinAsync_resident_isThereAtOnce() {
    Extent last = extents.getLast();
    try (Pin pin = ager.pinAsync(last, Samples.WAIT).resultNow()) {
      Samples.check(pin.segment(), 39);
    }
  }

  @Test
  void pinAsync_ofAllOneAfterAnother_readsEach() throws Exception {
    for (int i = 0; i < extents.size(); i++) {
      try (Pin pin = ager.pinAsync(extents.get(i), Samples.WAIT).get(20, TimeUnit.SECONDS)) {
        Samples.check(pin.segment(), i);
      }
    }
    assertThat(ager.stats().pinnedBytes()).isZero();
  }

  @Test
  void pinAsync_moreThanFitAtOnce_eachIsServedWhenOthersAreClosed() throws Exception {
    List<CompletableFuture<Integer>> done = new ArrayList<>();
    for (int i = 0; i < extents.size(); i++) {
      int seed = i;
      done.add(
          ager.pinAsync(extents.get(i), Samples.WAIT)
              .thenApplyAsync(
                  pin -> {
                    try (pin) {
                      Samples.check(pin.segment(), seed);
                    }
                    return seed;
                  }));
    }
    for (CompletableFuture<Integer> each : done) {
      each.get(20, TimeUnit.SECONDS);
    }
    assertThat(ager.stats().pinnedBytes()).isZero();
  }

  @Test
  void pinAsync_allIsPinned_failsAtItsDeadlineAndSaysSo() {
    Extent first = extents.getFirst();
    List<Pin> pins = pinAllBut(first);
    CompletableFuture<Pin> waiting = ager.pinAsync(first, Samples.SHORT);
    assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
        .hasCauseInstanceOf(AgerException.OutOfMemoryBudget.class);
    pins.forEach(Pin::close);
    Samples.check(ager, first, 0);
    assertThat(ager.stats().pinnedBytes()).isZero();
  }

  @Test
  void pinAsync_cancelled_leavesNoPin() {
    Extent first = extents.getFirst();
    List<Pin> pins = pinAllBut(first);
    CompletableFuture<Pin> waiting = ager.pinAsync(first, Samples.WAIT);
    assertThat(waiting.cancel(false)).isTrue();
    pins.forEach(Pin::close);
    Samples.await("no pin is left", () -> first.pins() == 0);
    Samples.check(ager, first, 0);
  }

  @Test
  void prefetch_readsWhatIsNotThere() {
    Extent first = extents.getFirst();
    Samples.evict(ager, first, extents);
    ager.prefetch(List.of(first));
    Samples.await("read ahead", () -> Samples.resident(ager, first));
    assertThat(ager.stats().pinnedBytes()).isZero();
  }

  /** Leaves no room for the extent, which is not in memory. */
  private List<Pin> pinAllBut(Extent first) {
    List<Pin> pins = new ArrayList<>();
    Samples.evict(ager, first, extents);
    for (Extent extent : extents) {
      ager.tryPin(extent).ifPresent(pins::add);
    }
    while (ager.stats().accountedBytes() < BUDGET) {
      extents.stream()
          .filter(extent -> extent != first && !Samples.resident(ager, extent))
          .findFirst()
          .ifPresent(extent -> pins.add(ager.pin(extent, Samples.WAIT)));
    }
    return pins;
  }
}

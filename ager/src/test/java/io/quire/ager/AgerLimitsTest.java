package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.quire.ager.AgerException.OutOfMemoryBudget;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgerLimitsTest {
  private static final long BUDGET = 1 << 20;
  private static final int EIGHTH = (int) BUDGET / 8;

  @TempDir Path directory;
  private Ager ager;

  @BeforeEach
  void open() {
    ager = Ager.open(Samples.config(BUDGET, Samples.flash(directory, 1L << 30)));
  }

  @AfterEach
  void close() {
    ager.close();
  }

  @Test
  void allocate_allPinned_failsWithinTheDeadlineAndSaysWhatIsPinned() {
    List<Draft> drafts = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      drafts.add(ager.allocate(EIGHTH, Samples.WAIT));
    }
    long began = System.nanoTime();
    OutOfMemoryBudget failure =
        catchThrowableOfType(OutOfMemoryBudget.class, () -> ager.allocate(EIGHTH, Samples.SHORT));
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
    assertThat(failure.bytesWanted()).isEqualTo(EIGHTH);
    assertThat(failure.budgetBytes()).isEqualTo(BUDGET);
    assertThat(failure.pinnedBytes()).isEqualTo(7L * EIGHTH);
    assertThat(failure.retryable()).isTrue();
    drafts.forEach(Draft::close);
    assertThat(ager.stats().accountedBytes()).isZero();
  }

  @Test
  void allocate_waitingWhenAPinGoes_isServed() throws Exception {
    List<Draft> drafts = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      drafts.add(ager.allocate(EIGHTH, Samples.WAIT));
    }
    CompletableFuture<Draft> waiting =
        CompletableFuture.supplyAsync(
            () -> ager.allocate(EIGHTH, Samples.WAIT), Thread::startVirtualThread);
    Samples.await("waits", () -> ager.stats().waits() == 1);
    drafts.get(3).close();
    waiting.get(20, TimeUnit.SECONDS).close();
    drafts.forEach(Draft::close);
  }

  @Test
  void pin_draftsTakeAllTheyMay_pageInFindsTheReserve() {
    List<Extent> extents = Samples.extents(ager, 20, EIGHTH);
    Extent first = extents.get(0);
    Samples.evict(ager, first, extents);
    List<Draft> drafts = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      drafts.add(ager.allocate(EIGHTH, Samples.WAIT));
    }
    Samples.check(ager, first, 0);
    drafts.forEach(Draft::close);
  }

  @Test
  void allocate_sizeOutOfRange_isRefused() {
    for (long bytes : new long[] {Long.MIN_VALUE, -1, 0, BUDGET + 1, Ager.MAX_EXTENT_BYTES + 1}) {
      assertThatThrownBy(() -> ager.allocate(bytes, Samples.WAIT))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("bytes=" + bytes);
    }
    ager.allocate(BUDGET, Samples.WAIT).close();
    ager.allocate(1, Samples.WAIT).close();
  }

  @Test
  void close_draftThatWasNotSealed_freesItsMemory() {
    ager.allocate(EIGHTH, Samples.WAIT).close();
    assertThat(ager.stats().accountedBytes()).isZero();
    assertThat(ager.stats().extents()).isZero();
  }

  @Test
  void segment_afterTheSeal_isReadOnly() {
    try (Draft draft = ager.allocate(5000, Samples.WAIT)) {
      assertThat(draft.segment().byteSize()).isEqualTo(5000);
      draft.segment().fill((byte) 7);
      draft.seal();
      MemorySegment sealed = draft.segment();
      assertThat(sealed.get(ValueLayout.JAVA_BYTE, 4999)).isEqualTo((byte) 7);
      assertThatThrownBy(() -> sealed.set(ValueLayout.JAVA_BYTE, 0, (byte) 1))
          .isInstanceOf(RuntimeException.class);
      assertThatThrownBy(draft::seal).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void drop_pinned_freesWithTheLastPin() {
    Extent extent = Samples.extent(ager, 1, EIGHTH);
    Pin first = ager.pin(extent, Samples.WAIT);
    Pin second = ager.tryPin(extent).orElseThrow();
    ager.drop(extent);
    assertThat(ager.tryPin(extent)).isEmpty();
    assertThatThrownBy(() -> ager.pin(extent, Samples.WAIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("dropped");
    first.close();
    first.close();
    Samples.check(second.segment(), 1);
    assertThat(ager.stats().accountedBytes()).isEqualTo(EIGHTH);
    second.close();
    assertThat(ager.stats().accountedBytes()).isZero();
    assertThat(ager.stats().extents()).isZero();
    assertThatThrownBy(second::segment).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void drop_spilled_slotsAreUsedAgain() {
    for (int round = 0; round < 4; round++) {
      List<Extent> extents = Samples.extents(ager, 24, EIGHTH);
      for (int i = 0; i < extents.size(); i++) {
        Samples.check(ager, extents.get(i), i);
      }
      extents.forEach(ager::drop);
      Samples.await("all gone", () -> ager.stats().stores().get(0).extents() == 0);
    }
    // One that was being written when it was dropped goes when that is done.
    Samples.await("memory free", () -> ager.stats().accountedBytes() == 0);
    assertThat(ager.stats().stores().get(0).usedBytes())
        .isLessThanOrEqualTo(25L * (EIGHTH + StoreHeader.BYTES));
  }

  @Test
  void calls_afterClose_areRefused() {
    Extent extent = Samples.extent(ager, 1, 100);
    Pin pin = ager.pin(extent, Samples.WAIT);
    ager.pinTrace().mode(PinTrace.Mode.OFF);
    ager.close();
    ager.close();
    assertThatThrownBy(() -> ager.allocate(100, Samples.WAIT))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> pin.segment().get(ValueLayout.JAVA_BYTE, 0))
        .as("no access to memory that was given back")
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void pin_extentOfAnotherAger_isRefused() {
    Extent extent = Samples.extent(ager, 1, 100);
    try (Ager other = Ager.open(Samples.config(BUDGET))) {
      assertThatThrownBy(() -> other.pin(extent, Samples.WAIT))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}

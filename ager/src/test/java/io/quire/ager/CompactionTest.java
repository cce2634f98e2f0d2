package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Without stores nothing can be evicted, so all room comes from joining free pages. */
class CompactionTest {
  private static final int PAGE = PageRuns.PAGE_BYTES;
  private static final int PAGES = 256;

  private final Ager ager = Ager.open(Samples.config((long) PAGES * PAGE).withReserveBytes(0));

  @AfterEach
  void close() {
    ager.close();
  }

  @Test
  void allocate_scatteredFreeBytesSuffice_neverFails() {
    for (long seed = 1; seed <= 5; seed++) {
      churn(seed);
    }
    assertThat(ager.stats().moves()).isPositive();
  }

  private void churn(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Map<Extent, Long> content = new HashMap<>();
    List<Extent> order = new ArrayList<>();
    long used = 0;
    for (int step = 0; step < 800; step++) {
      long bytes = 1 + random.nextInt(random.nextInt(6) == 0 ? 60 * PAGE : 6 * PAGE);
      long pages = PageRuns.pagesOf(bytes);
      while (used + pages > PAGES) {
        Extent victim = order.remove(random.nextInt(order.size()));
        Samples.check(ager, victim, content.remove(victim));
        ager.drop(victim);
        used -= PageRuns.pagesOf(victim.bytes());
      }
      long contentSeed = random.nextLong();
      try (Draft draft = ager.allocate(bytes, Duration.ZERO)) {
        Samples.fill(draft.segment(), contentSeed);
        Extent made = draft.seal();
        content.put(made, contentSeed);
        order.add(made);
      } catch (AgerException e) {
        throw new AssertionError("seed=%d step=%d usedPages=%d".formatted(seed, step, used), e);
      }
      used += pages;
      assertThat(ager.stats().accountedBytes()).as("seed %d", seed).isEqualTo(used * PAGE);
    }
    content.forEach((extent, contentSeed) -> Samples.check(ager, extent, contentSeed));
    order.forEach(ager::drop);
    assertThat(ager.stats().accountedBytes()).isZero();
  }

  @Test
  void pin_whileOthersMakeRoom_neverSeesAMove() throws Exception {
    Map<Extent, Byte> live = new ConcurrentHashMap<>();
    AtomicBoolean stop = new AtomicBoolean();
    CompletableFuture<Long> pinner =
        CompletableFuture.supplyAsync(() -> pinUntil(stop, live), Thread::startVirtualThread);
    SplittableRandom random = new SplittableRandom(7);
    List<Extent> order = new ArrayList<>();
    long used = 0;
    Deadline deadline = Deadline.in(Duration.ofSeconds(2));
    for (int step = 0; !deadline.passed() && !pinner.isDone(); step++) {
      long pages = 1 + random.nextInt(40);
      while (used + pages > PAGES) {
        Extent victim = order.remove(random.nextInt(order.size()));
        live.remove(victim);
        ager.drop(victim);
        used -= PageRuns.pagesOf(victim.bytes());
      }
      try (Draft draft = ager.allocate(pages * PAGE, Samples.WAIT)) {
        draft.segment().fill((byte) step);
        Extent made = draft.seal();
        order.add(made);
        live.put(made, (byte) step);
      }
      used += pages;
    }
    stop.set(true);
    assertThat(pinner.get(20, TimeUnit.SECONDS)).isGreaterThan(100);
    assertThat(ager.stats().moves()).isGreaterThan(100);
  }

  private long pinUntil(AtomicBoolean stop, Map<Extent, Byte> live) {
    long pins = 0;
    while (!stop.get()) {
      for (Map.Entry<Extent, Byte> entry : live.entrySet()) {
        Optional<Pin> pinned = ager.tryPin(entry.getKey());
        if (pinned.isPresent()) {
          pins++;
          try (Pin pin = pinned.get()) {
            checkAllAre(pin.segment(), entry.getValue());
          }
        }
      }
    }
    return pins;
  }

  /** Looks long enough for a move, and a new draft in the old place, to happen meanwhile. */
  private static void checkAllAre(MemorySegment segment, byte wanted) {
    for (int pass = 0; pass < 40; pass++) {
      for (long at = 0; at < segment.byteSize(); at += 256) {
        byte found = segment.get(ValueLayout.JAVA_BYTE, at);
        if (found != wanted) {
          throw new AssertionError("wanted=%d found=%d offset=%d".formatted(wanted, found, at));
        }
      }
    }
  }

  @Test
  void allocate_pinsDivideTheFreeBytes_movesOnlyWhatIsNotPinned() {
    List<Extent> extents = Samples.extents(ager, PAGES / 4, 4 * PAGE);
    // Free: every second one of the first half; pinned: one near the middle of that.
    for (int i = 0; i < PAGES / 8; i += 2) {
      ager.drop(extents.get(i));
    }
    int middle = PAGES / 16 + 1;
    try (Pin pin = ager.tryPin(extents.get(middle)).orElseThrow()) {
      // More than lies below the pin: extents from above it go there.
      int free = PAGES / 16 * 4 * PAGE;
      Extent large = Samples.extent(ager, 99, free);
      assertThatThrownBy(() -> ager.allocate(1, Duration.ZERO)).isInstanceOf(AgerException.class);
      Samples.check(pin.segment(), middle);
      Samples.check(ager, large, 99);
    }
    for (int i = 1; i < PAGES / 8; i += 2) {
      Samples.check(ager, extents.get(i), i);
    }
  }
}

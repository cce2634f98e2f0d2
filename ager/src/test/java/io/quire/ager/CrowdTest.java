package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pins that a {@link Crowd} counts hold an extent as all others do. */
@Timeout(120)
class CrowdTest {
  private static final int BYTES = 64 << 10;
  private static final long BUDGET = 1 << 20;

  @TempDir Path directory;

  private Ager open() {
    return Ager.open(Samples.config(BUDGET, Samples.flash(directory.resolve("f"), 1L << 30)));
  }

  private static void gather(Extent extent) {
    extent.memory().gather(extent);
  }

  @Test
  void extent_onWhichPinsMeetAgainAndAgain_isGivenACrowd_andOneAloneIsNot() {
    try (Ager ager = open()) {
      Extent alone = Samples.extent(ager, 1, BYTES);
      Extent met = Samples.extent(ager, 2, BYTES);
      try (Pin other = ager.pin(met, Samples.WAIT)) {
        for (int i = 0; i < 2 * Crowds.MEETINGS; i++) {
          ager.pin(met, Samples.WAIT).close();
          ager.pin(alone, Samples.WAIT).close();
        }
        assertThat(met.crowded()).isTrue();
        assertThat(alone.crowded()).isFalse();
        assertThat(other.segment().byteSize()).isEqualTo(BYTES);
      }
      Samples.dropAll(ager, List.of(alone, met));
    }
  }

  @Test
  void pinsOfACrowd_keepTheExtentWhereItIs_andCountInWhatIsPinned() {
    try (Ager ager = open()) {
      List<Extent> extents = Samples.extents(ager, 40, BYTES);
      Extent held = extents.getFirst();
      ager.pin(held, Samples.WAIT).close();
      gather(held);
      try (Pin first = ager.pin(held, Samples.WAIT);
          Pin second = ager.tryPin(held).orElseThrow()) {
        assertThat(held.crowded()).isTrue();
        assertThat(ager.stats().pinnedBytes()).isEqualTo(BYTES);
        for (int round = 0; round < 3; round++) {
          extents.forEach(each -> ager.pin(each, Samples.WAIT).close());
        }
        assertThat(Samples.resident(ager, held)).isTrue();
        Samples.check(first.segment(), 0);
        first.close();
        extents.forEach(each -> ager.pin(each, Samples.WAIT).close());
        Samples.check(second.segment(), 0);
      }
      assertThat(ager.stats().pinnedBytes()).isZero();
      Samples.evict(ager, held, extents.subList(1, 40));
      assertThat(held.crowded()).isFalse();
      Samples.check(ager, held, 0);
      Samples.dropAll(ager, extents);
    }
  }

  @Test
  void extentThatIsDropped_goesWithTheLastPin_whereverThatWasCounted() {
    try (Ager ager = open()) {
      for (boolean crowdLast : List.of(true, false)) {
        Extent extent = Samples.extent(ager, 7, BYTES);
        Pin here = ager.pin(extent, Samples.WAIT);
        gather(extent);
        Pin inCrowd = ager.pin(extent, Samples.WAIT);
        ager.drop(extent);
        assertThat(ager.tryPin(extent)).isEmpty();
        (crowdLast ? here : inCrowd).close();
        assertThat(ager.stats().accountedBytes()).isEqualTo(BYTES);
        Samples.check((crowdLast ? inCrowd : here).segment(), 7);
        (crowdLast ? inCrowd : here).close();
        assertThat(ager.stats().accountedBytes()).isZero();
        assertThat(ager.stats().extents()).isZero();
      }
    }
  }

  /** A pin may be counted in a crowd that has passed to another extent by then. */
  @Test
  void extentThatIsDropped_goesWhenAPinIsTakenBackThatWasNeverItsOwn() {
    try (Ager ager = open()) {
      Extent extent = Samples.extent(ager, 7, BYTES);
      Crowd crowd = crowdOf(extent);
      crowd.enter();
      ager.drop(extent);
      assertThat(ager.stats().extents()).isEqualTo(1);
      crowd.takeBack();
      assertThat(ager.stats().extents()).isZero();
      assertThat(ager.stats().accountedBytes()).isZero();
    }
  }

  private static Crowd crowdOf(Extent extent) {
    gather(extent);
    Crowd crowd = Objects.requireNonNull(extent.tryPin());
    assertThat(crowd).isNotSameAs(Crowd.NONE);
    crowd.leave(extent);
    return crowd;
  }

  @Test
  void crowdsAreFew_oneIsTakenFromAnExtentThatNobodyPins_andFromNoOther() {
    try (Ager ager = Ager.open(Samples.config(64L << 20))) {
      List<Extent> extents = Samples.extents(ager, Crowds.MAX + 2, 4096);
      List<Pin> pins = new ArrayList<>();
      for (Extent extent : extents.subList(0, Crowds.MAX)) {
        gather(extent);
        pins.add(ager.pin(extent, Samples.WAIT));
      }
      Extent late = extents.get(Crowds.MAX);
      gather(late);
      assertThat(late.crowded()).as("all are in use").isFalse();
      pins.get(5).close();
      gather(late);
      assertThat(late.crowded()).isTrue();
      assertThat(extents.get(5).crowded()).isFalse();
      assertThat(extents.stream().filter(Extent::crowded).count()).isEqualTo(Crowds.MAX);
      pins.forEach(Pin::close);
      Samples.dropAll(ager, extents);
    }
  }

  /**
   * Two threads pin and unpin as fast as they can, while a third one takes the crowd away and the
   * extent out of memory, so that each step of one falls between any two of another.
   */
  @Test
  void extentThatLeavesMemory_isHeldByNobodyThen() throws Exception {
    try (Ager ager = open();
        ExecutorService threads = Executors.newCachedThreadPool()) {
      Extent extent = Samples.extent(ager, 1, BYTES);
      AtomicBoolean over = new AtomicBoolean();
      AtomicLong inside = new AtomicLong();
      AtomicLong inCrowd = new AtomicLong();
      Callable<Long> pinning =
          () -> {
            long pins = 0;
            while (!over.get()) {
              Crowd crowd = extent.tryPin();
              if (crowd == null) {
                continue;
              }
              inside.getAndIncrement();
              pins++;
              inside.getAndDecrement();
              if (crowd == Crowd.NONE) {
                extent.unpin();
              } else {
                inCrowd.getAndIncrement();
                crowd.leave(extent);
              }
            }
            return pins;
          };
      List<Future<Long>> work = List.of(threads.submit(pinning), threads.submit(pinning));
      int left = 0;
      long tries = 0;
      while (left < 20_000 || inCrowd.get() < 100_000) {
        gather(extent);
        boolean gone =
            extent
                .memory()
                .locked(
                    () -> {
                      boolean leaves = extent.leaveResident(Frame.Phase.MOVING);
                      if (leaves) {
                        long held = 0;
                        for (int look = 0; look < 20; look++) {
                          held = Math.max(held, inside.get());
                        }
                        extent.becomes(Frame.Phase.RESIDENT);
                        over.compareAndSet(false, held > 0);
                        assertThat(held).as("pins of an extent that is away").isZero();
                      }
                      return leaves;
                    });
        left += gone ? 1 : 0;
        tries++;
      }
      over.set(true);
      for (Future<Long> each : work) {
        assertThat(each.get(60, TimeUnit.SECONDS)).isPositive();
      }
      assertThat(tries).isGreaterThan(left);
      Samples.dropAll(ager, List.of(extent));
    }
  }

  /**
   * Threads pin a few extents, all at once, while these are given crowds, lose them, are evicted
   * and dropped. Under a pin the bytes are those of the extent, and in the end nothing is held.
   */
  @Test
  void crowdsThatComeAndGo_whileExtentsAreEvictedAndDropped_losePinsNever() throws Exception {
    SplittableRandom seeds = new SplittableRandom(20261123);
    try (Ager ager = open();
        ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Marked> lasting = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        lasting.add(marked(ager, i));
      }
      AtomicReferenceArray<@Nullable Marked> passing = new AtomicReferenceArray<>(4);
      AtomicBoolean over = new AtomicBoolean();
      AtomicLong inCrowds = new AtomicLong();
      List<Future<Long>> work = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        SplittableRandom random = seeds.split();
        work.add(threads.submit(() -> pin(ager, lasting, passing, random, over, inCrowds)));
      }
      SplittableRandom random = seeds.split();
      Callable<Long> gathering =
          () -> {
            long rounds = 0;
            while (!over.get()) {
              gather(lasting.get(random.nextInt(6)).extent);
              Marked some = passing.get(random.nextInt(passing.length()));
              if (some != null) {
                gather(some.extent);
              }
              rounds++;
            }
            return rounds;
          };
      work.add(threads.submit(gathering));
      for (int i = 0; i < 1_500; i++) {
        int at = i % passing.length();
        Marked before = passing.getAndSet(at, marked(ager, 1_000 + i));
        if (before != null) {
          ager.drop(before.extent);
        }
        ager.pin(lasting.get(i % 40).extent, Samples.WAIT).close();
      }
      over.set(true);
      for (Future<Long> each : work) {
        assertThat(each.get(60, TimeUnit.SECONDS)).isPositive();
      }
      assertThat(inCrowds.get()).as("pins of extents that had a crowd").isGreaterThan(1_000);
      for (int at = 0; at < passing.length(); at++) {
        lasting.add(Objects.requireNonNull(passing.get(at)));
      }
      Samples.dropAll(ager, lasting.stream().map(Marked::extent).toList());
    }
  }

  /** An extent that is full of one number. */
  private record Marked(Extent extent, long mark) {}

  private static Marked marked(Ager ager, long mark) {
    try (Draft draft = ager.allocate(BYTES, Samples.WAIT)) {
      MemorySegment bytes = draft.segment();
      for (long at = 0; at < BYTES; at += 8) {
        bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, at, mark);
      }
      return new Marked(draft.seal(), mark);
    }
  }

  private static long pin(
      Ager ager,
      List<Marked> lasting,
      AtomicReferenceArray<@Nullable Marked> passing,
      SplittableRandom random,
      AtomicBoolean over,
      AtomicLong inCrowds) {
    long pins = 0;
    while (!over.get()) {
      Marked chosen =
          switch (random.nextInt(8)) {
            case 0 -> lasting.get(random.nextInt(40));
            case 1, 2, 3 -> passing.get(random.nextInt(passing.length()));
            default -> lasting.get(random.nextInt(6));
          };
      if (chosen == null) {
        continue;
      }
      Extent extent = chosen.extent;
      boolean crowded = extent.crowded();
      try (Pin pin = ager.pin(extent, Samples.WAIT)) {
        for (int look = 0; look < 3; look++) {
          long at = 8L * random.nextInt(BYTES / 8);
          long found = pin.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, at);
          assertThat(found).as("at %d of %s", at, extent).isEqualTo(chosen.mark);
        }
      } catch (IllegalStateException e) {
        assertThat(e).hasMessageContaining("dropped");
      }
      pins++;
      inCrowds.addAndGet(crowded ? 1 : 0);
    }
    return pins;
  }
}

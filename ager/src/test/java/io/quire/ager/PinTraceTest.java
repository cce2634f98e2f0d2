package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.management.ThreadMXBean;
import io.quire.ager.PinTrace.Holder;
import io.quire.ager.PinTrace.Kind;
import io.quire.ager.PinTrace.Mode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who holds what, and where it was taken. */
@Timeout(60)
class PinTraceTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 64 << 10;
  private static final Duration NOW = Duration.ZERO;

  @TempDir Path directory;
  private Ager ager;
  private PinTrace trace;

  @BeforeEach
  void open() {
    ager =
        Ager.open(
            Samples.config(BUDGET, Samples.flash(directory, 1L << 30)).withPinTrace(Mode.OFF));
    trace = ager.pinTrace();
  }

  @AfterEach
  void close() {
    ager.close();
  }

  private static void assertTakenIn(Holder holder, String method) {
    assertThat(holder.place().getFirst().getClassName()).isEqualTo(PinTraceTest.class.getName());
    assertThat(holder.place().getFirst().getMethodName()).contains(method);
  }

  private Pin pinnedHere(Extent extent) {
    return ager.pin(extent, Samples.WAIT);
  }

  private Draft draftedHere() {
    return ager.allocate(BYTES, Samples.WAIT);
  }

  @Test
  void off_asItIsAtFirst_knowsNothing() {
    assertThat(AgerConfig.of(BUDGET, List.of(), "n").pinTrace()).isEqualTo(Mode.OFF);
    Extent extent = Samples.extent(ager, 1, BYTES);
    try (Pin _ = pinnedHere(extent)) {
      assertThat(trace.holders(NOW)).isEmpty();
      trace.check();
    }
  }

  @Test
  void on_pinsAndDrafts_areToldWithTheirPlaceUntilTheyAreClosed() {
    Extent extent = Samples.extent(ager, 1, BYTES);
    trace.mode(Mode.ON);
    try (Pin _ = pinnedHere(extent);
        Draft _ = draftedHere()) {
      List<Holder> holders = trace.holders(NOW);
      assertThat(holders).extracting(Holder::kind).containsExactly(Kind.PIN, Kind.DRAFT);
      assertTakenIn(holders.get(0), "pinnedHere");
      assertTakenIn(holders.get(1), "draftedHere");
      assertThat(holders.get(0).extent()).isEqualTo(extent.id());
      assertThat(holders.get(0).bytes()).isEqualTo(BYTES);
      assertThat(holders.get(0).thread()).isEqualTo(Thread.currentThread().getName());
      assertThat(holders).noneMatch(Holder::leaked);
      assertThat(trace.holders(Duration.ofHours(1))).isEmpty();
      assertThat(trace.holders(holders.get(0).held())).isNotEmpty();
    }
    assertThat(trace.holders(NOW)).isEmpty();
  }

  @Test
  void on_pinsOfAScanAndThoseThatNobodyWaitsFor_areToldWithTheirPlace() throws Exception {
    List<Extent> extents = Samples.extents(ager, 40, BYTES);
    Samples.evict(ager, extents.getFirst(), extents);
    trace.mode(Mode.ON);
    try (Pin _ = asyncHere(extents.getFirst());
        Scan scan = ager.scan(extents, Scan.Order.IN_ORDER, Samples.WAIT);
        Pin _ = scannedHere(scan)) {
      List<Holder> holders = trace.holders(NOW);
      assertThat(holders).hasSize(2);
      assertTakenIn(holders.get(0), "asyncHere");
      assertTakenIn(holders.get(1), "scannedHere");
      assertThat(holders.get(0).thread()).isEqualTo(Thread.currentThread().getName());
    }
    assertThat(trace.holders(NOW)).isEmpty();
  }

  private Pin asyncHere(Extent extent) throws Exception {
    return ager.pinAsync(extent, Samples.WAIT).get(20, TimeUnit.SECONDS);
  }

  private static Pin scannedHere(Scan scan) {
    return Objects.requireNonNull(scan.next());
  }

  @Test
  void off_again_forgetsAll() {
    trace.mode(Mode.ON);
    try (Draft _ = draftedHere()) {
      trace.mode(Mode.OFF);
      trace.mode(Mode.ON);
      assertThat(trace.holders(NOW)).isEmpty();
    }
    trace.check();
  }

  @Test
  void moreThanCanBeKnown_areCounted() {
    Extent extent = Samples.extent(ager, 1, BYTES);
    trace.mode(Mode.ON);
    List<Pin> pins = new ArrayList<>();
    for (int i = 0; i < PinTrace.HOLDERS_MAX + 5; i++) {
      pins.add(pinnedHere(extent));
    }
    assertThat(trace.holders(NOW)).hasSize(PinTrace.HOLDERS_MAX);
    assertThat(trace.unknown()).isEqualTo(5);
    pins.forEach(Pin::close);
    assertThat(trace.holders(NOW)).isEmpty();
    assertThat(ager.stats().pinnedBytes()).isZero();
  }

  @Test
  void leaked_isFoundWithThePlaceThatTookIt_andStaysPinned() {
    Extent extent = Samples.extent(ager, 1, BYTES);
    trace.mode(Mode.ON);
    try (Pin _ = pinnedHere(extent)) {
      MemorySegment segment = segmentOfAForgottenPin(extent);
      byte first = segment.get(ValueLayout.JAVA_BYTE, 0);
      Samples.await(
          "collected",
          () -> {
            System.gc();
            return !trace.leaked().isEmpty();
          });
      assertThat(trace.leaked()).hasSize(1);
      assertTakenIn(trace.leaked().getFirst(), "segmentOfAForgottenPin");
      assertThat(trace.holders(NOW)).hasSize(2);
      assertThat(segment.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo(first);
    }
    assertThat(ager.stats().pinnedBytes()).isEqualTo(BYTES);
  }

  private MemorySegment segmentOfAForgottenPin(Extent extent) {
    return ager.pin(extent, Samples.WAIT).segment();
  }

  @Test
  void refusal_whileItIsOn_saysWhoHoldsTheMemory() {
    trace.mode(Mode.ON);
    List<Draft> drafts = new ArrayList<>();
    for (int i = 0; i < 14; i++) {
      drafts.add(draftedHere());
    }
    AgerException.OutOfMemoryBudget refused =
        catchThrowableOfType(
            AgerException.OutOfMemoryBudget.class, () -> ager.allocate(BYTES, Samples.SHORT));
    assertThat(refused).hasMessageContaining("PinTraceTest.draftedHere");
    assertThat(refused.holders()).isNotEmpty().allMatch(holder -> holder.kind() == Kind.DRAFT);
    drafts.forEach(Draft::close);
  }

  @Test
  void strict_closeWithAnOpenPin_failsAndNamesThePlace_andClosesAll() {
    Extent extent = Samples.extent(ager, 1, BYTES);
    trace.mode(Mode.STRICT);
    Pin pin = pinnedHere(extent);
    MemorySegment segment = pin.segment();
    assertThatThrownBy(() -> ager.close())
        .isInstanceOf(AgerException.StillHeld.class)
        .hasMessageContaining("PinTraceTest.pinnedHere");
    assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0))
        .as("memory was given back")
        .isInstanceOf(IllegalStateException.class);
    pin.close();
  }

  @Test
  void check_withAnOpenDraft_failsAndNamesThePlace() {
    trace.mode(Mode.ON);
    try (Draft _ = draftedHere()) {
      AgerException.StillHeld held =
          catchThrowableOfType(AgerException.StillHeld.class, trace::check);
      assertThat(held).hasMessageContaining("PinTraceTest.draftedHere");
      assertThat(held.holders()).hasSize(1);
    }
    trace.check();
  }

  @Test
  void off_aPin_allocatesNothingBesidesItself() {
    Extent extent = Samples.extent(ager, 1, BYTES);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int count = 100_000;
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < count; i++) {
      ager.tryPin(extent).orElseThrow().close();
    }
    long each = (threads.getCurrentThreadAllocatedBytes() - before) / count;
    assertThat(each).as("a pin of 24 bytes and an Optional of 16").isLessThanOrEqualTo(40);
  }
}

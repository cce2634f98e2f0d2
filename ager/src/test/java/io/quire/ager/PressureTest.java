package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Who is asked to release memory before somebody is refused. */
@Timeout(60)
class PressureTest {
  private static final int BYTES = 64 << 10;

  /** 16 extents, of which drafts may take 14. */
  private static final long BUDGET = 16L * BYTES;

  @TempDir Path directory;
  private final BlockingQueue<Pressure> told = new LinkedBlockingQueue<>();
  private final List<Draft> drafts = new ArrayList<>();
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(Pressing.class);
  private final CountDownLatch ended = new CountDownLatch(1);
  private Ager ager;

  @BeforeEach
  void open() {
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.WARN);
    ager = Ager.open(Samples.config(BUDGET, Samples.flash(directory, 1L << 30)));
  }

  @AfterEach
  void close() {
    ended.countDown();
    drafts.forEach(Draft::close);
    ager.close();
    logger.detachAppender(logged);
    logger.setLevel(null);
  }

  private void hold(int count) {
    for (int i = 0; i < count; i++) {
      drafts.add(ager.allocate(BYTES, Samples.WAIT));
    }
  }

  /** Closes one draft each time. */
  private Consumer<Pressure> releasing() {
    return pressure -> {
      told.add(pressure);
      drafts.getLast().close();
    };
  }

  @Test
  void allocate_allIsHeld_listenersReleaseAndItIsServed() {
    hold(14);
    try (Registration _ = ager.onPressure(releasing())) {
      ager.allocate(BYTES, Samples.WAIT).close();
    }
    assertThat(told).first().isEqualTo(new Pressure(Optional.empty(), BYTES));
    assertThat(ager.stats().waits()).isEqualTo(1);
  }

  @Test
  void pin_allIsHeld_listenersReleaseAndItIsServed() {
    List<Extent> extents = Samples.extents(ager, 20, BYTES);
    hold(14);
    List<Pin> pins = new ArrayList<>();
    try (Registration _ = ager.onPressure(releasing())) {
      for (Extent extent : extents.subList(0, 3)) {
        pins.add(ager.pin(extent, Samples.WAIT));
      }
    }
    assertThat(told).isNotEmpty();
    pins.forEach(Pin::close);
  }

  @Test
  void allocate_nobodyReleases_isRefusedAfterAllWereAsked() {
    hold(14);
    try (Client client = ager.client(ClientConfig.of("a"));
        Registration _ = client.onPressure(told::add);
        Registration _ = ager.onPressure(told::add)) {
      assertThatThrownBy(() -> ager.allocate(BYTES, Samples.SHORT))
          .isInstanceOf(AgerException.OutOfMemoryBudget.class);
      assertThat(told.size()).isGreaterThanOrEqualTo(2);
    }
  }

  @Test
  void allocate_oneClientIsAtItsLimit_onlyItsListenersAreAsked() {
    AtomicInteger others = new AtomicInteger();
    try (Client a = ager.client(ClientConfig.of("a").withLimitBytes(2L * BYTES));
        Client b = ager.client(ClientConfig.of("b"));
        Registration _ = b.onPressure(_ -> others.incrementAndGet());
        Registration _ = ager.onPressure(_ -> others.incrementAndGet());
        Registration _ = a.onPressure(releasing())) {
      drafts.add(a.allocate(BYTES, Samples.WAIT));
      drafts.add(a.allocate(BYTES, Samples.WAIT));
      a.allocate(BYTES, Samples.WAIT).close();
      assertThat(told).first().isEqualTo(new Pressure(Optional.of("a"), BYTES));
      assertThat(others).hasValue(0);
    }
  }

  @Test
  void listenersThatThrowOrHang_areLoggedOnceAndHarmNobody() throws Exception {
    hold(14);
    CountDownLatch interrupted = new CountDownLatch(1);
    AtomicInteger hangs = new AtomicInteger();
    AtomicInteger throwing = new AtomicInteger();
    Consumer<Pressure> hanging =
        _ -> {
          hangs.incrementAndGet();
          hang(interrupted);
        };
    try (Registration _ = ager.onPressure(hanging);
        Registration _ =
            ager.onPressure(
                _ -> {
                  throwing.incrementAndGet();
                  throw new IllegalStateException("on purpose");
                })) {
      try (Registration _ = ager.onPressure(releasing())) {
        ager.allocate(BYTES, Samples.WAIT).close();
      }
      hold(1);
      assertThatThrownBy(() -> ager.allocate(BYTES, Samples.SHORT.multipliedBy(6)))
          .isInstanceOf(AgerException.OutOfMemoryBudget.class);
      interrupted.await();
      assertThat(hangs).hasValue(1);
      assertThat(throwing.get()).isGreaterThan(2);
    }
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .filteredOn(message -> message.contains("threw"))
        .hasSize(1);
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .filteredOn(message -> message.contains("does not return"))
        .hasSize(1);
  }

  /** Until the test ends, whoever interrupts it. */
  private void hang(CountDownLatch interrupted) {
    while (ended.getCount() > 0) {
      try {
        ended.await();
      } catch (InterruptedException e) {
        interrupted.countDown();
      }
    }
  }

  @Test
  void registration_closed_isNotAskedAnyMore() {
    hold(14);
    Registration first = ager.onPressure(told::add);
    assertThatThrownBy(() -> ager.allocate(BYTES, Samples.SHORT))
        .isInstanceOf(AgerException.OutOfMemoryBudget.class);
    first.close();
    first.close();
    AtomicInteger asked = new AtomicInteger();
    Samples.await("was asked", () -> !told.isEmpty());
    told.clear();
    try (Registration _ = ager.onPressure(_ -> asked.incrementAndGet())) {
      assertThatThrownBy(() -> ager.allocate(BYTES, Samples.SHORT))
          .isInstanceOf(AgerException.OutOfMemoryBudget.class);
    }
    assertThat(asked.get()).isPositive();
    assertThat(told).isEmpty();
  }

  @Test
  void allocate_thereIsRoom_nobodyIsAsked() {
    try (Registration _ = ager.onPressure(told::add)) {
      Deadline longEnough = Deadline.in(Samples.SHORT.multipliedBy(2));
      for (int i = 0; !longEnough.passed(); i++) {
        ager.drop(Samples.extent(ager, i, BYTES));
      }
    }
    assertThat(told).isEmpty();
  }
}

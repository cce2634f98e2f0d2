package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.quire.ager.PageEvent.Dropped;
import io.quire.ager.PageEvent.Evicted;
import io.quire.ager.PageEvent.Lost;
import io.quire.ager.PageEvent.Missed;
import io.quire.ager.PageEvent.PagedIn;
import io.quire.ager.PageEvent.Persisted;
import io.quire.ager.PageEvent.Sealed;
import io.quire.ager.PageEvent.Written;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What listeners are told of extents. */
@Timeout(60)
class PageEventsTest {
  private static final long BUDGET = 1 << 20;
  private static final int BYTES = 100_000;

  @TempDir Path directory;
  private final FaultyDisk disk = new FaultyDisk("/flash/node-1/spill");
  private final List<PageEvent> told = new CopyOnWriteArrayList<>();
  private Ager ager;

  @BeforeEach
  void open() {
    StoreConfig flash = Samples.flash(directory.resolve("flash"), 1L << 30);
    StoreConfig durable = Samples.durableFlash(directory.resolve("durable"));
    ager = Ager.open(Samples.config(BUDGET, flash, durable), disk, Region::open);
  }

  @AfterEach
  void close() {
    ager.close();
  }

  private static @Nullable Extent extentOf(PageEvent event) {
    return switch (event) {
      case Sealed(Extent extent) -> extent;
      case Written(Extent extent, String _) -> extent;
      case Persisted(Extent extent, Copy _) -> extent;
      case Evicted(Extent extent) -> extent;
      case PagedIn(Extent extent) -> extent;
      case Lost(Extent extent) -> extent;
      case Dropped(Extent extent) -> extent;
      case Missed _ -> null;
    };
  }

  private List<PageEvent> told(Extent extent) {
    return told.stream().filter(event -> extentOf(event) == extent).toList();
  }

  @Test
  void listen_toTheLifeOfAnExtent_tellsItInOrder() {
    try (Registration _ = ager.listen(told::add)) {
      List<Extent> extents = Samples.extents(ager, 20, BYTES);
      Extent first = extents.getFirst();
      Samples.evict(ager, first, extents);
      Samples.check(ager, first, 0);
      Copy copy = ager.persist(first).join();
      ager.drop(first);
      ager.drop(first);
      Samples.await("told", () -> told.contains(new Dropped(first)));
      String flash = ager.stats().stores().getFirst().uri().toString();
      assertThat(told(first))
          .containsExactly(
              new Sealed(first),
              new Written(first, flash),
              new Evicted(first),
              new PagedIn(first),
              new Persisted(first, copy),
              new Dropped(first));
    }
  }

  @Test
  void listen_toAnExtentThatIsLost_tellsIt() {
    List<Extent> extents = Samples.extents(ager, 20, BYTES);
    Extent lost = extents.getFirst();
    Samples.evict(ager, lost, extents);
    try (Registration _ = ager.listen(told::add)) {
      disk.readsFlipABit = true;
      assertThatThrownBy(() -> ager.pin(lost, Samples.WAIT))
          .isInstanceOf(AgerException.ExtentLost.class);
      Samples.await("told", () -> told.contains(new Lost(lost)));
    }
  }

  @Test
  void listen_tooSlow_missesSomeAndIsToldHowMany_andNobodyWaitsForIt() {
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicLong heard = new AtomicLong();
    AtomicLong missed = new AtomicLong();
    try (Registration _ =
        ager.listen(
            event -> {
              awaitUninterruptibly(goOn);
              if (event instanceof Missed(long count)) {
                missed.addAndGet(count);
              } else {
                heard.incrementAndGet();
              }
            })) {
      int count = 40_000;
      for (int i = 0; i < count; i++) {
        ager.drop(Samples.extent(ager, i, 1));
      }
      goOn.countDown();
      Samples.await("all told", () -> heard.get() + missed.get() >= 2L * count);
      assertThat(heard.get() + missed.get()).isEqualTo(2L * count);
      assertThat(heard.get()).isBetween((long) PageEvents.QUEUE_MAX, PageEvents.QUEUE_MAX + 2L);
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void listenersThatThrow_areLoggedOnceAndToldOn_andOthersToo() {
    AtomicInteger thrown = new AtomicInteger();
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(PageEvents.class);
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.WARN);
    try (Registration _ =
            ager.listen(
                _ -> {
                  thrown.incrementAndGet();
                  throw new IllegalStateException("on purpose");
                });
        Registration _ = ager.listen(told::add)) {
      Samples.extents(ager, 3, BYTES);
      Samples.await("told", () -> told.size() == 3 && thrown.get() == 3);
    } finally {
      logger.setLevel(null);
      logger.detachAppender(logged);
    }
    assertThat(logged.list).hasSize(1);
  }

  @Test
  void registration_closed_isNotToldAnyMore() {
    Registration first = ager.listen(told::add);
    List<PageEvent> others = new CopyOnWriteArrayList<>();
    try (Registration _ = ager.listen(others::add)) {
      Samples.extents(ager, 3, BYTES);
      Samples.await("told", () -> told.size() == 3);
      first.close();
      first.close();
      Samples.extents(ager, 3, BYTES);
      Samples.await("others are told", () -> others.size() >= 6);
      assertThat(told).hasSize(3);
    }
  }

  /** As far as it is told what has happened before. */
  private static void follow(Map<Extent, String> states, PageEvent event) {
    Extent extent = extentOf(event);
    if (extent == null) {
      throw new AssertionError("some were missed: " + event);
    }
    String before = states.getOrDefault(extent, "new");
    String after =
        switch (event) {
          case Sealed _ when before.equals("new") -> "resident";
          case Written _ when !before.equals("new") -> before;
          case Evicted _ when before.equals("resident") -> "absent";
          case PagedIn _ when before.equals("absent") -> "resident";
          case Dropped _ when !before.equals("new") -> "dropped";
          default -> throw new AssertionError("out of order: after " + before + " " + event);
        };
    if (!before.equals("dropped")) {
      states.put(extent, after);
    }
  }

  @Test
  void listen_amidAllElse_isToldEachInOrder() {
    long seed = 5;
    SplittableRandom random = new SplittableRandom(seed);
    try (Registration _ = ager.listen(told::add)) {
      List<Extent> extents = new ArrayList<>();
      for (int i = 0; i < 2_000; i++) {
        int choice = random.nextInt(10);
        if (extents.isEmpty() || choice < 3 && extents.size() < 40) {
          extents.add(Samples.extent(ager, i, 1 + random.nextInt(BYTES)));
        } else {
          int at = random.nextInt(extents.size());
          if (choice < 9) {
            ager.pin(extents.get(at), Samples.WAIT).close();
          } else {
            ager.drop(extents.remove(at));
          }
        }
      }
      extents.forEach(ager::drop);
      Samples.await(
          "all told", () -> told.stream().filter(e -> e instanceof Dropped).count() == dropped());
    }
    Map<Extent, String> states = new HashMap<>();
    told.forEach(event -> follow(states, event));
    assertThat(states.values()).as("seed %d", seed).containsOnly("dropped");
  }

  private long dropped() {
    return told.stream().filter(event -> event instanceof Sealed).count();
  }
}

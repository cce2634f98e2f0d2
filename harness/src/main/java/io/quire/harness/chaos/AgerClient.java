package io.quire.harness.chaos;

import io.quire.ager.Ager;
import io.quire.ager.AgerException;
import io.quire.ager.Copy;
import io.quire.ager.Draft;
import io.quire.ager.Extent;
import io.quire.ager.Pin;
import io.quire.ager.Scan;
import io.quire.harness.chaos.AgerModel.Held;
import io.quire.sim.Dice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks one thing of an ager after the other, as the dice say, and compares every byte that it sees.
 * Confined to one thread.
 */
final class AgerClient {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  /** How much later than its deadline a call may return on a machine that has much else to do. */
  private static final Duration LATE_MAX = Duration.ofSeconds(10);

  private static final long REFUSED_MILLIS = 20;
  private static final int PERSISTS_MAX = 64;

  /** More than it takes until an extent is given a crowd. */
  private static final int PINS_OF_A_CROWD = 1_500;

  private static final int BURST_MAX = 200;
  private static final int SCAN_MAX = 80;
  private static final int SMALL_EXPONENT = 9;
  private static final int LARGE_EXPONENT = 21;
  private static final long HUGE_BYTES = 24 << 20;

  private final Ager ager;
  private final AgerModel model;
  private final AgerJournal journal;
  private final Dice dice;
  private final long liveBytesMax;
  private final Semaphore persists;
  private final BooleanSupplier over;

  AgerClient(
      Ager ager,
      AgerModel model,
      AgerJournal journal,
      Dice dice,
      long liveBytesMax,
      Semaphore persists,
      BooleanSupplier over) {
    this.ager = ager;
    this.model = model;
    this.journal = journal;
    this.dice = dice;
    this.liveBytesMax = liveBytesMax;
    this.persists = persists;
    this.over = over;
  }

  /** Of all clients of a process: how many copies may be under way at one time. */
  static Semaphore persists() {
    return new Semaphore(PERSISTS_MAX);
  }

  static boolean persistsAreOver(Semaphore persists, Duration limit) throws InterruptedException {
    return persists.tryAcquire(PERSISTS_MAX, limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  void run() {
    while (!over.getAsBoolean()) {
      try {
        step();
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        model.violation("a call failed with what it does not promise: " + trace(e));
      }
    }
  }

  private static String trace(Throwable e) {
    StringBuilder text = new StringBuilder(e.toString());
    for (StackTraceElement each : e.getStackTrace()) {
      text.append("\n  at ").append(each);
    }
    return e.getCause() == null ? text.toString() : text + "\ncaused by " + trace(e.getCause());
  }

  private void step() throws InterruptedException {
    int roll = (int) dice.between(0, 99);
    Held held = model.any(dice);
    if (held == null || roll < 22) {
      makeRoom();
      allocate();
    } else if (roll < 50) {
      guarded("pin", held, () -> checked(held, ager.pin(held.extent, DEADLINE)));
    } else if (roll < 56) {
      guarded("try to pin", held, () -> tryPin(held));
    } else if (roll < 64) {
      guarded("pin later", held, () -> pinAsync(held));
    } else if (roll < 74) {
      scan();
    } else if (roll < 84) {
      guarded("persist", held, () -> persist(held));
    } else if (roll < 90) {
      drop(held);
    } else if (roll < 93) {
      guarded("adopt again", held, () -> adoptAgain(held));
    } else if (roll < 96) {
      prefetch();
    } else if (roll < 98) {
      burst();
    } else {
      guarded("pin again and again", held, () -> crowd(held));
    }
  }

  private interface Call {
    void run() throws InterruptedException;
  }

  /** Does it in time, with an outcome that the ager promises, or writes down what was wrong. */
  private void guarded(String what, @Nullable Held held, Call call) throws InterruptedException {
    long begun = System.nanoTime();
    try {
      call.run();
      model.operation();
    } catch (AgerException.ExtentLost e) {
      if (held == null) {
        throw e;
      }
      lost(held, e);
    } catch (AgerException e) {
      if (!e.retryable()) {
        throw e;
      }
      model.refused();
      // What was refused at once may be refused at once again.
      TimeUnit.MILLISECONDS.sleep(REFUSED_MILLIS);
    } catch (IllegalStateException e) {
      if (held == null || !held.leaving()) {
        throw e;
      }
      model.refused();
    }
    long nanos = System.nanoTime() - begun;
    if (nanos > DEADLINE.plus(LATE_MAX).toNanos()) {
      model.violation(
          "a call took longer than its deadline: call=%s millis=%d deadlineMillis=%d"
              .formatted(what, nanos / 1_000_000, DEADLINE.toMillis()));
    }
  }

  private void checked(Held held, Pin pin) {
    try (pin) {
      long wrong = AgerContents.firstWrong(pin.segment(), held.key);
      if (wrong >= 0) {
        model.violation(
            "wrong bytes: extent=%d key=%d offset=%d bytes=%d"
                .formatted(held.extent.id(), held.key, wrong, held.extent.bytes()));
      }
    }
  }

  private void lost(Held held, AgerException.ExtentLost e) {
    model.lost(held, e);
    ager.drop(held.extent);
  }

  private void tryPin(Held held) {
    Optional<Pin> pin = ager.tryPin(held.extent);
    pin.ifPresent(got -> checked(held, got));
  }

  private void pinAsync(Held held) throws InterruptedException {
    CompletableFuture<Pin> pin = ager.pinAsync(held.extent, DEADLINE);
    if (dice.chance(0.2)) {
      // Cancelled, or too late for that.
      if (!pin.cancel(true) && !pin.isCompletedExceptionally()) {
        checked(held, pin.join());
      }
      return;
    }
    try {
      checked(held, pin.get(DEADLINE.plus(LATE_MAX).toNanos(), TimeUnit.NANOSECONDS));
    } catch (ExecutionException e) {
      throw thrown(e);
    } catch (TimeoutException e) {
      model.violation("a future did not end at its deadline: extent=" + held.extent.id());
    }
  }

  private static RuntimeException thrown(ExecutionException e) {
    return e.getCause() instanceof RuntimeException cause
        ? cause
        : new CompletionException(e.getCause());
  }

  private void allocate() throws InterruptedException {
    long bytes =
        dice.chance(0.01)
            ? dice.between(HUGE_BYTES / 2, HUGE_BYTES)
            : dice.between(1, 1L << dice.between(SMALL_EXPONENT, LARGE_EXPONENT));
    guarded(
        "allocate",
        null,
        () -> {
          try (Draft draft = ager.allocate(bytes, DEADLINE)) {
            long key = dice.nextLong();
            AgerContents.fill(draft.segment(), key);
            if (!dice.chance(0.05)) {
              model.add(new Held(key, draft.seal(), null));
            }
          }
        });
  }

  private void makeRoom() throws InterruptedException {
    while (model.bytes() > liveBytesMax) {
      Held held = model.any(dice);
      if (held != null) {
        drop(held);
      }
    }
  }

  private void scan() throws InterruptedException {
    List<Held> all = some(SCAN_MAX);
    List<Extent> extents = all.stream().map(each -> each.extent).toList();
    Scan.Order order = dice.pick(List.of(Scan.Order.IN_ORDER, Scan.Order.RESIDENT_FIRST));
    long enough = dice.chance(0.2) ? dice.between(0, all.size()) : Long.MAX_VALUE;
    boolean[] more = {true};
    try (Scan scan = ager.scan(extents, order, DEADLINE)) {
      for (int i = 0; i < Math.min(enough, 2L * SCAN_MAX) && more[0] && !over.getAsBoolean(); i++) {
        guarded("next of a scan", null, () -> more[0] = next(scan, all));
      }
    }
  }

  /** Whether there may be more. What fails is another's loss: the scan goes on behind it. */
  private boolean next(Scan scan, List<Held> all) {
    try {
      Pin pin = scan.next();
      if (pin == null) {
        return false;
      }
      for (Held each : all) {
        if (each.extent == pin.extent()) {
          checked(each, pin);
          return true;
        }
      }
      pin.close();
      model.violation("a scan gives what was not asked for: extent=" + pin.extent().id());
    } catch (AgerException.ExtentLost e) {
      all.stream().filter(each -> each.extent == e.extent()).forEach(each -> lost(each, e));
    } catch (IllegalStateException e) {
      if (all.stream().noneMatch(Held::leaving)) {
        throw e;
      }
    }
    return true;
  }

  private List<Held> some(int max) {
    List<Held> some = new ArrayList<>();
    long wanted = dice.between(1, max);
    for (int i = 0; i < wanted; i++) {
      Held held = model.any(dice);
      if (held != null) {
        some.add(held);
      }
    }
    return some;
  }

  private void persist(Held held) throws InterruptedException {
    if (held.copy() != null || !persists.tryAcquire(DEADLINE.toNanos(), TimeUnit.NANOSECONDS)) {
      return;
    }
    CompletableFuture<Copy> copy;
    try {
      copy = ager.persist(held.extent);
    } catch (RuntimeException e) {
      persists.release();
      throw e;
    }
    copy.whenComplete((made, e) -> persisted(held, made, e));
    if (dice.chance(0.3)) {
      try {
        copy.get(1, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        // It goes on without this client.
      } catch (ExecutionException e) {
        throw thrown(e);
      }
    }
  }

  private void persisted(Held held, @Nullable Copy made, @Nullable Throwable failure) {
    Throwable e = failure instanceof CompletionException ? failure.getCause() : failure;
    try {
      if (made != null) {
        keep(held, made);
      } else if (e instanceof AgerException.ExtentLost lost) {
        lost(held, lost);
      } else if (!held.leaving() && !(e instanceof AgerException retry && retry.retryable())) {
        model.violation("a copy failed with what it does not promise: " + e);
      }
    } finally {
      persists.release();
    }
  }

  private void keep(Held held, Copy made) {
    boolean unwanted;
    synchronized (held) {
      if (made.equals(held.copy())) {
        return;
      }
      unwanted = !model.keep(held, made);
      if (!unwanted) {
        journal.kept(held.key, made);
      }
    }
    if (unwanted) {
      ager.deleteCopy(made);
    }
  }

  private void drop(Held held) {
    Copy copy;
    synchronized (held) {
      if (!model.remove(held)) {
        return;
      }
      copy = held.copy();
      if (copy != null) {
        journal.givenUp(held.key);
      }
    }
    ager.drop(held.extent);
    if (copy != null) {
      ager.deleteCopy(copy);
    }
    model.operation();
  }

  /** Forgets the extent, and reads it from its durable copy as another process would. */
  private void adoptAgain(Held held) throws InterruptedException {
    Copy copy;
    synchronized (held) {
      copy = held.copy();
      if (copy == null || !model.remove(held)) {
        return;
      }
    }
    ager.drop(held.extent);
    Held again = new Held(held.key, ager.adopt(copy), copy);
    model.add(again);
    guarded("pin", again, () -> checked(again, ager.pin(again.extent, DEADLINE)));
  }

  private void prefetch() throws InterruptedException {
    List<Extent> extents = some(SCAN_MAX).stream().map(each -> each.extent).toList();
    guarded("prefetch", null, () -> ager.prefetch(extents));
  }

  /** Pins what is pinned so often that it is given a count of its own, and then by that. */
  private void crowd(Held held) {
    try (Pin first = ager.pin(held.extent, DEADLINE)) {
      for (int i = 0; i < PINS_OF_A_CROWD; i++) {
        ager.pin(held.extent, DEADLINE).close();
      }
      checked(held, ager.pin(held.extent, DEADLINE));
      checked(held, first);
    }
    checked(held, ager.pin(held.extent, DEADLINE));
  }

  /** Holds as much as it gets, for a moment. */
  private void burst() throws InterruptedException {
    List<Pin> pins = new ArrayList<>();
    try {
      for (Held held : some(BURST_MAX)) {
        guarded("pin", held, () -> pins.add(ager.pin(held.extent, Duration.ofMillis(50))));
      }
    } finally {
      pins.forEach(Pin::close);
    }
  }
}

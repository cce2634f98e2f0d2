package io.quire.log;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the log, before Ratis reads it, what it was: mends what a crash left, heals what is
 * damaged, and says what can be done if that cannot be. One use at a time; blocks.
 */
final class LogRepair {
  private static final Logger LOG = LoggerFactory.getLogger(LogRepair.class);
  private static final Duration PAUSE = Duration.ofMillis(200);

  /** Of one start: a log with more damage than that is fetched as a whole. */
  private static final int HEALS_MAX = 1_000;

  private final LogConfig config;
  private final Storage storage;
  private final Healer healer;
  private final BooleanSupplier led;
  private final boolean lossAccepted;

  /**
   * Of this storage.
   *
   * @param led whether there is a leader: it has, by the votes of a majority to which this node
   *     does not belong, all that counts
   * @param lossAccepted whether a log that nobody else has may go on with what is left of it
   */
  LogRepair(
      LogConfig config, Storage storage, Healer healer, BooleanSupplier led, boolean lossAccepted) {
    this.config = config;
    this.storage = storage;
    this.healer = healer;
    this.led = led;
    this.lossAccepted = lossAccepted;
  }

  /**
   * Repairs. From here on all that is read of the log is on disk.
   *
   * @param noted told of each damage, and whether it was healed
   * @return who found the log to be what it was; null if it is not, and there is a leader that can
   *     do without it
   * @throws LogException.DamagedException if it is not, and nobody can
   */
  @Nullable Doctor run(long deadlineNanos, BiConsumer<Damage, Boolean> noted) throws IOException {
    Doctor doctor = healed(deadlineNanos, noted);
    if (doctor == null) {
      return null;
    }
    doctor.mend();
    Damage vote = storage.mendVote(doctor.lastTerm());
    if (vote != null) {
      giveUpOn(List.of(vote), deadlineNanos, noted);
      return null;
    }
    return doctor;
  }

  /* Tries again for as long as there is time: whoever has what is missing may be late. */
  private @Nullable Doctor healed(long deadlineNanos, BiConsumer<Damage, Boolean> noted)
      throws IOException {
    while (true) {
      Watermark.Mark mark = storage.mark();
      Doctor doctor = examine(mark);
      for (int rounds = 0; !doctor.damages().isEmpty() && rounds < HEALS_MAX; rounds++) {
        if (!healFirst(doctor.damages(), mark, noted)) {
          break;
        }
        doctor = examine(mark);
      }
      if (doctor.damages().isEmpty()) {
        return doctor;
      }
      if (storage.alone() && lossAccepted) {
        return Salvage.of(storage, doctor.damages());
      }
      if (storage.alone() || led.getAsBoolean() || System.nanoTime() - deadlineNanos > 0) {
        giveUpOn(doctor.damages(), deadlineNanos, noted);
        return null;
      }
      LOG.warn("log is damaged, and nobody can heal it yet: damages={}", doctor.damages());
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private Doctor examine(Watermark.Mark mark) throws IOException {
    return Doctor.examine(storage.log(), storage.aside(), storage.snapshotIndex(), mark);
  }

  private boolean healFirst(
      List<Damage> damages, Watermark.Mark mark, BiConsumer<Damage, Boolean> noted)
      throws IOException {
    for (Damage damage : damages) {
      try {
        if (healer.heal(damage, mark, false)) {
          noted.accept(damage, true);
          return true;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new LogException.StartException("interrupted while healing the log", e);
      }
    }
    return false;
  }

  /* Returns if there is a leader that goes on without what is damaged. */
  private void giveUpOn(
      List<Damage> damages, long deadlineNanos, BiConsumer<Damage, Boolean> noted) {
    if (storage.alone()) {
      throw new LogException.DamagedException(
          config.directory(),
          damages,
          "there is no other node to heal from; start with --accept-loss to go on without it");
    }
    while (!led.getAsBoolean()) {
      if (System.nanoTime() - deadlineNanos > 0) {
        throw new LogException.DamagedException(
            config.directory(), damages, "no other node has it, and no leader goes on without");
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
    damages.forEach(damage -> noted.accept(damage, true));
  }
}

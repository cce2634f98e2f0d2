package io.quire.harness.chaos;

import io.quire.ager.AgerException;
import io.quire.ager.Copy;
import io.quire.ager.Extent;
import io.quire.sim.Dice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What an ager must hold, and what spoke against it. An extent is here from its seal until somebody
 * sets out to drop it. What spoke against it is written down at once, and so outlives {@code kill
 * -9}. Any thread.
 */
final class AgerModel {
  static final String LOST = "lost ";
  static final String VIOLATION = "violation ";
  private static final int WRITTEN_MAX = 100;

  private final Path problems;
  private final List<Held> held = new ArrayList<>();
  private final AtomicLong operations = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();
  private long bytes;
  private long damages;
  private long excused;
  private int written;

  /**
   * @param problems the file they are appended to, a line each
   */
  AgerModel(Path problems) {
    this.problems = problems;
  }

  /** An extent that must be readable. */
  static final class Held {
    final long key;
    final Extent extent;
    private volatile @Nullable Copy copy;
    private volatile boolean leaving;
    private int index;

    Held(long key, Extent extent, @Nullable Copy copy) {
      this.key = key;
      this.extent = extent;
      this.copy = copy;
    }

    @Nullable Copy copy() {
      return copy;
    }

    /** Whether somebody has set out to drop it: calls may say so. */
    boolean leaving() {
      return leaving;
    }
  }

  synchronized void add(Held each) {
    each.index = held.size();
    held.add(each);
    bytes += each.extent.bytes();
  }

  /** False if another thread was first. */
  synchronized boolean remove(Held each) {
    if (each.leaving) {
      return false;
    }
    each.leaving = true;
    Held last = held.removeLast();
    if (last != each) {
      held.set(each.index, last);
      last.index = each.index;
    }
    bytes -= each.extent.bytes();
    return true;
  }

  /**
   * It has a durable copy now.
   *
   * @return false if it is being dropped, so that nobody else would give up the copy
   */
  synchronized boolean keep(Held each, Copy copy) {
    each.copy = copy;
    return !each.leaving;
  }

  synchronized @Nullable Held any(Dice dice) {
    return held.isEmpty() ? null : held.get((int) dice.between(0, held.size() - 1L));
  }

  synchronized List<Held> all() {
    return List.copyOf(held);
  }

  synchronized long bytes() {
    return bytes;
  }

  /** Somebody is about to destroy bytes in the flash files, in so many places. */
  synchronized void damage(int places) {
    damages += places;
  }

  /**
   * The ager says that no copy of it is left. That may be so only if it had no durable one, and
   * bytes were destroyed for each that is lost. Who says so drops it.
   */
  void lost(Held each, AgerException.ExtentLost e) {
    if (!remove(each)) {
      return;
    }
    synchronized (this) {
      if (each.copy() == null && excused < damages) {
        excused++;
      } else {
        write(
            LOST
                + "key=%d durable=%b damages=%d %s"
                    .formatted(each.key, each.copy() != null, damages, e.getMessage()));
      }
    }
  }

  void violation(String what) {
    write(VIOLATION + what);
  }

  private synchronized void write(String problem) {
    if (written++ < WRITTEN_MAX) {
      try {
        Files.writeString(
            problems,
            problem.replace("\n", " | ") + "\n",
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot write down a problem: " + problem, e);
      }
    }
  }

  void operation() {
    operations.incrementAndGet();
  }

  void refused() {
    refused.incrementAndGet();
  }

  long operations() {
    return operations.get();
  }

  long refusals() {
    return refused.get();
  }

  synchronized long excused() {
    return excused;
  }
}

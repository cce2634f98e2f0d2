package io.quire.log;

import io.quire.log.Segments.Scan;
import io.quire.log.Segments.Segment;
import io.quire.log.Watermark.Mark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads, while the log runs, what was written long ago: a disk that loses it would otherwise be
 * found out when another copy is gone too. What is damaged is healed from others, if there are any,
 * and reported in any case.
 *
 * <p>A thread goes through all of it again and again, with a pause between files that keeps it at
 * {@link #BYTES_PER_SECOND}.
 */
public final class Scrub {
  /** At this rate a log of 10 GB takes some 40 minutes. */
  static final long BYTES_PER_SECOND = 4 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(Scrub.class);
  private static final Duration BETWEEN = Duration.ofMinutes(10);

  private final Storage storage;
  private final Healer healer;
  private final Supplier<Mark> mark;
  private final Runnable saveAnew;
  private final CountDownLatch closed;
  private final List<Damage> found = new ArrayList<>();
  private long healed;

  /**
   * What scrubbing found since the start.
   *
   * @param damages in the order in which they were found, healed or not
   * @param healed how many of them were healed
   */
  public record Report(List<Damage> damages, long healed) {}

  Scrub(
      Storage storage,
      Healer healer,
      Supplier<Mark> mark,
      Runnable saveAnew,
      CountDownLatch closed) {
    this.storage = storage;
    this.healer = healer;
    this.mark = mark;
    this.saveAnew = saveAnew;
    this.closed = closed;
  }

  void start(String name) {
    Thread.ofPlatform().daemon().name(name).start(this::goOn);
  }

  private void goOn() {
    try {
      while (!closed.await(BETWEEN.toMillis(), TimeUnit.MILLISECONDS)) {
        pass(true);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | RuntimeException e) {
      LOG.warn("scrubbing ended: path={}", storage.log(), e);
    }
  }

  Report report() {
    synchronized (found) {
      return new Report(List.copyOf(found), healed);
    }
  }

  /** Reads all of it once. Blocks; one at a time. */
  synchronized Report pass(boolean slowly) throws IOException, InterruptedException {
    for (Segment segment : Segments.inOrder(storage.log())) {
      long bytes = 0;
      try {
        bytes = Files.size(segment.path());
        for (Damage damage = look(segment); damage != null; damage = look(segment)) {
          if (!mend(damage)) {
            break;
          }
        }
      } catch (NoSuchFileException e) {
        // Ratis closed it, or it is needed no more; the next pass sees what became of it.
      }
      if (slowly && pause(bytes)) {
        return report();
      }
    }
    for (Path bad : storage.snapshots().verify(storage.aside())) {
      note(new Damage(bad, 0, -1, -1, "snapshot does not verify"), true);
      saveAnew.run();
    }
    return report();
  }

  private boolean pause(long bytes) throws InterruptedException {
    long millis = bytes * 1000 / BYTES_PER_SECOND;
    return closed.await(Math.max(1, millis), TimeUnit.MILLISECONDS);
  }

  private boolean mend(Damage damage) throws IOException, InterruptedException {
    boolean mended = healer.heal(damage, mark.get(), true);
    note(damage, mended);
    return mended;
  }

  private void note(Damage damage, boolean mended) {
    LOG.warn("damage found while running: damage={} healed={}", damage, mended);
    noted(damage, mended);
  }

  /** Adds what was found at the start. */
  void noted(Damage damage, boolean mended) {
    synchronized (found) {
      if (!found.contains(damage)) {
        found.add(damage);
        healed += mended ? 1 : 0;
      }
    }
  }

  /* Of the open segment only what is on disk is looked at; it may be written meanwhile. */
  private @Nullable Damage look(Segment segment) throws IOException {
    long last = segment.open() ? mark.get().index() : segment.last();
    Scan scan = Segments.scan(segment);
    if (scan.next() > last || scan.problem() == null) {
      return null;
    }
    long resumes = scan.resumes() == null ? last + 1 : scan.resumes().index();
    return new Damage(
        segment.path(),
        scan.end(),
        scan.next(),
        Math.clamp(resumes - 1, scan.next(), last),
        String.valueOf(scan.problem()));
  }
}

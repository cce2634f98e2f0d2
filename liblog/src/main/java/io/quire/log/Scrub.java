package io.quire.log;

import io.quire.log.Archive.Kept;
import io.quire.log.Segments.Scan;
import io.quire.log.Segments.Segment;
import io.quire.log.Watermark.Mark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads, while the log runs, what was written long ago, in Ratis' files, in the archive and in the
 * snapshots: a disk that loses it would otherwise be found out when another copy is gone too. What
 * is damaged is healed from others, if there are any, and reported in any case.
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
  private final Sweep sweep;
  private final Healer healer;
  private final Supplier<Mark> mark;
  private final Runnable saveAnew;
  private final CountDownLatch closed;
  private final LinkedHashMap<Damage, Boolean> found = new LinkedHashMap<>();

  /**
   * What scrubbing found since the start.
   *
   * @param damages in the order in which they were found, healed or not
   * @param healed how many of them were healed
   */
  public record Report(List<Damage> damages, long healed) {}

  /** A damage, and whether it was healed. */
  public record Found(Damage damage, boolean healed) {}

  /** The oldest is forgotten for the next one. */
  static final int FOUND_MAX = 1_000;

  Scrub(
      Storage storage,
      Sweep sweep,
      Healer healer,
      Supplier<Mark> mark,
      Runnable saveAnew,
      CountDownLatch closed) {
    this.storage = storage;
    this.sweep = sweep;
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
      long healed = found.values().stream().filter(Boolean::booleanValue).count();
      return new Report(List.copyOf(found.keySet()), healed);
    }
  }

  /** What was found since the start, in that order. */
  List<Found> found() {
    synchronized (found) {
      List<Found> all = new ArrayList<>();
      found.forEach((damage, healed) -> all.add(new Found(damage, healed)));
      return all;
    }
  }

  /** Reads all of it once. Blocks; one at a time. */
  synchronized Report pass(boolean slowly) throws IOException, InterruptedException {
    for (Segment segment : Segments.inOrder(storage.log())) {
      long bytes = 0;
      try {
        bytes = Files.size(segment.path());
        Damage before = null;
        Damage damage = look(segment, Files.readAllBytes(segment.path()));
        while (damage != null && !damage.equals(before) && mend(damage)) {
          before = damage;
          damage = look(segment, Files.readAllBytes(segment.path()));
        }
      } catch (NoSuchFileException e) {
        // Ratis closed it, or it is needed no more; the next pass sees what became of it.
      }
      if (slowly && pause(bytes)) {
        return report();
      }
    }
    // The newest first: what is damaged is known by what follows it.
    for (Kept kept : sweep.kept().reversed()) {
      lookIntoArchive(kept);
      if (slowly && pause(kept.bytes())) {
        return report();
      }
    }
    for (Path bad : storage.snapshots().verify(storage.aside())) {
      note(new Damage(bad, 0, -1, -1, "snapshot does not verify"), true);
      saveAnew.run();
    }
    return report();
  }

  /* Ratis' copy, if there is one, was looked at before; healed, it has replaced this one. */
  private void lookIntoArchive(Kept kept) throws IOException, InterruptedException {
    String wrong = sweep.wrong(kept);
    Segment segment = wrong.isEmpty() ? null : Segments.named(archived(kept));
    if (segment == null) {
      return;
    }
    Damage first = look(segment, Healer.bytes(segment));
    Damage before = null;
    Damage damage = first;
    while (damage != null && !damage.equals(before) && healer.heal(damage, mark.get(), true)) {
      before = damage;
      damage = look(segment, Healer.bytes(segment));
    }
    boolean whole = damage == null && sweep.renew(kept);
    // Behind the last entry there may be anything, and that may be what changed.
    note(first == null ? new Damage(archived(kept), 0, -1, -1, wrong) : first, whole);
  }

  private Path archived(Kept kept) {
    return storage.archive().resolve(kept.file());
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
      found.put(damage, mended);
      if (found.size() > FOUND_MAX) {
        found.pollFirstEntry();
      }
    }
  }

  /* Of the open segment only what is on disk is looked at; it may be written meanwhile. */
  private @Nullable Damage look(Segment segment, byte[] bytes) {
    long last = segment.open() ? mark.get().index() : segment.last();
    Scan scan = Segments.scan(segment, bytes);
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

package io.quire.log;

import io.quire.log.Segments.Entry;
import io.quire.log.Segments.Scan;
import io.quire.log.Segments.Segment;
import io.quire.log.Watermark.Mark;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the files of a log before Ratis does. What a crash leaves, it mends; what it cannot
 * explain by a crash, it reports and does not touch. Ratis does neither: it refuses to start on a
 * torn tail, and takes a log that lost its end for one that never had it.
 *
 * <p>The rule: entries up to the {@link Watermark} may have been acknowledged, and must be there.
 * What follows the entries that are there is cut, after it was copied aside, if it lies behind the
 * watermark. If the watermark may lag, which is so after a power cut only, it must besides look
 * like what a power cut leaves ({@link TornTail}). A log that ends before its snapshot is set aside
 * whole.
 */
final class Doctor {
  /**
   * The reason for damage at the end, where nothing tells that there was more but the watermark.
   */
  static final String MISSING = "the end is missing";

  private static final Logger LOG = LoggerFactory.getLogger(Doctor.class);

  private final Path log;
  private final Path aside;
  private final long snapshot;
  private final Mark mark;
  private final List<Damage> damages = new ArrayList<>();
  private final List<Segment> finish = new ArrayList<>();
  private final List<Scan> trim = new ArrayList<>();
  private final List<Segment> beyond = new ArrayList<>();
  private @Nullable Scan torn;
  private @Nullable Scan open;
  private long last = -1;
  private long lastTerm;

  private Doctor(Path log, Path aside, long snapshot, Mark mark) {
    this.log = log;
    this.aside = aside;
    this.snapshot = snapshot;
    this.mark = mark;
  }

  /**
   * Reads all of the log, and changes nothing.
   *
   * @param snapshot index of the newest snapshot, or -1: the log must begin no later than behind it
   */
  static Doctor examine(Path log, Path aside, long snapshot, Mark mark) throws IOException {
    Doctor doctor = new Doctor(log, aside, snapshot, mark);
    doctor.examine();
    return doctor;
  }

  /** What is lost or changed and may have been acknowledged; empty if the log can be started. */
  List<Damage> damages() {
    return List.copyOf(damages);
  }

  /** Index of the last entry that is there without a gap, at least that of the snapshot. */
  long last() {
    return last;
  }

  /** Its term; 0 if only the snapshot is there. */
  long lastTerm() {
    return lastTerm;
  }

  private void examine() throws IOException {
    List<Segment> segments = Segments.inOrder(log);
    long next = -1;
    boolean gapped = false;
    for (int i = 0; i < segments.size(); i++) {
      Segment segment = segments.get(i);
      boolean newest = i == segments.size() - 1;
      if (torn != null || gapped) {
        beyond.add(segment);
        continue;
      }
      long wanted = next < 0 ? Math.min(segment.first(), snapshot + 1) : next;
      if (segment.first() > wanted && segment.first() <= snapshot + 1 && damages.isEmpty()) {
        // A snapshot was installed, and not all that it made needless had gone yet.
        beyond.addAll(segments.subList(0, i));
      } else if (segment.first() > wanted) {
        if (!damages.isEmpty() || !cuttable(wanted - 1, false)) {
          gap(segment, wanted);
        } else {
          gapped = true;
          beyond.add(segment);
          continue;
        }
      } else if (segment.first() < wanted) {
        damages.add(
            new Damage(
                segment.path(),
                0,
                segment.first(),
                segment.first(),
                "entries that are there twice"));
      }
      next = examine(segment, newest, newest ? null : segments.get(i + 1));
    }
    if (damages.isEmpty() && last < snapshot) {
      // Ratis would append behind these entries, where the snapshot has others.
      beyond.clear();
      beyond.addAll(segments);
      finish.clear();
      trim.clear();
      torn = null;
      open = null;
      last = snapshot;
    }
    if (damages.isEmpty() && mark.index() > last) {
      Path path = segments.isEmpty() ? log : segments.getLast().path();
      long bytes = segments.isEmpty() ? 0 : Files.size(path);
      damages.add(
          new Damage(path, torn == null ? bytes : torn.end(), last + 1, mark.index(), MISSING));
    }
  }

  private void gap(Segment segment, long wanted) {
    damages.add(
        new Damage(
            segment.path(),
            0,
            wanted,
            segment.first() - 1,
            "entries before it are missing: found=" + segment.first() + " wanted=" + wanted));
  }

  /** Returns the index that must follow. */
  private long examine(Segment named, boolean newest, @Nullable Segment next) throws IOException {
    Segment segment = named;
    Scan scan = Segments.scan(segment);
    if (segment.open() && next != null) {
      // A rename that a power cut took back: the segment was whole when the next one began.
      segment = new Segment(named.path(), named.first(), next.first() - 1, false);
      scan = Segments.scan(segment);
      finish.add(segment);
    }
    if (scan.last() != null && damages.isEmpty()) {
      last = scan.last().index();
      lastTerm = scan.last().term();
    }
    if (!segment.open() && scan.problem() == null && scan.written() > scan.end()) {
      // Entries that were taken back: the file got its name, and did not get shorter.
      trim.add(scan);
    }
    if (scan.problem() == null) {
      open = newest && segment.open() ? scan : null;
      return scan.next();
    }
    boolean mayBeTorn = newest && segment.open();
    if (damages.isEmpty() && cuttable(scan.next() - 1, mayBeTorn && tornAt(segment, scan))) {
      torn = scan;
      return scan.next();
    }
    Entry resumes = scan.resumes();
    long resumed = resumes == null ? lastOf(segment, scan) + 1 : resumes.index();
    damages.add(
        new Damage(
            segment.path(),
            scan.end(),
            scan.next(),
            Math.max(scan.next(), resumed - 1),
            String.valueOf(scan.problem())));
    return segment.open() ? Math.max(resumed, scan.next() + 1) : segment.last() + 1;
  }

  private long lastOf(Segment segment, Scan scan) {
    return segment.open() ? Math.max(scan.next(), mark.index()) : segment.last();
  }

  private static boolean tornAt(Segment segment, Scan scan) throws IOException {
    return TornTail.torn(Files.readAllBytes(segment.path()), scan.end());
  }

  /**
   * Whether what follows this index was not acknowledged, or is what a crash left of entries that a
   * snapshot from another node made needless.
   */
  private boolean cuttable(long good, boolean looksTorn) {
    boolean unacknowledged = good >= mark.index();
    return looksTorn ? unacknowledged || snapshot >= mark.index() : unacknowledged && mark.exact();
  }

  /**
   * Mends what a crash left, and makes sure that what is read now is what is on disk: a process
   * that was killed leaves entries which were never synced, and after a failed sync the pages that
   * could not be written pass for clean. Called only if there is no damage.
   */
  void mend() throws IOException {
    for (Segment segment : finish) {
      Path closed = log.resolve("log_" + segment.first() + "-" + segment.last());
      LOG.warn("finished to close a segment: path={} now={}", segment.path(), closed.getFileName());
      rewrite(segment.path(), Files.readAllBytes(segment.path()));
      DurableFile.move(segment.path(), closed);
    }
    for (Scan scan : trim) {
      cut(scan);
    }
    Scan cut = torn;
    if (cut != null) {
      cut(cut);
    }
    for (Segment segment : beyond) {
      Files.createDirectories(aside);
      Path kept = aside.resolve(segment.path().getFileName() + "-" + System.currentTimeMillis());
      DurableFile.move(segment.path(), kept);
      LOG.warn("set unacknowledged entries aside: path={} kept={}", segment.path(), kept);
    }
    Scan rest = open;
    if (rest != null && rest.last() == null) {
      // Not even an entry: Ratis begins the segment anew.
      Files.delete(rest.segment().path());
    } else if (rest != null) {
      rewrite(rest.segment().path(), Files.readAllBytes(rest.segment().path()));
    }
    if (Files.exists(log)) {
      DurableFile.force(log);
    }
  }

  private void cut(Scan scan) throws IOException {
    Path path = scan.segment().path();
    byte[] bytes = Files.readAllBytes(path);
    Files.createDirectories(aside);
    Path copy = aside.resolve(path.getFileName() + "-" + System.currentTimeMillis() + ".torn");
    DurableFile.write(copy, bytes);
    Entry end = scan.last();
    if (end == null) {
      Files.delete(path);
    } else {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(scan.end());
        channel.force(true);
      }
      rewrite(path, Arrays.copyOf(bytes, scan.end()));
      Path closed = log.resolve("log_" + scan.segment().first() + "-" + end.index());
      if (!scan.segment().open() && !closed.equals(path)) {
        DurableFile.move(path, closed);
      }
    }
    LOG.warn("cut a torn tail off the log: path={} offset={} copy={}", path, scan.end(), copy);
  }

  /** Writes the same bytes again: at any crash meanwhile they are the same. */
  private static void rewrite(Path path, byte[] bytes) throws IOException {
    DurableFile.writeOver(path, bytes, TornTail.writtenBytes(bytes));
  }
}

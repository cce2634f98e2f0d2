package io.quire.log;

import io.quire.log.Fetch.Raw;
import io.quire.log.Segments.Scan;
import io.quire.log.Segments.Segment;
import io.quire.log.Watermark.Mark;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes on with what is left of a damaged log, because somebody said so, and nobody else has it:
 * from the newest good snapshot and the entries that follow it without a gap, or from the entries
 * before the damage. All files are kept aside as they were.
 */
final class Salvage {
  private static final Logger LOG = LoggerFactory.getLogger(Salvage.class);

  /** Whatever is behind the end may go: that is what was agreed to. */
  private static final Mark NOTHING_WANTED = new Mark(-1, 0, true);

  private Salvage() {}

  /** Cuts the log to what can be used, and says what that is. */
  static Doctor of(Storage storage, List<Damage> damages) throws IOException {
    Path kept = storage.aside().resolve("damaged-" + System.currentTimeMillis());
    Files.createDirectories(kept);
    for (Segment segment : Segments.inOrder(storage.log())) {
      DurableFile.write(
          kept.resolve(segment.path().getFileName()), Files.readAllBytes(segment.path()));
    }
    long snapshot = storage.snapshotIndex();
    boolean covered = damages.getFirst().first() <= snapshot;
    if (covered) {
      keepBehind(storage, snapshot);
    } else {
      keepBefore(storage, damages.getFirst().first(), kept);
    }
    Doctor doctor = Doctor.examine(storage.log(), storage.aside(), snapshot, NOTHING_WANTED);
    if (!doctor.damages().isEmpty()) {
      keepBefore(storage, doctor.damages().getFirst().first(), kept);
      doctor = Doctor.examine(storage.log(), storage.aside(), snapshot, NOTHING_WANTED);
    }
    LOG.warn(
        "LOSS ACCEPTED, going on with what is left: damages={} snapshot={} last={} kept={}",
        damages,
        snapshot,
        doctor.last(),
        kept);
    return doctor;
  }

  /* Only history is lost, if all that follows the snapshot is there. */
  private static void keepBehind(Storage storage, long snapshot) throws IOException {
    long next = snapshot + 1;
    for (Segment segment : Segments.inOrder(storage.log())) {
      if (!segment.open() && segment.last() < next) {
        Files.delete(segment.path());
      } else if (segment.first() < next) {
        cutBegin(storage.log(), segment, next);
      }
    }
    DurableFile.force(storage.log());
  }

  private static void cutBegin(Path log, Segment segment, long first) throws IOException {
    byte[] bytes = Files.readAllBytes(segment.path());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(TornTail.MAGIC);
    long next = first;
    int written = TornTail.writtenBytes(bytes);
    for (int at = 0; at < written; at++) {
      Segments.Entry entry = Segments.entry(bytes, at);
      boolean here = entry != null && (segment.open() || entry.index() <= segment.last());
      if (entry != null && here && entry.index() == next) {
        out.write(bytes, at, entry.end() - at);
        next++;
      }
      at = entry == null ? at : entry.end() - 1;
    }
    Files.delete(segment.path());
    if (next > first) {
      String name = segment.open() ? "log_inprogress_" + first : "log_" + first + "-" + (next - 1);
      DurableFile.write(log.resolve(name), out.toByteArray());
    }
  }

  private static void keepBefore(Storage storage, long damaged, Path kept) throws IOException {
    Archive.openOrRebuild(storage.archive(), storage.identity().group(), storage.aside())
        .cut(damaged, kept);
    for (Segment segment : Segments.inOrder(storage.log())) {
      if (segment.first() >= damaged) {
        Files.delete(segment.path());
      } else if (segment.open() || segment.last() >= damaged) {
        Scan scan = Segments.scan(segment);
        byte[] bytes = Files.readAllBytes(segment.path());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(TornTail.MAGIC);
        long last = segment.first() - 1;
        for (Raw raw : Fetch.entries(bytes, TornTail.MAGIC.length)) {
          if (raw.index() < damaged && raw.index() < scan.next()) {
            out.writeBytes(raw.bytes());
            last = raw.index();
          }
        }
        Files.delete(segment.path());
        if (last >= segment.first()) {
          Path shorter = storage.log().resolve("log_" + segment.first() + "-" + last);
          DurableFile.write(shorter, out.toByteArray());
        }
      }
    }
    DurableFile.force(storage.log());
  }
}

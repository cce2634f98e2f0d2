package io.quire.log;

import io.quire.base.Address;
import io.quire.fabric.Fabric;
import io.quire.log.Archive.Kept;
import io.quire.log.Fetch.Raw;
import io.quire.log.Segments.Entry;
import io.quire.log.Segments.Scan;
import io.quire.log.Segments.Segment;
import io.quire.log.Watermark.Mark;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets back what is damaged here: from this node's own archive, or from other nodes.
 *
 * <p>It must be what was here, not what another has at that place. That is known by an entry behind
 * the damage, or by the watermark: if another log has an entry of the same index and term there,
 * all before it is the same, as Raft keeps logs. So a log that was healed is the log that it was,
 * and its node votes as before. Of what cannot be had so, nothing is taken.
 *
 * <p>What the archive has was closed and applied here, and cannot have changed since; whether it is
 * what it was, its manifest says. Mostly it is a hard link to the very file that is damaged, and of
 * no help. It is another one if the file was lost or replaced, or was copied because the file
 * system has no links.
 */
final class Healer {
  private static final Logger LOG = LoggerFactory.getLogger(Healer.class);

  private final Storage storage;
  private final Sweep sweep;
  private final Fabric fabric;
  private final Supplier<Collection<Address>> others;

  Healer(Storage storage, Sweep sweep, Fabric fabric, Supplier<Collection<Address>> others) {
    this.storage = storage;
    this.sweep = sweep;
    this.fabric = fabric;
    this.others = others;
  }

  /** What must be there behind the damage, so that it is known what was in it. */
  private record Anchor(long index, long term) {}

  /**
   * Mends one damage. Blocks.
   *
   * @param mark what the watermark says
   * @param running whether Ratis appends to the open segment meanwhile
   * @return whether it did
   */
  boolean heal(Damage damage, Mark mark, boolean running) throws IOException, InterruptedException {
    if (damage.first() < 0) {
      return false;
    }
    Segment segment = Files.isDirectory(damage.path()) ? null : Segments.named(damage.path());
    if (fromArchive(damage, segment, running)) {
      LOG.warn("healed from the archive: damage={}", damage);
      return true;
    }
    Anchor anchor = anchor(damage, mark);
    if (anchor == null) {
      return false;
    }
    for (Address other : others.get()) {
      List<Raw> found =
          Fetch.from(fabric, other, storage.identity().group(), damage.first(), anchor.index());
      if (found != null && found.getLast().term() == anchor.term()) {
        List<Raw> lost = found.stream().filter(entry -> entry.index() <= damage.last()).toList();
        put(damage, segment, lost, running);
        LOG.warn("healed from another node: damage={} from={}", damage, other);
        return true;
      }
    }
    return false;
  }

  private boolean fromArchive(Damage damage, @Nullable Segment segment, boolean running)
      throws IOException {
    List<Kept> whole = new ArrayList<>();
    long next = damage.first();
    for (Kept kept : sweep.kept()) {
      if (kept.first() <= Math.min(next, damage.last())
          && kept.last() >= next
          && sweep.wrong(kept).isEmpty()) {
        whole.add(kept);
        next = kept.last() + 1;
      }
    }
    if (next <= damage.last()) {
      return false;
    }
    boolean files = whole.getFirst().first() == damage.first() && next == damage.last() + 1;
    if (files && gone(damage, segment)) {
      for (Kept kept : whole) {
        Archive.link(archived(kept), storage.log().resolve(kept.file()));
      }
      DurableFile.force(storage.log());
      return true;
    }
    if (segment != null && Segments.scan(segment, bytes(segment)).next() != damage.first()) {
      return false;
    }
    put(damage, segment, entries(whole, damage), running);
    return true;
  }

  private Path archived(Kept kept) {
    return storage.archive().resolve(kept.file());
  }

  private List<Raw> entries(List<Kept> segments, Damage damage) throws IOException {
    List<Raw> found = new ArrayList<>();
    for (Kept kept : segments) {
      long first = Math.max(damage.first(), kept.first());
      long last = Math.min(damage.last(), kept.last());
      Fetch.entries(Files.readAllBytes(archived(kept)), TornTail.MAGIC.length).stream()
          .filter(entry -> first <= entry.index() && entry.index() <= last)
          .forEach(found::add);
    }
    return found;
  }

  /** Whether the file that had it is not there. */
  private static boolean gone(Damage damage, @Nullable Segment segment) {
    return segment == null || segment.first() > damage.first();
  }

  private @Nullable Anchor anchor(Damage damage, Mark mark) throws IOException {
    for (Segment segment : Segments.inOrder(storage.log(), storage.archive())) {
      boolean may = segment.open() || segment.last() > damage.last();
      if (may && segment.first() <= damage.last() + 1) {
        Entry next = find(bytes(segment), damage.last() + 1);
        if (next != null) {
          return new Anchor(next.index(), next.term());
        }
      }
    }
    return mark.index() == damage.last() ? new Anchor(mark.index(), mark.term()) : null;
  }

  /** What is in the file; of one that is not there, what each begins with. */
  static byte[] bytes(Segment segment) throws IOException {
    try {
      return Files.readAllBytes(segment.path());
    } catch (NoSuchFileException e) {
      return TornTail.MAGIC;
    }
  }

  private static @Nullable Entry find(byte[] file, long index) {
    int written = TornTail.writtenBytes(file);
    for (int at = TornTail.MAGIC.length; at < written; at++) {
      Entry entry = Segments.entry(file, at);
      if (entry != null && entry.index() == index) {
        return entry;
      }
      if (entry != null && entry.index() > index) {
        return null;
      }
      if (entry != null) {
        at = entry.end() - 1;
      }
    }
    return null;
  }

  private void put(Damage damage, @Nullable Segment segment, List<Raw> lost, boolean running)
      throws IOException {
    if (segment == null || gone(damage, segment)) {
      Path path =
          damage.reason().equals(Doctor.MISSING)
              ? storage.log().resolve("log_inprogress_" + damage.first())
              : storage.log().resolve("log_" + damage.first() + "-" + damage.last());
      DurableFile.write(path, join(TornTail.MAGIC, lost, new byte[0]));
      return;
    }
    boolean archived = segment.path().startsWith(storage.archive());
    byte[] bytes = archived ? bytes(segment) : Files.readAllBytes(segment.path());
    keepAside(segment.path(), bytes);
    Scan scan = Segments.scan(segment, bytes);
    if (running && segment.open()) {
      // If not even the head is good, the scan ends before it.
      byte[] head = scan.end() == 0 ? TornTail.MAGIC : new byte[0];
      patch(segment.path(), scan.end(), join(head, lost, new byte[0]));
      return;
    }
    byte[] before = scan.end() == 0 ? TornTail.MAGIC : Arrays.copyOf(bytes, scan.end());
    DurableFile.write(segment.path(), join(before, lost, from(bytes, damage.last() + 1)));
  }

  /** What is in a file from an entry on. */
  static byte[] from(byte[] file, long index) {
    Entry entry = find(file, index);
    if (entry == null) {
      return new byte[0];
    }
    // The checksum of the last entry may end in zeros.
    int end = Math.min(file.length, TornTail.writtenBytes(file) + Segments.CHECKSUM_BYTES);
    return Arrays.copyOfRange(file, entry.start(), end);
  }

  /* Ratis goes on writing behind it, and the entries are as long as they were. */
  private static void patch(Path path, int offset, byte[] bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      ByteBuffer rest = ByteBuffer.wrap(bytes);
      while (rest.hasRemaining()) {
        channel.write(rest, offset + (long) rest.position());
      }
      channel.force(true);
    }
  }

  private static byte[] join(byte[] before, List<Raw> entries, byte[] behind) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(before);
    entries.forEach(entry -> out.writeBytes(entry.bytes()));
    out.writeBytes(behind);
    return out.toByteArray();
  }

  private void keepAside(Path path, byte[] bytes) throws IOException {
    Files.createDirectories(storage.aside());
    String name = path.getFileName() + "-" + System.currentTimeMillis() + ".bad";
    DurableFile.write(storage.aside().resolve(name), bytes);
  }
}

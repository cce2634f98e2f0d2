package io.quire.log;

import io.quire.base.Checksum;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closed segments that outlive Ratis' own copies: hard links, so they cost no space while Ratis has
 * them, and a manifest that says what each must be. A crash may leave a file that the manifest does
 * not know, which is taken in or removed by the next sweep; the manifest never names what was not
 * on disk before.
 *
 * <p>Layout of the manifest, little-endian:
 *
 * <pre>
 *  0  magic     int32, "QARC"
 *  4  version   uint16
 *  6  reserved  uint16, 0
 *  8  group     two int64, whose log it is
 * 24  trimmed   int64, index of the last entry that was trimmed; -1 for none
 * 32  count     int32, of segments
 * 36  segments  each int64 first, int64 last index, int64 bytes, int32 CRC32C of the file,
 *               int64 records, int64 milliseconds since 1970 at which it was last written
 *     checksum  int32, CRC32C of all before
 * </pre>
 *
 * <p>Methods are called by one thread at a time.
 */
final class Archive {
  static final int VERSION = 1;
  static final String MANIFEST = "manifest";
  private static final Logger LOG = LoggerFactory.getLogger(Archive.class);
  private static final int MAGIC = 0x43524151;
  private static final int SEGMENT_BYTES = 44;

  private final Path directory;
  private final UUID group;
  private final TreeMap<Long, Kept> kept;
  private long trimmed;

  /** A segment that is kept. */
  record Kept(long first, long last, long bytes, int checksum, long records, long writtenMillis) {
    String file() {
      return "log_" + first + "-" + last;
    }
  }

  private Archive(Path directory, UUID group, TreeMap<Long, Kept> kept, long trimmed) {
    this.directory = directory;
    this.group = group;
    this.kept = kept;
    this.trimmed = trimmed;
  }

  /**
   * Reads the manifest; an archive that was never written is empty.
   *
   * @param group whose log it is if it is not written yet
   * @throws MalformedException if it does not verify; nothing was changed
   */
  static Archive open(Path directory, UUID group) throws IOException {
    Path manifest = directory.resolve(MANIFEST);
    if (!Files.exists(manifest)) {
      return new Archive(directory, group, new TreeMap<>(), -1);
    }
    return decode(directory, manifest, Files.readAllBytes(manifest));
  }

  /**
   * As {@link #open}; a manifest that does not verify is set aside and made anew, and the archive
   * of another group is set aside whole: its entries would be taken for this group's.
   */
  static Archive openOrRebuild(Path directory, UUID group, Path aside) throws IOException {
    try {
      Archive archive = open(directory, group);
      if (archive.group.equals(group)) {
        return archive;
      }
      Files.createDirectories(aside);
      Path moved = aside.resolve("archive-of-" + archive.group + "-" + System.currentTimeMillis());
      DurableFile.move(directory, moved);
      LOG.warn("archive of another group set aside: moved={} group={}", moved, group);
      return open(directory, group);
    } catch (MalformedException e) {
      Files.createDirectories(aside);
      Path moved = aside.resolve("archive-manifest-" + System.currentTimeMillis() + ".bad");
      DurableFile.move(directory.resolve(MANIFEST), moved);
      LOG.warn("manifest does not verify, making it anew: moved={} reason={}", moved, e.toString());
      Archive archive = new Archive(directory, group, new TreeMap<>(), -1);
      for (SegmentPath segment : SegmentPath.in(directory)) {
        Kept read = read(segment);
        if (read != null) {
          archive.kept.put(read.first(), read);
        }
      }
      archive.save();
      return archive;
    }
  }

  /**
   * Index up to which an archive of this group has every entry from the first on, each file as the
   * manifest says; -1 if it has none. Changes nothing.
   */
  static long wholeThrough(Path directory, UUID group) throws IOException {
    long last = -1;
    try {
      Archive archive = open(directory, group);
      for (Kept segment : archive.kept()) {
        boolean next = segment.first() == last + 1 && archive.group.equals(group);
        if (!next || !archive.wrong(segment).isEmpty()) {
          break;
        }
        last = segment.last();
      }
    } catch (MalformedException e) {
      // As if there were none.
      return -1;
    }
    return last;
  }

  /** What is kept, in the order of the log. */
  List<Kept> kept() {
    return List.copyOf(kept.values());
  }

  Path path(Kept segment) {
    return directory.resolve(segment.file());
  }

  /** Whether it is kept already, or was trimmed. */
  boolean knows(SegmentPath segment) {
    Kept known = kept.get(segment.first());
    return segment.last() <= trimmed || (known != null && known.last() == segment.last());
  }

  /**
   * Takes in closed segments, none of whose entries can change any more. Each is read once, and one
   * that does not verify is not taken, nor any behind it.
   *
   * @return the index of the last entry that is kept by now, or -1
   */
  long add(Collection<SegmentPath> closed) throws IOException {
    boolean changed = false;
    for (SegmentPath segment : closed) {
      if (knows(segment) && !replaced(segment)) {
        continue;
      }
      Kept read = read(segment);
      if (read == null) {
        break;
      }
      // Only now: what is kept already may be good, and is replaced.
      Files.createDirectories(directory);
      link(segment.path(), path(read));
      DurableFile.force(path(read));
      kept.put(read.first(), read);
      changed = true;
    }
    if (changed) {
      DurableFile.force(directory);
      save();
    }
    return kept.isEmpty() ? trimmed : kept.lastEntry().getValue().last();
  }

  /** Whether Ratis' file is not the one that is kept: it was damaged, and healed from others. */
  private boolean replaced(SegmentPath segment) throws IOException {
    Path file = directory.resolve(segment.path().getFileName());
    return segment.last() > trimmed
        && !(Files.exists(file) && Files.isSameFile(file, segment.path()));
  }

  /** Gives a file another name, or copies it where that cannot be. */
  static void link(Path from, Path to) throws IOException {
    try {
      Files.createLink(to, from);
    } catch (FileAlreadyExistsException e) {
      // Left by a crash before the manifest was written, or of a copy that was replaced.
      if (!Files.isSameFile(to, from)) {
        Files.delete(to);
        link(from, to);
      }
    } catch (UnsupportedOperationException e) {
      Files.copy(from, to);
      DurableFile.force(to);
    }
  }

  /** What the manifest is to say of a segment, or null if it does not verify. */
  private static @Nullable Kept read(SegmentPath segment) throws IOException {
    Reading reading = new Reading();
    LogScan.run(List.of(segment), SegmentFile::open, segment.first(), segment.last(), reading);
    if (reading.bad != null || reading.last != segment.last()) {
      LOG.warn(
          "segment does not verify and is not archived: path={} reason={}",
          segment.path(),
          reading.bad == null ? "ends at entry " + reading.last : reading.bad);
      return null;
    }
    return new Kept(
        segment.first(),
        segment.last(),
        Files.size(segment.path()),
        checksum(segment.path()),
        reading.records,
        Files.getLastModifiedTime(segment.path()).toMillis());
  }

  private static final class Reading implements LogScan.Visitor {
    private long records;
    private long last = -1;
    private LogVerification.@Nullable Bad bad;

    @Override
    public void entry(EntryCursor.Taken taken) {
      Frame frame = taken.frame();
      records += frame == null ? 0 : frame.records().size();
      last = taken.index();
    }

    @Override
    public void bad(LogVerification.Bad found) {
      bad = bad == null ? found : bad;
    }

    @Override
    public void missing(long first, long behind) {}

    @Override
    public void torn(SegmentPath segment, long offset) {}

    @Override
    public void done(SegmentPath segment) {}
  }

  /** Lets segments go: first from the manifest, then from the disk. */
  void remove(Collection<Kept> gone) throws IOException {
    if (gone.isEmpty()) {
      return;
    }
    for (Kept segment : gone) {
      kept.remove(segment.first());
      trimmed = Math.max(trimmed, segment.last());
    }
    save();
    for (Kept segment : gone) {
      Files.deleteIfExists(path(segment));
    }
    DurableFile.force(directory);
  }

  /**
   * Moves away what ends at an entry or behind it, because the log goes on there with other
   * entries.
   */
  void cut(long from, Path aside) throws IOException {
    if (kept.values().removeIf(segment -> segment.last() >= from)) {
      save();
    }
    for (SegmentPath segment : SegmentPath.in(directory)) {
      if (segment.last() >= from) {
        Files.createDirectories(aside);
        DurableFile.move(segment.path(), aside.resolve("archived-" + segment.path().getFileName()));
      }
    }
  }

  /** Removes files that were trimmed before a crash. */
  void clean() throws IOException {
    for (SegmentPath segment : SegmentPath.in(directory)) {
      if (segment.last() <= trimmed && !kept.containsKey(segment.first())) {
        Files.deleteIfExists(segment.path());
      }
    }
  }

  /** What is not as the manifest says, a sentence for each. */
  List<String> check() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Kept segment : kept.values()) {
      String why = wrong(segment);
      if (!why.isEmpty()) {
        wrong.add(why);
      }
    }
    return wrong;
  }

  /** In what the file is not as the manifest says; "" if it is. Any thread. */
  String wrong(Kept segment) throws IOException {
    Path file = path(segment);
    try {
      long bytes = Files.size(file);
      if (bytes != segment.bytes()) {
        return "archived segment has another length: path=%s found=%d wanted=%d"
            .formatted(file, bytes, segment.bytes());
      }
      return checksum(file) == segment.checksum()
          ? ""
          : "archived segment has another checksum: path=" + file;
    } catch (NoSuchFileException e) {
      return "archived segment is missing: path=" + file;
    }
  }

  /**
   * Takes a file as it is, after it was healed, if it is still kept and verifies.
   *
   * @return whether it is as the manifest says now, or not kept any more
   */
  boolean renew(Kept healed) throws IOException {
    if (!healed.equals(kept.get(healed.first()))) {
      return true;
    }
    Kept read = read(new SegmentPath(path(healed), healed.first(), healed.last()));
    if (read == null) {
      return false;
    }
    // Other bytes may stand behind the last entry; when it was written, nobody changed.
    kept.put(
        read.first(),
        new Kept(
            read.first(),
            read.last(),
            read.bytes(),
            read.checksum(),
            read.records(),
            healed.writtenMillis()));
    save();
    return true;
  }

  private static int checksum(Path file) throws IOException {
    CRC32C crc = new CRC32C();
    ByteBuffer buffer = ByteBuffer.allocate(1 << 18);
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      while (in.read(buffer) >= 0) {
        crc.update(buffer.flip());
        buffer.clear();
      }
    }
    return (int) crc.getValue();
  }

  private void save() throws IOException {
    DurableFile.write(directory.resolve(MANIFEST), encode());
  }

  byte[] encode() {
    WireWriter out =
        new WireWriter(48 + SEGMENT_BYTES * kept.size())
            .int32(MAGIC)
            .uint16(VERSION)
            .uint16(0)
            .int64(group.getMostSignificantBits())
            .int64(group.getLeastSignificantBits())
            .int64(trimmed)
            .int32(kept.size());
    for (Kept segment : kept.values()) {
      out.int64(segment.first())
          .int64(segment.last())
          .int64(segment.bytes())
          .int32(segment.checksum())
          .int64(segment.records())
          .int64(segment.writtenMillis());
    }
    return out.int32(Checksum.of(out.toBytes())).toBytes();
  }

  static Archive decode(Path directory, Path manifest, byte[] bytes) {
    WireReader in = CheckedFile.body(manifest, bytes, MAGIC, VERSION);
    in.uint16();
    UUID group = new UUID(in.int64(), in.int64());
    long trimmed = in.int64();
    TreeMap<Long, Kept> kept = new TreeMap<>();
    for (int left = in.count(SEGMENT_BYTES); left > 0; left--) {
      Kept segment =
          new Kept(in.int64(), in.int64(), in.int64(), in.int32(), in.int64(), in.int64());
      kept.put(segment.first(), segment);
    }
    in.end();
    return new Archive(directory, group, kept, trimmed);
  }
}

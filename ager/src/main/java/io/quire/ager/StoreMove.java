package io.quire.ager;

import io.quire.ager.ContainerMedium.AppendFile;
import io.quire.ager.ContainerMedium.Listed;
import io.quire.ager.ContainerMedium.ReadFile;
import io.quire.ager.StoreScan.Container;
import io.quire.ager.StoreScan.Damage;
import io.quire.ager.StoreScan.End;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Moves the durable copies that are needed into new containers, and removes the old ones. In the
 * same store that is compaction, into another one it is draining.
 *
 * <p>Nothing is removed before every copy that is needed has been written anew, synced, read again
 * and found to be the same, and the caller has said that it knows where each is now. So whatever
 * goes wrong, the copies lie where they were, where they are now, or in both places; a container
 * that was written in vain holds nothing that anybody refers to, and goes as an orphan.
 *
 * <p>Compaction writes a container anew only if less than half of it is needed. So for each byte
 * that is written more than one is freed, and all that compaction ever writes is less than what was
 * written before it: the bytes written for a byte of data are less than two.
 */
public final class StoreMove {
  private static final int PIECE_BYTES = 1 << 20;
  private static final long CONTAINER_BYTES = 256L << 20;
  private static final String SUFFIX = ".quire";

  /** In the place of an owner. */
  static final String MOVED = "moved";

  /** Is told where the copies are now, and returns when that is safe; the old ones go then. */
  public interface Moved {
    /**
     * Called once, on the thread that moves, with all copies that were moved. When it returns, the
     * old places are given up; if it throws, they stay, and the new ones too.
     */
    void to(Map<Copy, Copy> oldToNew) throws IOException;
  }

  /**
   * What is to be done.
   *
   * @param orphans containers of which nothing is needed
   * @param rewritten containers of which little is needed
   * @param kept containers that stay as they are, those among them that somebody may append to
   * @param writtenBytes that it will take
   * @param freedBytes that it will give, less what is written
   * @param damage of what is needed; the containers concerned stay
   */
  public record Plan(
      List<String> orphans,
      List<String> rewritten,
      List<String> kept,
      long writtenBytes,
      long freedBytes,
      List<Damage> damage) {
    public Plan {
      orphans = List.copyOf(orphans);
      rewritten = List.copyOf(rewritten);
      kept = List.copyOf(kept);
      damage = List.copyOf(damage);
    }
  }

  private final StoreFiles from;
  private final StoreFiles to;
  private final Map<String, List<Copy>> moving = new LinkedHashMap<>();
  private final List<String> made = new ArrayList<>();
  private final Plan plan;

  private StoreMove(StoreFiles from, StoreFiles to, Predicate<Copy> needed, boolean alsoUnfinished)
      throws IOException {
    this.from = from;
    this.to = to;
    plan = look(needed, alsoUnfinished);
  }

  /**
   * Plans a compaction; changes nothing. Walks the headers of all containers, so it blocks.
   *
   * @param needed whether somebody refers to a copy
   * @param alsoUnfinished whether containers without an end are looked at too, since no owner of
   *     one is alive
   * @throws IOException if the store cannot be read
   */
  public static StoreMove compaction(
      StoreFiles store, Predicate<Copy> needed, boolean alsoUnfinished) throws IOException {
    return new StoreMove(store, store, needed, alsoUnfinished);
  }

  /**
   * Plans to move all that is needed to another store; changes nothing. Parameters are those of
   * {@link #compaction}.
   *
   * @throws IllegalArgumentException if both are the same store
   * @throws IOException if a store cannot be read
   */
  public static StoreMove draining(
      StoreFiles from, StoreFiles to, Predicate<Copy> needed, boolean alsoUnfinished)
      throws IOException {
    if (from.uri().equals(to.uri())) {
      throw new IllegalArgumentException("a store cannot be drained to itself: uri=" + to.uri());
    }
    return new StoreMove(from, to, needed, alsoUnfinished);
  }

  /** What {@link #run} will do. */
  public Plan plan() {
    return plan;
  }

  private Plan look(Predicate<Copy> needed, boolean alsoUnfinished) throws IOException {
    List<String> orphans = new ArrayList<>();
    List<String> kept = new ArrayList<>();
    List<Damage> damage = new ArrayList<>();
    long written = 0;
    long freed = 0;
    for (Listed file : from.medium().containers()) {
      List<Copy> live = new ArrayList<>();
      List<Damage> here = new ArrayList<>();
      Container container = from.walk(file, false, copy -> addIf(needed, copy, live), here);
      long liveBytes = footprint(file, live);
      boolean may = container.end() == End.FINISHED || alsoUnfinished;
      boolean sparse = from != to || 2 * liveBytes < file.bytes();
      if (!here.isEmpty()) {
        // What is damaged is for a person to look at.
        damage.addAll(here);
        kept.add(file.file());
      } else if (may && live.isEmpty()) {
        orphans.add(file.file());
        freed += file.bytes();
      } else if (may && sparse) {
        moving.put(file.file(), live);
        written += liveBytes;
        freed += file.bytes() - liveBytes;
      } else {
        kept.add(file.file());
      }
    }
    return new Plan(orphans, List.copyOf(moving.keySet()), kept, written, freed, damage);
  }

  private static void addIf(Predicate<Copy> needed, Copy copy, List<Copy> live) {
    if (needed.test(copy)) {
      live.add(copy);
    }
  }

  private long footprint(Listed file, List<Copy> live) throws IOException {
    long bytes = 0;
    try (ReadFile in = from.openFile(file.file());
        Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(StoreHeader.BYTES, StoreHeader.BYTES);
      for (Copy copy : live) {
        bytes += header(in, copy, block).footprint();
      }
    }
    return bytes;
  }

  private static StoreHeader header(ReadFile in, Copy copy, MemorySegment block)
      throws IOException {
    in.read(copy.offset(), block);
    return StoreHeader.check(block, StoreHeader.of(copy));
  }

  /**
   * Does what was planned.
   *
   * @return where each copy is now
   * @throws IOException if something could not be read, written or verified, or {@code moved}
   *     failed. Then all that was needed lies where it was, and what was written anew is removed
   *     unless {@code moved} had been called
   */
  public Map<Copy, Copy> run(Moved moved, StoreFiles.Progress progress) throws IOException {
    Map<Copy, Copy> places = new LinkedHashMap<>();
    boolean safe = false;
    try {
      write(places, progress);
      verify(places);
      safe = true;
    } finally {
      if (!safe) {
        undo();
      }
    }
    moved.to(places);
    for (String file : plan.orphans) {
      from.medium().delete(file);
    }
    for (String file : moving.keySet()) {
      from.medium().delete(file);
    }
    return places;
  }

  private void undo() throws IOException {
    for (String file : made) {
      to.medium().delete(file);
    }
  }

  private void write(Map<Copy, Copy> places, StoreFiles.Progress progress) throws IOException {
    long done = 0;
    try (Target target = new Target();
        Arena arena = Arena.ofConfined()) {
      MemorySegment piece = arena.allocate(PIECE_BYTES, StoreHeader.BYTES);
      for (Map.Entry<String, List<Copy>> each : moving.entrySet()) {
        try (ReadFile in = from.openFile(each.getKey())) {
          for (Copy copy : each.getValue()) {
            progress.at(done, plan.writtenBytes);
            StoreHeader header = header(in, copy, piece.asSlice(0, StoreHeader.BYTES));
            Copy now = target.append(in, copy, header, piece);
            places.put(copy, now);
            done += header.footprint();
          }
        }
      }
      target.finish();
    }
    progress.at(plan.writtenBytes, plan.writtenBytes);
  }

  /** Reads all that was written, from the beginning. */
  private void verify(Map<Copy, Copy> places) throws IOException {
    Set<Copy> wanted = new HashSet<>(places.values());
    List<Damage> damage = new ArrayList<>();
    for (Listed file : to.medium().containers()) {
      if (made.contains(file.file())) {
        to.walk(file, true, wanted::remove, damage);
      }
    }
    if (!damage.isEmpty() || !wanted.isEmpty()) {
      throw new IOException(
          "what was written does not verify: store=%s damage=%s missing=%d"
              .formatted(to.uri(), damage, wanted.size()));
    }
  }

  /** The containers that are written. */
  private final class Target implements AutoCloseable {
    private @Nullable AppendFile out;
    private String file = "";
    private long position;
    private int number = 1;

    Copy append(ReadFile in, Copy copy, StoreHeader header, MemorySegment piece)
        throws IOException {
      AppendFile target = out == null ? create() : out;
      Copy now =
          new Copy(to.uri(), file, position, copy.bytes(), copy.crc(), copy.extent(), copy.owner());
      target.append(header, null);
      long bytes = StoreHeader.padded(header.form().storedBytes());
      for (long at = 0; at < bytes; at += PIECE_BYTES) {
        MemorySegment part = piece.asSlice(0, Math.min(PIECE_BYTES, bytes - at));
        in.read(copy.offset() + StoreHeader.BYTES + at, part);
        target.append(part);
      }
      position += header.footprint();
      if (position >= CONTAINER_BYTES) {
        finish();
      }
      return now;
    }

    private AppendFile create() throws IOException {
      String name;
      do {
        name = Store.DURABLE + "%s-%06d".formatted(MOVED, number++) + SUFFIX;
      } while (to.medium().exists(name));
      AppendFile created = to.medium().create(name);
      made.add(name);
      file = name;
      position = 0;
      out = created;
      return created;
    }

    void finish() throws IOException {
      if (out != null) {
        out.append(StoreHeader.end(MOVED), null);
        out.close();
        out = null;
      }
    }

    @Override
    public void close() {
      if (out != null) {
        out.abandon();
      }
    }
  }
}

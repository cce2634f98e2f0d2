package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The seam between containers and where they lie: files that are only appended to. File names are
 * paths below the store's root. Calls may block as long as the medium's own time limits allow.
 */
interface ContainerMedium {
  boolean exists(String file) throws IOException;

  /** Makes a file, and its directory if need be; both survive a power failure after a sync. */
  AppendFile create(String file) throws IOException;

  /**
   * Opens a file, which somebody may still be appending to.
   *
   * @throws CorruptCopy if there is no such file
   * @throws FileNotEnded if it can be read only some seconds later
   */
  ReadFile open(String file) throws IOException;

  /**
   * As {@link #open}, but the medium does not look whether bytes are the ones that were written, if
   * it can leave that out. For those who find out themselves; if they do, {@link #open} may know a
   * better replica.
   */
  default ReadFile openUnchecked(String file) throws IOException {
    return open(file);
  }

  /** A container that is there, and how long it is as far as readers can tell. */
  record Listed(String file, long bytes) {}

  /** The durable containers, in the order of their names. */
  List<Listed> containers() throws IOException;

  /** How the names of containers end that were set aside: see {@link OrphanSearch}. */
  String ASIDE = ".aside";

  /** The durable containers that were set aside, in the order of their names. */
  List<Listed> aside() throws IOException;

  /**
   * Gives a file another name in one step. Whoever reads it or appends to it goes on with that.
   *
   * @return false if there is no such file any more
   * @throws IOException also if there is one of the other name
   */
  boolean rename(String file, String name) throws IOException;

  /** Does nothing if there is no such file. */
  void delete(String file) throws IOException;

  /** A file that grows. Confined to one thread at a time. */
  interface AppendFile extends AutoCloseable {
    /** Appends the header, and the run if there is one. */
    void append(StoreHeader header, @Nullable MemorySegment run) throws IOException;

    /** Appends more of the body whose header was appended alone; in whole pages. */
    void append(MemorySegment part) throws IOException;

    /** Whether {@link #sync} can make readable what was appended; else only closing can. */
    boolean canSync();

    /** What was appended is safe, and can be read by others. */
    void sync() throws IOException;

    /** Syncs and closes. */
    @Override
    void close() throws IOException;

    /** Closes after an error, as well as that can be done; what was synced stays readable. */
    void abandon();
  }

  /** A file to read. Any thread. */
  interface ReadFile extends AutoCloseable {
    /**
     * Fills the segment.
     *
     * @throws CorruptCopy if the file ends before that
     */
    void read(long position, MemorySegment into) throws IOException;

    /**
     * Fills the segments, in order, with what lies side by side, by one request and without a copy
     * between, if the medium can do that now. No checksum of the medium is looked at.
     *
     * @return false if it cannot, or did not; then anything may be in the segments
     */
    default boolean scatter(long position, List<MemorySegment> into) {
      return false;
    }

    @Override
    void close() throws IOException;
  }

  /** Writes, syncs, reads and deletes a small file, to know early whether that works. */
  default void probe(String file, String owner) throws IOException {
    delete(file);
    AppendFile out = create(file);
    boolean closed = false;
    try {
      out.append(StoreHeader.end(owner), null);
      if (out.canSync()) {
        out.sync();
      }
      out.close();
      closed = true;
    } finally {
      if (!closed) {
        out.abandon();
      }
    }
    try (ReadFile in = open(file)) {
      MemorySegment block = Arena.ofAuto().allocate(StoreHeader.BYTES, StoreHeader.BYTES);
      in.read(0, block);
      StoreHeader.decode(block);
    }
    delete(file);
  }
}

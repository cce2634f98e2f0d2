package io.quire.ager;

import io.quire.ager.ContainerMedium.Listed;
import io.quire.ager.ContainerMedium.ReadFile;
import io.quire.ager.StoreScan.End;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Walks one container from header to header. Behind a header that does not verify it looks for the
 * next page that is one, so that damage hides no more than it destroyed. What lies inside a body is
 * not taken for a header unless the one before was damaged.
 */
final class ContainerWalk {
  private static final int PIECE_BYTES = 1 << 20;

  /** Is told what was found, in the order of the file. */
  interface Visitor {
    void copy(long offset, StoreHeader header);

    void damage(long offset, String reason);

    /** The file ends amid this copy. */
    default void torn(long offset, StoreHeader header) {}

    /** Whether no more is wanted; asked after each copy. */
    default boolean enough() {
      return false;
    }
  }

  /** How the container ends, and where; or that no more was wanted, and what comes next. */
  record Ending(End end, long offset) {}

  private final Listed file;
  private final ReadFile in;
  private final Visitor visitor;
  private final boolean bodies;
  private final MemorySegment piece;
  private final MemorySegment block;

  private ContainerWalk(
      Listed file, ReadFile in, boolean bodies, MemorySegment buffer, Visitor visitor) {
    this.file = file;
    this.in = in;
    this.bodies = bodies;
    this.visitor = visitor;
    block = buffer.asSlice(0, StoreHeader.BYTES);
    piece = buffer.asSlice(StoreHeader.BYTES, PIECE_BYTES);
  }

  /** Bytes that {@link #of} needs, aligned to 4 KiB. */
  static long bufferBytes() {
    return StoreHeader.BYTES + PIECE_BYTES;
  }

  /**
   * Walks.
   *
   * @param bodies whether to read and check the bodies too
   * @throws IOException if the file cannot be read
   */
  static Ending of(Listed file, ReadFile in, boolean bodies, MemorySegment buffer, Visitor visitor)
      throws IOException {
    return new ContainerWalk(file, in, bodies, buffer, visitor).walk(0);
  }

  /** As above, from where a header is wanted, and headers alone. */
  static Ending from(long offset, Listed file, ReadFile in, MemorySegment buffer, Visitor visitor)
      throws IOException {
    return new ContainerWalk(file, in, false, buffer, visitor).walk(offset);
  }

  private Ending walk(long from) throws IOException {
    long at = from;
    while (at + StoreHeader.BYTES <= file.bytes()) {
      StoreHeader header = header(at);
      if (header == null) {
        boolean sealed = StoreHeader.isSealed(block);
        long next = nextHeader(at + StoreHeader.BYTES);
        if (next < 0 && sealed) {
          visitor.damage(at, "header of a form that is not known here");
        }
        if (next < 0) {
          // Nothing that verifies follows: the owner died, or had an error, while it wrote here.
          return new Ending(End.TORN, at);
        }
        visitor.damage(at, "header does not verify: nextHeader=" + next);
        at = next;
      } else if (header.kind() == StoreHeader.Kind.END) {
        return new Ending(End.FINISHED, at);
      } else if (at + header.footprint() > file.bytes()) {
        visitor.torn(at, header);
        return new Ending(End.TORN, at);
      } else {
        body(at, header);
        at += header.footprint();
        if (visitor.enough()) {
          return new Ending(End.OPEN, at);
        }
      }
    }
    return new Ending(at == file.bytes() ? End.OPEN : End.TORN, at);
  }

  private @Nullable StoreHeader header(long at) throws IOException {
    in.read(at, block);
    try {
      return StoreHeader.decode(block);
    } catch (CorruptCopy e) {
      return null;
    }
  }

  private void body(long at, StoreHeader header) throws IOException {
    if (bodies && header.form().isPlain()) {
      int found = checksum(at + StoreHeader.BYTES, header.bytes());
      if (found != header.crc()) {
        visitor.damage(
            at,
            "body does not verify: extent=%d owner=%s bytes=%d crcWanted=%08x crcFound=%08x"
                .formatted(header.extent(), header.owner(), header.bytes(), header.crc(), found));
        return;
      }
    }
    visitor.copy(at, header);
  }

  private int checksum(long from, long bytes) throws IOException {
    CRC32C crc = new CRC32C();
    for (long at = 0; at < bytes; at += PIECE_BYTES) {
      long length = Math.min(PIECE_BYTES, bytes - at);
      MemorySegment part = piece.asSlice(0, StoreHeader.padded(length));
      in.read(from + at, part);
      crc.update(part.asSlice(0, length).asByteBuffer());
    }
    return (int) crc.getValue();
  }

  private long nextHeader(long from) throws IOException {
    for (long at = from; at + StoreHeader.BYTES <= file.bytes(); at += PIECE_BYTES) {
      long whole = file.bytes() / StoreHeader.BYTES * StoreHeader.BYTES;
      MemorySegment part = piece.asSlice(0, Math.min(PIECE_BYTES, whole - at));
      in.read(at, part);
      for (long page = 0; page < part.byteSize(); page += StoreHeader.BYTES) {
        MemorySegment candidate = part.asSlice(page, StoreHeader.BYTES);
        if (StoreHeader.looksLikeOne(candidate) && verifies(candidate)) {
          return at + page;
        }
      }
    }
    return -1;
  }

  private static boolean verifies(MemorySegment candidate) {
    try {
      StoreHeader.decode(candidate);
      return true;
    } catch (CorruptCopy e) {
      return false;
    }
  }
}

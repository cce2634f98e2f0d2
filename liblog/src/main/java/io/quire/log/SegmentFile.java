package io.quire.log;

import io.quire.base.Checksum;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.jspecify.annotations.Nullable;

/**
 * Reads one segment from its begin, entry by entry, and verifies each. For what is in it see {@link
 * TornTail}. Confined to one thread at a time.
 *
 * <p>It may be read while Ratis writes it, by a caller who asks for entries only that are on disk.
 * What was read ahead of them may be half an entry; so what does not verify is read once more.
 */
final class SegmentFile implements AutoCloseable {
  private static final int WINDOW_BYTES = 256 << 10;
  private static final int LENGTH_BYTES_MAX = 5;
  private static final int CHECKSUM_BYTES = 4;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final SegmentPath segment;
  private final FileChannel channel;
  private ByteBuffer window = NOTHING;
  private long windowStart;
  private long offset;
  private long index;

  /** The entry at an offset is not what was written. */
  static final class DamageException extends Exception {
    private static final long serialVersionUID = 1;

    DamageException(String reason) {
      super(reason);
    }
  }

  private SegmentFile(SegmentPath segment, FileChannel channel) {
    this.segment = segment;
    this.channel = channel;
    offset = TornTail.MAGIC.length;
    index = segment.first();
  }

  static SegmentFile open(SegmentPath segment) throws IOException {
    return new SegmentFile(segment, FileChannel.open(segment.path(), StandardOpenOption.READ));
  }

  SegmentPath segment() {
    return segment;
  }

  /** The Raft index of the next entry. */
  long index() {
    return index;
  }

  /** Where the next entry begins; after damage, where that is. */
  long offset() {
    return offset;
  }

  /** Throws unless the file begins as a segment does. */
  void checkHead() throws IOException, DamageException {
    ByteBuffer head = at(0, TornTail.MAGIC.length);
    for (byte wanted : TornTail.MAGIC) {
      if (!head.hasRemaining() || head.get() != wanted) {
        throw new DamageException("another head");
      }
    }
  }

  /** The next entry; null where the file, or what was written of it, ends. */
  @Nullable LogEntryProto next() throws IOException, DamageException {
    try {
      LogEntryProto entry = read();
      if (entry != null || window == NOTHING) {
        return entry;
      }
    } catch (DamageException e) {
      if (windowStart == offset) {
        throw e;
      }
    }
    window = NOTHING;
    return read();
  }

  /** Forgets what was read ahead: what had not been committed may have been written over. */
  void refresh() {
    window = NOTHING;
  }

  /** Goes on behind an entry that does not verify. */
  void skip(long toOffset, long toIndex) {
    offset = toOffset;
    index = toIndex;
  }

  /**
   * Goes on behind an entry that does not verify, to where its length says that it ends; false if
   * that cannot be.
   */
  boolean leap() throws IOException {
    ByteBuffer in = at(offset, LENGTH_BYTES_MAX);
    int start = in.position();
    long length = TornTail.varint(in);
    long behind = offset + in.position() - start + length + CHECKSUM_BYTES;
    if (length <= 0
        || length > RaftSettings.ENTRY_BYTES_MAX.getSizeInt()
        || behind > channel.size()) {
      return false;
    }
    skip(behind, index + 1);
    return true;
  }

  /** Whether the lengths of entries that do not verify lead to one that does, and so are right. */
  boolean leadsOn() throws IOException {
    long toOffset = offset;
    long toIndex = index;
    try {
      while (!verifies()) {
        if (!leap()) {
          return false;
        }
      }
      return true;
    } finally {
      skip(toOffset, toIndex);
    }
  }

  private boolean verifies() throws IOException {
    try {
      return next() != null;
    } catch (DamageException e) {
      return false;
    }
  }

  private @Nullable LogEntryProto read() throws IOException, DamageException {
    ByteBuffer in = at(offset, LENGTH_BYTES_MAX);
    if (!in.hasRemaining() || in.get(in.position()) == 0) {
      return null;
    }
    int start = in.position();
    long length = TornTail.varint(in);
    int prefix = in.position() - start;
    if (length <= 0 || length > RaftSettings.ENTRY_BYTES_MAX.getSizeInt()) {
      throw new DamageException("length out of range: found=" + length);
    }
    int body = prefix + (int) length;
    ByteBuffer whole = at(offset, body + CHECKSUM_BYTES);
    if (whole.remaining() < body + CHECKSUM_BYTES) {
      throw new DamageException(
          "entry ends behind the file: bytes=" + body + " left=" + whole.remaining());
    }
    int found = whole.getInt(whole.position() + body);
    int wanted = Checksum.of(whole.slice(whole.position(), body));
    if (found != wanted) {
      throw new DamageException(
          "checksum differs: found="
              + Integer.toHexString(found)
              + " computed="
              + Integer.toHexString(wanted));
    }
    LogEntryProto entry = parse(whole.slice(whole.position() + prefix, (int) length));
    if (entry.getIndex() != index) {
      throw new DamageException("another index: found=" + entry.getIndex() + " wanted=" + index);
    }
    offset += body + CHECKSUM_BYTES;
    index++;
    return entry;
  }

  private static LogEntryProto parse(ByteBuffer bytes) throws DamageException {
    try {
      return LogEntryProto.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new DamageException("not a Raft entry: cause=" + e.getMessage());
    }
  }

  /** The bytes from an offset on, as many as wanted if the file has them. */
  private ByteBuffer at(long from, int wanted) throws IOException {
    long into = from - windowStart;
    if (into < 0 || into + wanted > window.limit()) {
      ByteBuffer fresh = ByteBuffer.allocate(Math.max(WINDOW_BYTES, wanted));
      long end = from;
      while (fresh.hasRemaining()) {
        int count = channel.read(fresh, end);
        if (count < 0) {
          break;
        }
        end += count;
      }
      window = fresh.flip();
      windowStart = from;
      into = 0;
    }
    int room = (int) Math.min(wanted, window.limit() - into);
    return window.slice((int) into, Math.max(0, room));
  }

  /** All of the file, wherever it is by now. */
  byte[] allBytes() throws IOException {
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(channel.size()));
    while (all.hasRemaining() && channel.read(all, all.position()) >= 0) {
      // As long as there is more.
    }
    return Arrays.copyOf(all.array(), all.position());
  }

  Path path() {
    return segment.path();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}

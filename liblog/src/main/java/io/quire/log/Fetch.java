package io.quire.log;

import io.quire.base.Address;
import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import io.quire.log.Segments.Entry;
import io.quire.log.Segments.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Entries that one node asks of another because its own are damaged: as they are in the files, with
 * their checksums. Served from closed files, whether Ratis runs there or not, so that nodes which
 * are damaged in different places heal each other before any of them votes.
 */
final class Fetch {
  /** Of one answer; at least one entry is sent, whatever its size. */
  static final int BYTES_MAX = 1 << 20;

  private static final Duration DEADLINE = Duration.ofSeconds(5);

  private Fetch() {}

  /** A question: entries of a group from an index on, up to another. */
  record Question(UUID group, long from, long to) {
    byte[] encode() {
      return new WireWriter(40)
          .int8(LogMessages.FETCH)
          .int64(group.getMostSignificantBits())
          .int64(group.getLeastSignificantBits())
          .int64(from)
          .int64(to)
          .toBytes();
    }

    static Question decode(WireReader in) {
      return new Question(new UUID(in.int64(), in.int64()), in.int64(), in.int64());
    }
  }

  /** An entry as it is in a file. */
  record Raw(long index, long term, byte[] bytes) {}

  /** Answers with what is here of it without a gap; with nothing if the first is not. */
  static ByteBuffer serve(Storage storage, Question question) throws IOException {
    WireWriter out = new WireWriter(64);
    Identity identity = storage.identity();
    if (identity.grouped() && identity.group().equals(question.group())) {
      int bytes = 0;
      for (Raw raw : read(storage, question.from(), question.to())) {
        if (bytes > 0 && bytes + raw.bytes().length > BYTES_MAX) {
          break;
        }
        bytes += raw.bytes().length;
        out.raw(raw.bytes());
      }
    }
    return ByteBuffer.wrap(out.toBytes());
  }

  private static List<Raw> read(Storage storage, long from, long to) throws IOException {
    List<Raw> found = new ArrayList<>();
    long next = from;
    int bytes = 0;
    for (Segment segment : Segments.inOrder(storage.log(), storage.archive())) {
      boolean has = segment.first() <= next && (segment.open() || segment.last() >= next);
      if (!has || next > to || bytes > BYTES_MAX) {
        continue;
      }
      for (Raw raw : entries(bytes(segment), TornTail.MAGIC.length)) {
        boolean here = segment.open() || raw.index() <= segment.last();
        if (here && raw.index() == next && next <= to && bytes <= BYTES_MAX) {
          found.add(raw);
          bytes += raw.bytes().length;
          next++;
        }
      }
    }
    return found;
  }

  /* Ratis closes and purges its files meanwhile, and the archive is trimmed. */
  private static byte[] bytes(Segment segment) throws IOException {
    try {
      return Files.readAllBytes(segment.path());
    } catch (NoSuchFileException e) {
      return TornTail.MAGIC;
    }
  }

  /** The entries that follow one another from an offset on, as far as they verify. */
  static List<Raw> entries(byte[] file, int from) {
    List<Raw> entries = new ArrayList<>();
    int written = TornTail.writtenBytes(file);
    int at = from;
    while (at < written) {
      Entry entry = Segments.entry(file, at);
      if (entry == null) {
        break;
      }
      entries.add(new Raw(entry.index(), entry.term(), Arrays.copyOfRange(file, at, entry.end())));
      at = entry.end();
    }
    return entries;
  }

  /**
   * Asks a node for all of the entries. Blocks.
   *
   * @return them, or null if it does not have all of them
   */
  static @Nullable List<Raw> from(Fabric fabric, Address address, UUID group, long first, long last)
      throws InterruptedException {
    List<Raw> found = new ArrayList<>();
    long next = first;
    while (next <= last) {
      List<Raw> more = ask(fabric, address, new Question(group, next, last));
      if (more.isEmpty() || more.getFirst().index() != next) {
        return null;
      }
      found.addAll(more);
      next = found.getLast().index() + 1;
    }
    return found;
  }

  private static List<Raw> ask(Fabric fabric, Address address, Question question)
      throws InterruptedException {
    try {
      return fabric
          .request(
              address, Service.LOG, ByteBuffer.wrap(question.encode()), DEADLINE, Fetch::decode)
          .get(DEADLINE.toMillis() * 2, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return List.of();
    }
  }

  private static List<Raw> decode(ByteBuffer answer) {
    byte[] bytes = new byte[answer.remaining()];
    answer.get(bytes);
    List<Raw> entries = entries(bytes, 0);
    int length = entries.stream().mapToInt(entry -> entry.bytes().length).sum();
    if (length != bytes.length) {
      throw new MalformedException("entries do not verify: bytes=" + bytes.length);
    }
    for (int i = 1; i < entries.size(); i++) {
      if (entries.get(i).index() != entries.get(i - 1).index() + 1) {
        throw new MalformedException("entries have gaps: index=" + entries.get(i).index());
      }
    }
    return entries;
  }
}

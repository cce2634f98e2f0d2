package io.quire.twopc;

import io.quire.base.Checksum;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.View;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/*
 * Payloads that are too large for one entry of the log. Their coordinator puts them there in chunks,
 * before it asks anybody; members vote when they have applied all chunks, so the bytes travel once. A
 * chunk does nothing by itself: only the TXN that names the blob makes it count. Blobs are part of the
 * fold. They go with their transaction, when their coordinator drops them, and when it leaves the view.
 * All blobs together are bounded; a chunk beyond that is refused on every node alike.
 */
final class Blobs {
  static final int CHUNK_BYTES = 1 << 20;
  static final long BYTES_MAX = 128L << 20;

  /**
   * Names a blob.
   *
   * @param number unique among those of the coordinator
   */
  record Ref(long coordinator, long number, int chunks, int bytes, int crc32c) {
    static final int BYTES = 28;

    static Ref of(long coordinator, long number, byte[] payload) {
      int chunks = (payload.length + CHUNK_BYTES - 1) / CHUNK_BYTES;
      int crc32c = Checksum.of(payload);
      return new Ref(coordinator, number, chunks, payload.length, crc32c);
    }

    void write(WireWriter out) {
      out.int64(coordinator).int64(number).int32(chunks).int32(bytes).int32(crc32c);
    }

    static Ref read(WireReader in) {
      return new Ref(in.int64(), in.int64(), in.int32(), in.int32(), in.int32());
    }
  }

  private record Key(long coordinator, long number) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      int first = Long.compare(coordinator, other.coordinator);
      return first != 0 ? first : Long.compare(number, other.number);
    }
  }

  private static final class Blob {
    final int count;
    final TreeMap<Integer, byte[]> chunks = new TreeMap<>();
    byte @Nullable [] whole;
    int bytes;

    Blob(int count) {
      this.count = count;
    }

    /** Whether the chunk is news. */
    boolean put(int index, byte[] part) {
      if (whole != null || chunks.putIfAbsent(index, part) != null) {
        return false;
      }
      bytes += part.length;
      if (chunks.size() == count) {
        WireWriter out = new WireWriter(bytes);
        chunks.values().forEach(out::raw);
        whole = out.toBytes();
        chunks.clear();
      }
      return true;
    }
  }

  private final TreeMap<Key, Blob> blobs = new TreeMap<>();
  private long bytes;

  long bytes() {
    return bytes;
  }

  int count() {
    return blobs.size();
  }

  /**
   * Keeps a chunk unless there is no room or it does not fit the others; answers whether it is
   * there.
   */
  boolean add(TxnEntry.Chunk chunk) {
    byte[] part = chunk.bytes();
    if (bytes + part.length > BYTES_MAX
        || chunk.count() < 1
        || chunk.count() > TwoPhase.PAYLOAD_BYTES_MAX / CHUNK_BYTES + 1
        || chunk.index() < 0
        || chunk.index() >= chunk.count()) {
      return false;
    }
    Key key = new Key(chunk.coordinator(), chunk.number());
    Blob blob = blobs.computeIfAbsent(key, _ -> new Blob(chunk.count()));
    if (blob.count != chunk.count()) {
      return false;
    }
    if (blob.put(chunk.index(), part)) {
      bytes += part.length;
    }
    return true;
  }

  /** The payload, if all of it is here. */
  byte @Nullable [] get(Ref ref) {
    Blob blob = blobs.get(new Key(ref.coordinator(), ref.number()));
    byte[] whole = blob == null ? null : blob.whole;
    boolean right =
        whole != null && whole.length == ref.bytes() && Checksum.of(whole) == ref.crc32c();
    return right ? whole : null;
  }

  void drop(long coordinator, long number) {
    Blob blob = blobs.remove(new Key(coordinator, number));
    if (blob != null) {
      bytes -= blob.bytes;
    }
  }

  /** Drops those of coordinators that left. */
  void keepOnly(View view) {
    for (Key key : List.copyOf(blobs.keySet())) {
      if (!view.has(key.coordinator())) {
        drop(key.coordinator(), key.number());
      }
    }
  }

  void save(WireWriter out) {
    capture().accept(out);
  }

  /** What there is now, to be written later: references, for the bytes never change. */
  Consumer<WireWriter> capture() {
    List<Captured> now = new ArrayList<>();
    blobs.forEach(
        (key, blob) ->
            now.add(new Captured(key, blob.count, blob.whole, new TreeMap<>(blob.chunks))));
    return out -> {
      out.int32(now.size());
      now.forEach(blob -> blob.write(out));
    };
  }

  private record Captured(
      Key key, int count, byte @Nullable [] whole, TreeMap<Integer, byte[]> chunks) {
    void write(WireWriter out) {
      out.int64(key.coordinator()).int64(key.number());
      out.int32(count);
      out.bool(whole != null);
      if (whole != null) {
        out.bytes(whole);
        return;
      }
      out.int32(chunks.size());
      chunks.forEach((index, chunk) -> out.int32(index).bytes(chunk));
    }
  }

  void restore(WireReader in) {
    blobs.clear();
    bytes = 0;
    for (int left = in.count(21); left > 0; left--) {
      Key key = new Key(in.int64(), in.int64());
      Blob blob = new Blob(in.int32());
      if (in.bool()) {
        byte[] whole = in.bytes();
        blob.whole = whole;
        blob.bytes = whole.length;
      } else {
        for (int more = in.count(8); more > 0; more--) {
          blob.put(in.int32(), in.bytes());
        }
      }
      blobs.put(key, blob);
      bytes += blob.bytes;
    }
  }
}

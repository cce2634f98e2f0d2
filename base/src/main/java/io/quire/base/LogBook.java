package io.quire.base;

import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.Log.Stream;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a log says of itself, as the fold of its stream {@link Stream#LOG}: which streams users
 * declared, how much of the past is kept, and which readers still need some of it. It is the same
 * on every node at the same position; each node trims its own files by it.
 *
 * <p>Changes are entries as all others: make one here and append it. {@link #state} may be called
 * from any thread; the rest belongs to the loop.
 */
public final class LogBook implements Log.Projection {
  /** Limit of streams that users declare. */
  public static final int STREAMS_MAX = 4_096;

  /** Limit of bookmarks at a time. */
  public static final int BOOKMARKS_MAX = 1_000;

  /** As the expiry of a bookmark: it holds until it is released. */
  public static final long NEVER = Long.MAX_VALUE;

  private static final int DECLARE = 1;
  private static final int RETAIN = 2;
  private static final int TRIM = 3;
  private static final int MARK = 4;
  private static final int RELEASE = 5;
  private static final int REFUSED = -1;

  private volatile State state = State.FIRST;

  /**
   * How much of the past is kept. What exceeds any of the limits may go; 0 is no limit.
   *
   * @param records that stand behind
   * @param bytes of files
   * @param ageMillis since it was written, by the clock of each node
   */
  public record Retention(long records, long bytes, long ageMillis) {
    /** Nothing ever goes. */
    public static final Retention FOREVER = new Retention(0, 0, 0);

    /** What holds until another is set: the last 16 GiB. */
    public static final Retention DEFAULT = new Retention(0, 16L << 30, 0);

    public Retention {
      if (records < 0 || bytes < 0 || ageMillis < 0) {
        throw new IllegalArgumentException(
            "negative limit: records=" + records + " bytes=" + bytes + " ageMillis=" + ageMillis);
      }
    }
  }

  /**
   * A reader's place, which outlives the reader.
   *
   * @param position nothing from here on is trimmed
   * @param expiresMillis after this, by the wall clock of each node, it holds nothing
   */
  public record Bookmark(long position, long expiresMillis) {}

  /**
   * All of it, at a position.
   *
   * @param streams of users, by name
   * @param retention how much of the past is kept
   * @param floor nothing before this position needs to be kept, whatever the retention says
   * @param bookmarks by name
   */
  public record State(
      Map<String, Stream> streams,
      Retention retention,
      long floor,
      Map<String, Bookmark> bookmarks) {
    static final State FIRST = new State(Map.of(), Retention.DEFAULT, Position.NONE, Map.of());

    /** The user's stream with this number, or null. */
    public @Nullable Stream stream(int number) {
      return streams.values().stream()
          .filter(stream -> stream.number() == number)
          .findFirst()
          .orElse(null);
    }
  }

  /** The newest that this node has applied. Any thread. */
  public State state() {
    return state;
  }

  /** Makes a stream of this name, if there is none; for {@link #declared}. */
  public static Entry declare(String stream) {
    if (!Stream.nameable(stream)) {
      throw new IllegalArgumentException("not a name of a stream: name=" + stream);
    }
    return entry(new WireWriter().int8(DECLARE).string(stream));
  }

  /**
   * The stream that came of {@link #declare}.
   *
   * @throws IllegalStateException if there are too many, or the name is one of Quire's own
   */
  public static Stream declared(String stream, Applied applied) {
    int number = new WireReader(applied.result()).int32();
    if (number == REFUSED) {
      throw new IllegalStateException(
          "stream refused: name=" + stream + " max=" + STREAMS_MAX + " own=" + Stream.own());
    }
    return new Stream(number, stream);
  }

  /** Sets how much of the past is kept. */
  public static Entry retain(Retention retention) {
    return entry(
        new WireWriter()
            .int8(RETAIN)
            .int64(retention.records())
            .int64(retention.bytes())
            .int64(retention.ageMillis()));
  }

  /** Lets go of what stands before a position, unless somebody needs it. */
  public static Entry trim(long before) {
    return entry(new WireWriter().int8(TRIM).int64(before));
  }

  /**
   * Sets or moves a bookmark; for {@link #marked}. Those that have expired go.
   *
   * @param expiresMillis by the wall clock, or {@link #NEVER}
   * @param nowMillis by the wall clock of whoever appends
   */
  public static Entry mark(String name, long position, long expiresMillis, long nowMillis) {
    if (!Stream.nameable(name)) {
      throw new IllegalArgumentException("not a name of a bookmark: name=" + name);
    }
    if (position < 0) {
      throw new IllegalArgumentException("not a position: found=" + position);
    }
    return entry(
        new WireWriter()
            .int8(MARK)
            .string(name)
            .int64(position)
            .int64(expiresMillis)
            .int64(nowMillis));
  }

  /** Whether {@link #mark} was done: false if there are too many bookmarks. */
  public static boolean marked(Applied applied) {
    return new WireReader(applied.result()).int32() != REFUSED;
  }

  /** Takes a bookmark away, if it is there. */
  public static Entry release(String name) {
    return entry(new WireWriter().int8(RELEASE).string(name));
  }

  private static Entry entry(WireWriter payload) {
    return new Entry(Stream.LOG, Fence.NONE, payload.toBytes());
  }

  @Override
  public Stream stream() {
    return Stream.LOG;
  }

  @Override
  public byte[] apply(long position, byte[] payload) {
    WireReader in = new WireReader(payload);
    int kind = in.int8();
    int result =
        switch (kind) {
          case DECLARE -> declareStream(in.string());
          case RETAIN -> {
            Retention retention = new Retention(in.int64(), in.int64(), in.int64());
            state = new State(state.streams, retention, state.floor, state.bookmarks);
            yield 0;
          }
          case TRIM -> {
            long floor = Math.max(state.floor, in.int64());
            state = new State(state.streams, state.retention, floor, state.bookmarks);
            yield 0;
          }
          case MARK -> set(in.string(), new Bookmark(in.int64(), in.int64()), in.int64());
          case RELEASE -> {
            TreeMap<String, Bookmark> fewer = new TreeMap<>(state.bookmarks);
            fewer.remove(in.string());
            bookmarks(fewer);
            yield 0;
          }
          default ->
              throw new WireReader.MalformedException("unknown entry of the log: kind=" + kind);
        };
    in.end();
    return new WireWriter(4).int32(result).toBytes();
  }

  private int declareStream(String name) {
    Stream known = state.streams.get(name);
    if (known != null) {
      return known.number();
    }
    boolean own = Stream.own().stream().anyMatch(stream -> stream.name().equals(name));
    if (own || state.streams.size() >= STREAMS_MAX) {
      return REFUSED;
    }
    int number = Stream.USERS_FROM + state.streams.size();
    TreeMap<String, Stream> more = new TreeMap<>(state.streams);
    more.put(name, new Stream(number, name));
    state =
        new State(Collections.unmodifiableMap(more), state.retention, state.floor, state.bookmarks);
    return number;
  }

  private int set(String name, Bookmark bookmark, long nowMillis) {
    TreeMap<String, Bookmark> more = new TreeMap<>(state.bookmarks);
    more.values().removeIf(old -> old.expiresMillis() < nowMillis);
    boolean room = more.containsKey(name) || more.size() < BOOKMARKS_MAX;
    if (room) {
      more.put(name, bookmark);
    }
    bookmarks(more);
    return room ? 0 : REFUSED;
  }

  private void bookmarks(TreeMap<String, Bookmark> next) {
    state =
        new State(state.streams, state.retention, state.floor, Collections.unmodifiableMap(next));
  }

  @Override
  public void save(WireWriter out) {
    State saved = state;
    out.int32(saved.streams.size());
    saved.streams.forEach((name, stream) -> out.string(name).int32(stream.number()));
    Retention retention = saved.retention;
    out.int64(retention.records()).int64(retention.bytes()).int64(retention.ageMillis());
    out.int64(saved.floor).int32(saved.bookmarks.size());
    saved.bookmarks.forEach(
        (name, mark) -> out.string(name).int64(mark.position()).int64(mark.expiresMillis()));
  }

  @Override
  public void restore(long position, WireReader in) {
    TreeMap<String, Stream> streams = new TreeMap<>();
    for (int left = in.count(8); left > 0; left--) {
      String name = in.string();
      streams.put(name, new Stream(in.int32(), name));
    }
    Retention retention = new Retention(in.int64(), in.int64(), in.int64());
    long floor = in.int64();
    TreeMap<String, Bookmark> bookmarks = new TreeMap<>();
    for (int left = in.count(20); left > 0; left--) {
      bookmarks.put(in.string(), new Bookmark(in.int64(), in.int64()));
    }
    state =
        new State(
            Collections.unmodifiableMap(streams),
            retention,
            floor,
            Collections.unmodifiableMap(bookmarks));
  }
}

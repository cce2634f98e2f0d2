package io.quire.base;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The replicated log as the protocol sees it: one totally ordered sequence of entries that every
 * node applies in the same order. Everything here is called on the node's {@link Loop}, and every
 * future completes there, except where it says otherwise.
 */
public interface Log {
  /**
   * Puts entries at the end, in the order given. They may be separated by entries of others. Does
   * not block; what is too much to wait here fails at once as not appended.
   *
   * <p>Each future completes when its entry was applied on the leader, with where it stands and
   * what came of it. It fails with {@link NotAppendedException} only if the entry is not in the log
   * and never will be, and with {@link IndeterminateException} in every other case: the entry may
   * be there already, may come to be there later, or not.
   */
  List<CompletableFuture<Applied>> append(List<Entry> entries);

  /** As {@link #append(List)}, of one entry. */
  default CompletableFuture<Applied> append(Entry entry) {
    return append(List.of(entry)).getFirst();
  }

  /** The position of the last entry applied on this node. */
  long applied();

  /** Where the leader listens, as far as this node knows. */
  @Nullable Address leader();

  /**
   * The term in which this node leads and has applied the first entry of its own, or 0 if it does
   * not lead.
   */
  long leadingTerm();

  /**
   * Asks a majority of voters whether the term in which this node leads is still the newest they
   * know. Completes with that term if they say so, having been asked after this call, and fails if
   * they do not in time or this node does not lead.
   */
  CompletableFuture<Long> confirmLeadership();

  /** What the log says of itself: streams, retention, bookmarks. Any thread. */
  LogBook book();

  /**
   * The position from which on entries can be read here; all from there to {@link #applied} can.
   * Older ones were trimmed, or never were on this node. Any thread.
   */
  long oldest();

  /**
   * Reads the entries that stand from {@code from} on, as this node applies them: in order, each
   * once, none left out. Entries of every stream come. Neither a reader nor its pace is felt by
   * appends. Any thread.
   *
   * @param from of the first entry; where none stands there, the next one
   */
  default Tail tail(long from) {
    return read(from, Long.MAX_VALUE);
  }

  /**
   * As {@link #tail}, and ends behind {@code to}. What of it is not applied yet is waited for. Any
   * thread.
   */
  Tail read(long from, long to);

  /**
   * The entry at a position. Completes, on any thread, with null if none stands there (yet), and
   * fails as {@link Tail#next} does. Any thread.
   */
  CompletableFuture<@Nullable Recorded> entryAt(long position);

  /**
   * Names who applies the entries of a stream. Called once for each stream, before the log starts.
   */
  void register(Projection projection);

  /**
   * Names who says whether a fence of this kind holds. Called once for each kind, before the start.
   */
  void register(Fence.Kind kind, FenceCheck check);

  /**
   * A record of the log.
   *
   * @param stream whose it is: the {@link Projection} with this number applies it
   * @param fence what must hold where it is applied; otherwise it is void on every node
   * @param payload at most {@link #PAYLOAD_BYTES_MAX} bytes; not to be changed afterwards
   */
  record Entry(Stream stream, Fence fence, byte[] payload) {
    /** Limit of a payload. */
    public static final int PAYLOAD_BYTES_MAX = 3 << 20;

    public Entry {
      if (payload.length > PAYLOAD_BYTES_MAX) {
        throw new IllegalArgumentException(
            "entry too large: bytes=" + payload.length + " max=" + PAYLOAD_BYTES_MAX);
      }
    }
  }

  /**
   * Whose an entry is. All streams share the one order. The number stands in every record; the name
   * is for people. Streams are equal if their numbers are.
   *
   * <p>Numbers below {@link #USERS_FROM} are Quire's own, and are given out here: a node must have
   * a {@link Projection} for each that the log has entries of, or it stops. The others belong to
   * users, who declare them in the log ({@link LogBook#declare}): no projection applies their
   * entries, which are there to be read.
   *
   * @param number 0 to 65,535
   * @param name 1 to {@link #NAME_CHARS_MAX} lower-case letters, digits, dots and hyphens
   */
  record Stream(int number, String name) implements Comparable<Stream> {
    /** The first number of a user's stream. */
    public static final int USERS_FROM = 64;

    /** Limit of a name. */
    public static final int NAME_CHARS_MAX = 64;

    /** Sessions, files, the view. */
    public static final Stream SESSIONS = new Stream(0, "sessions");

    /** Transactions. */
    public static final Stream TRANSACTIONS = new Stream(1, "transactions");

    /** Clients' sessions, their files and locks. */
    public static final Stream LOCKS = new Stream(2, "locks");

    /** What the log says of itself, see {@link LogBook}. */
    public static final Stream LOG = new Stream(3, "log");

    private static final List<Stream> OWN = List.of(SESSIONS, TRANSACTIONS, LOCKS, LOG);
    private static final int NUMBER_MAX = 0xffff;

    public Stream {
      if (number < 0 || number > NUMBER_MAX) {
        throw new IllegalArgumentException("not a stream: number=" + number);
      }
      if (!nameable(name)) {
        throw new IllegalArgumentException("not a name of a stream: name=" + name);
      }
    }

    /** Whether a stream may have this name. */
    public static boolean nameable(String name) {
      return name.length() <= NAME_CHARS_MAX && name.matches("[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?");
    }

    /** The stream with this number; one that is not Quire's is named after its number. */
    public static Stream of(int number) {
      for (Stream stream : OWN) {
        if (stream.number == number) {
          return stream;
        }
      }
      return new Stream(number, "stream-" + number);
    }

    /** Quire's own streams. */
    public static List<Stream> own() {
      return OWN;
    }

    /** Whether every node must have a projection of it. */
    public boolean projected() {
      return number < USERS_FROM;
    }

    @Override
    public int compareTo(Stream other) {
      return Integer.compare(number, other.number);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Stream stream && stream.number == number;
    }

    @Override
    public int hashCode() {
      return number;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /**
   * A condition on applying an entry, evaluated alike on every node where the entry stands.
   *
   * @param kind what is compared
   * @param value what it must be
   */
  record Fence(Kind kind, long value) {
    /** Holds always. */
    public static final Fence NONE = new Fence(Kind.NONE, 0);

    /** Kinds of fences; the ordinal is the number in the log. */
    public enum Kind {
      /** Nothing is compared: it holds always. */
      NONE,
      /** The epoch of the view is the value. */
      EPOCH,
      /** The Raft term of the entry is the value. */
      TERM,
      /** Nothing for which a node must get ready was committed after the position. */
      READY,
      /** The lock of which this generation was granted is still held by whom it was granted to. */
      LOCK
    }

    /** Holds where the view has this epoch: a change of the view in between voids the entry. */
    public static Fence epoch(long epoch) {
      return new Fence(Kind.EPOCH, epoch);
    }

    /** Holds where the entry was appended in this Raft term: another leader's is void. */
    public static Fence term(long term) {
      return new Fence(Kind.TERM, term);
    }

    /**
     * Holds where the lock of which this generation was granted is still held by whom it was
     * granted to, on those terms.
     */
    public static Fence lock(long generation) {
      return new Fence(Kind.LOCK, generation);
    }
  }

  /** Says, while an entry is applied, whether a fence holds. */
  interface FenceCheck {
    /**
     * Whether it holds at the entry that is applied now: a function of the log alone, as it is
     * asked on every node and must be answered alike. On the loop; an exception stops the node.
     */
    boolean holds(long value);
  }

  /**
   * What came of an entry.
   *
   * @param position where it stands
   * @param fenced whether its fence did not hold, so that nothing came of it anywhere
   * @param result what the projection said of it, the same on every node; empty if fenced
   */
  record Applied(long position, boolean fenced, byte[] result) {}

  /**
   * An entry as it stands in the log.
   *
   * <p>What came of it is not in the log. It may have been void where it stands, if its fence did
   * not hold there.
   *
   * @param position where it stands; the next one stands behind it
   * @param term the Raft term in which it was appended
   */
  record Recorded(long position, long term, Entry entry) {}

  /** A reader's place in the log. Methods may be called from any thread. */
  interface Tail extends AutoCloseable {
    /** Limit of what {@link #next} may be asked for. */
    int RECORDS_MAX = 65_536;

    /**
     * Asks for more. Nothing is read ahead of being asked for, so a slow reader costs nothing.
     *
     * <p>Completes, on any thread, when at least one entry is there, with those that can be had at
     * once, a few MiB of them at most; with none at the end of what was to be read, or after {@link
     * #close}. Fails with {@link TrimmedException} if the next entry is not here any more, and with
     * {@link CorruptException} if it does not verify: it is never skipped. A failed call may be
     * repeated.
     *
     * @param recordsMax 1 to {@link #RECORDS_MAX}
     * @throws IllegalStateException if the call before has not completed
     */
    CompletableFuture<List<Recorded>> next(int recordsMax);

    /** Where to read from to go on behind what {@link #next} gave last. */
    long resume();

    /** Lets go of files. */
    @Override
    void close();
  }

  /**
   * A deterministic fold of the log. All calls come on the loop. An exception stops the node: a
   * fold that cannot go on must not skip.
   */
  interface Projection {
    /** Whose entries it takes; the same at each call. */
    Stream stream();

    /** Takes the next entry, and answers what came of it: a function of the log alone. */
    byte[] apply(long position, byte[] payload);

    /** Takes an entry of this stream whose fence did not hold. */
    default void fenced(long position, byte[] payload) {}

    /** Writes the state, a function of the entries applied. */
    void save(WireWriter out);

    /**
     * Takes the state as it is now, to be written later while this goes on to apply. Whoever has a
     * large state makes this cheap: the loop stands still for as long as it takes.
     */
    default Capture capture() {
      return Capture.of(this::save);
    }

    /** Replaces the state by one that was saved when {@code position} was the last one applied. */
    void restore(long position, WireReader in);
  }

  /** The state of one moment. Written at most once, by any one thread; then closed. */
  interface Capture extends AutoCloseable {
    /**
     * Writes what {@link Projection#save} would have written at that moment.
     *
     * @throws IllegalStateException if the state was replaced since
     */
    void write(WireWriter out);

    /** Lets go of it, written or not. */
    @Override
    void close();

    /**
     * One that has references to what never changes, and encodes them when it is written.
     *
     * @param write called at most once, by any thread
     */
    static Capture later(Consumer<WireWriter> write) {
      return new Capture() {
        @Override
        public void write(WireWriter out) {
          write.accept(out);
        }

        @Override
        public void close() {}
      };
    }

    /** One that is made at once, whole. */
    static Capture of(Consumer<WireWriter> save) {
      WireWriter now = new WireWriter(4096);
      save.accept(now);
      byte[] saved = now.toBytes();
      return new Capture() {
        @Override
        public void write(WireWriter out) {
          out.raw(saved);
        }

        @Override
        public void close() {}
      };
    }
  }

  /** The entry is not in the log and never will be. */
  final class NotAppendedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** With a message that says why. */
    public NotAppendedException(String message) {
      super(message);
    }
  }

  /** The entry may be in the log, or come to be. */
  final class IndeterminateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** With a message that says why nobody can tell. */
    public IndeterminateException(String message) {
      super(message);
    }

    /** As the other, and what led to it. */
    public IndeterminateException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The entry was trimmed from this node's log, or never was in it. */
  final class TrimmedException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final long oldest;

    /** Of a position before {@code oldest}, the first that can be read; the message names both. */
    public TrimmedException(long position, long oldest) {
      super(
          "entry is not here any more: position="
              + Position.text(position)
              + " oldest="
              + Position.text(oldest));
      this.oldest = oldest;
    }

    /** The first position that can be read. */
    public long oldest() {
      return oldest;
    }
  }

  /** The entry is not what was written. */
  final class CorruptException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final long position;
    private final String file;
    private final long offset;

    /**
     * Of what stands at a position, with the place of it in its file; the message names them all.
     */
    public CorruptException(long position, String file, long offset, String reason) {
      super(
          "corrupt entry: position="
              + Position.text(position)
              + " file="
              + file
              + " offset="
              + offset
              + " reason="
              + reason);
      this.position = position;
      this.file = file;
      this.offset = offset;
    }

    /** Where it stands, or where its frame begins. */
    public long position() {
      return position;
    }

    /** The file that has it. */
    public String file() {
      return file;
    }

    /** Where in the file it, or what holds it, begins; in bytes. */
    public long offset() {
      return offset;
    }
  }
}

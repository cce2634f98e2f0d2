package io.quire.gvm;

import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Sequencer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Conditions and writes that take effect together or not at all. The conditions are evaluated where
 * the log puts the transaction, on every node alike. It may change only keys that it names. What is
 * over its limits is an {@link IllegalArgumentException}.
 *
 * @param conditions all must hold; evaluated in order
 * @param writes at most one for a key
 */
public record Transaction(List<Condition> conditions, List<Write> writes) {
  /** Limit of a key, in bytes of UTF-8; 1 is the least. Refused before anything happens. */
  public static final int KEY_BYTES_MAX = 1_200;

  /**
   * Limit of a value: 2 MiB for what callers store, and room for what a library keeps beside it.
   */
  public static final int VALUE_BYTES_MAX = (2 << 20) + 4_096;

  /** Conditions and writes together. */
  public static final int PARTS_MAX = 1_000;

  /** What must be true for a transaction to take effect. */
  public sealed interface Condition {
    /** The key has no value. */
    record Absent(String key) implements Condition {
      public Absent {
        checkKey(key);
      }
    }

    /** The key has a value. */
    record Present(String key) implements Condition {
      public Present {
        checkKey(key);
      }
    }

    /** The key's value is of this version. */
    record Version(String key, long version) implements Condition {
      public Version {
        checkKey(key);
      }
    }

    /** The incarnation is in the view. */
    record InView(long incarnation) implements Condition {}

    /** The lock is held of which this generation was granted. */
    record Held(long generation) implements Condition {}

    /**
     * Nobody holds the lock of this path or waits for it, in whatever mode, and no lock delay is on
     * it, where the log puts the transaction.
     */
    record Free(String path) implements Condition {
      public Free {
        Locks.checkPath(path);
      }
    }
  }

  /**
   * A change of one key.
   *
   * @param kind what happens to it
   * @param value null unless it is put
   */
  public record Write(String key, Kind kind, byte @Nullable [] value) {
    /** What happens to a key. */
    public enum Kind {
      /** The key has this value from here on, whether it had one before or not. */
      PUT,
      /** The key has no value from here on; nothing, if it had none. */
      REMOVE,
      /**
       * Nothing, but its readers wait for the transaction: a name for something that is derived
       * from several keys, such as a listing.
       */
      TOUCH
    }

    public Write {
      checkKey(key);
      if ((value != null) != (kind == Kind.PUT)) {
        throw new IllegalArgumentException("a value is what a put has: key=" + key + " " + kind);
      }
      if (value != null && value.length > VALUE_BYTES_MAX) {
        throw new IllegalArgumentException(
            "value too large: key=" + key + " bytes=" + value.length + " max=" + VALUE_BYTES_MAX);
      }
    }
  }

  public Transaction {
    conditions = List.copyOf(conditions);
    writes = List.copyOf(writes);
    int parts = conditions.size() + writes.size();
    if (parts > PARTS_MAX) {
      throw new IllegalArgumentException("too many parts: parts=" + parts + " max=" + PARTS_MAX);
    }
  }

  /** How long a key is in UTF-8. */
  static int keyBytes(String key) {
    return ascii(key) ? key.length() : key.getBytes(StandardCharsets.UTF_8).length;
  }

  private static boolean ascii(String key) {
    for (int i = 0; i < key.length(); i++) {
      if (key.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  private static void checkKey(String key) {
    int bytes = keyBytes(key);
    if (bytes == 0 || bytes > KEY_BYTES_MAX) {
      throw new IllegalArgumentException(
          "key out of range: bytes=" + bytes + " allowed=1.." + KEY_BYTES_MAX);
    }
    if (!ascii(key) && !StandardCharsets.UTF_8.newEncoder().canEncode(key)) {
      throw new IllegalArgumentException("key has half a character: bytes=" + bytes);
    }
  }

  /** Begins with neither conditions nor writes. */
  public static Builder begin() {
    return new Builder();
  }

  /** All keys that it writes or touches. */
  Set<String> keys() {
    Set<String> keys = new LinkedHashSet<>();
    for (Write write : writes) {
      keys.add(write.key());
    }
    return keys;
  }

  byte[] toBytes() {
    WireWriter out = new WireWriter(256).int32(conditions.size());
    for (Condition condition : conditions) {
      switch (condition) {
        case Condition.Absent(String key) -> out.int8(1).string(key);
        case Condition.Present(String key) -> out.int8(2).string(key);
        case Condition.Version(String key, long version) -> out.int8(3).string(key).int64(version);
        case Condition.InView(long incarnation) -> out.int8(4).int64(incarnation);
        case Condition.Held(long generation) -> out.int8(5).int64(generation);
        case Condition.Free(String path) -> out.int8(6).string(path);
      }
    }
    out.int32(writes.size());
    for (Write write : writes) {
      out.int8(write.kind().ordinal()).string(write.key());
      byte[] value = write.value();
      if (value != null) {
        out.bytes(value);
      }
    }
    return out.toBytes();
  }

  static Transaction read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    List<Condition> conditions = new ArrayList<>();
    for (int left = in.count(5); left > 0; left--) {
      conditions.add(
          switch (in.int8()) {
            case 1 -> new Condition.Absent(in.string());
            case 2 -> new Condition.Present(in.string());
            case 3 -> new Condition.Version(in.string(), in.int64());
            case 4 -> new Condition.InView(in.int64());
            case 5 -> new Condition.Held(in.int64());
            case 6 -> new Condition.Free(in.string());
            default -> throw new WireReader.MalformedException("not a condition");
          });
    }
    List<Write> writes = new ArrayList<>();
    for (int left = in.count(5); left > 0; left--) {
      Write.Kind kind =
          switch (in.int8()) {
            case 0 -> Write.Kind.PUT;
            case 1 -> Write.Kind.REMOVE;
            case 2 -> Write.Kind.TOUCH;
            default -> throw new WireReader.MalformedException("not a write");
          };
      writes.add(new Write(in.string(), kind, kind == Write.Kind.PUT ? in.bytes() : null));
    }
    in.end();
    return new Transaction(conditions, writes);
  }

  /** Collects the parts of a transaction and checks them. Confined to one thread. */
  public static final class Builder {
    private final List<Condition> conditions = new ArrayList<>();
    private final Map<String, Write> writes = new HashMap<>();
    private final List<Write> order = new ArrayList<>();

    private Builder() {}

    /** Adds a condition behind those that are there; a transaction may have the same one twice. */
    public Builder require(Condition condition) {
      conditions.add(condition);
      return this;
    }

    /** See {@link Condition.Absent}. */
    public Builder absent(String key) {
      return require(new Condition.Absent(key));
    }

    /** See {@link Condition.Version}. */
    public Builder version(String key, long version) {
      return require(new Condition.Version(key, version));
    }

    /** Only where the lock of which this is proof is still held. */
    public Builder held(Sequencer sequencer) {
      return require(new Condition.Held(sequencer.generation()));
    }

    /** See {@link Condition.Free}. */
    public Builder free(String path) {
      return require(new Condition.Free(path));
    }

    /**
     * See {@link Write.Kind#PUT}. The array is not copied: it must not change afterwards.
     *
     * @throws IllegalArgumentException if the key is written already, or one of both is too large
     */
    public Builder put(String key, byte[] value) {
      return write(new Write(key, Write.Kind.PUT, value));
    }

    /**
     * See {@link Write.Kind#REMOVE}.
     *
     * @throws IllegalArgumentException if the key is written already
     */
    public Builder remove(String key) {
      return write(new Write(key, Write.Kind.REMOVE, null));
    }

    /** See {@link Write.Kind#TOUCH}. Nothing, if the key is written already. */
    public Builder touch(String key) {
      return writes.containsKey(key) ? this : write(new Write(key, Write.Kind.TOUCH, null));
    }

    private Builder write(Write write) {
      Write before = writes.put(write.key(), write);
      if (before != null && before.kind() != Write.Kind.TOUCH) {
        throw new IllegalArgumentException("key written twice: key=" + write.key());
      }
      order.remove(before);
      order.add(write);
      return this;
    }

    /**
     * The transaction so far.
     *
     * @throws IllegalArgumentException if it has more than {@link #PARTS_MAX} parts
     */
    public Transaction build() {
      return new Transaction(conditions, order);
    }
  }
}

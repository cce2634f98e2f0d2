package io.quire.gvm;

import io.quire.base.WireWriter;
import io.quire.lockserver.Locks;
import io.quire.lockserver.Sequencer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        Key.check(key);
      }
    }

    /** The key has a value. */
    record Present(String key) implements Condition {
      public Present {
        Key.check(key);
      }
    }

    /** The key's value is of this version. */
    record Version(String key, long version) implements Condition {
      public Version {
        Key.check(key);
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
      Key.check(key);
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
      throw new IllegalArgumentException(tooManyParts(parts));
    }
  }

  static String tooManyParts(int parts) {
    return "too many parts: parts=" + parts + " max=" + PARTS_MAX;
  }

  /** Begins with neither conditions nor writes. */
  public static Builder begin() {
    return new Builder();
  }

  /**
   * Its bytes: {@link Plan#VERSION}, the writes, the conditions. A condition on a key that is
   * written names the write, so that the key stands there once.
   *
   * @throws IllegalArgumentException if a key is written twice
   */
  byte[] toBytes() {
    Map<String, Integer> numbers = HashMap.newHashMap(writes.size());
    for (Write write : writes) {
      if (numbers.put(write.key(), numbers.size()) != null) {
        throw writtenTwice(write.key());
      }
    }
    WireWriter out = new WireWriter(length(numbers)).int32(Plan.VERSION).int32(writes.size());
    for (Write write : writes) {
      out.int8(write.kind().ordinal()).string(write.key());
      byte[] value = write.value();
      if (value != null) {
        out.bytes(value);
      }
    }
    out.int32(conditions.size());
    for (Condition condition : conditions) {
      switch (condition) {
        case Condition.Absent(String key) -> onKey(out, 1, key, numbers);
        case Condition.Present(String key) -> onKey(out, 2, key, numbers);
        case Condition.Version(String key, long version) ->
            onKey(out, 3, key, numbers).int64(version);
        case Condition.InView(long incarnation) -> out.int8(4).int64(incarnation);
        case Condition.Held(long generation) -> out.int8(5).int64(generation);
        case Condition.Free(String path) -> out.int8(6).string(path);
      }
    }
    return out.toBytes();
  }

  private static WireWriter onKey(
      WireWriter out, int kind, String key, Map<String, Integer> numbers) {
    Integer write = numbers.get(key);
    return write == null ? out.int8(kind).string(key) : out.int8(kind + 6).uint16(write);
  }

  /** How long its bytes are, if its keys are ASCII, as they nearly always are. */
  private int length(Map<String, Integer> numbers) {
    int length = 3 * Integer.BYTES;
    for (Write write : writes) {
      byte[] value = write.value();
      length += 5 + write.key().length() + (value == null ? 0 : Integer.BYTES + value.length);
    }
    for (Condition condition : conditions) {
      length +=
          switch (condition) {
            case Condition.Absent(String key) -> lengthOnKey(key, numbers);
            case Condition.Present(String key) -> lengthOnKey(key, numbers);
            case Condition.Version(String key, long _) -> lengthOnKey(key, numbers) + Long.BYTES;
            case Condition.InView _, Condition.Held _ -> 1 + Long.BYTES;
            case Condition.Free(String path) -> 5 + path.length();
          };
    }
    return length;
  }

  private static int lengthOnKey(String key, Map<String, Integer> numbers) {
    return numbers.containsKey(key) ? 3 : 5 + key.length();
  }

  private static IllegalArgumentException writtenTwice(String key) {
    return new IllegalArgumentException("key written twice: key=" + key);
  }

  static Transaction read(byte[] bytes) {
    return Plan.read(bytes).transaction();
  }

  /** Collects the parts of a transaction and checks them. Confined to one thread. */
  public static final class Builder {
    private final List<Condition> conditions = new ArrayList<>();
    private final LinkedHashMap<String, Write> writes = new LinkedHashMap<>();

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
      Write before = writes.get(write.key());
      if (before != null && before.kind() != Write.Kind.TOUCH) {
        throw writtenTwice(write.key());
      }
      // Behind the others, also in the place of a touch.
      writes.putLast(write.key(), write);
      return this;
    }

    /**
     * The transaction so far.
     *
     * @throws IllegalArgumentException if it has more than {@link #PARTS_MAX} parts
     */
    public Transaction build() {
      return new Transaction(conditions, List.copyOf(writes.values()));
    }
  }
}

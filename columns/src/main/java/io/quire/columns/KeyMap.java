package io.quire.columns;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * Integers by unique integers: one side of a join, small enough to be sent to where the other side
 * lies. Immutable, for any thread.
 *
 * <p>It takes 16 to 64 bytes a key in memory, and as bytes about one for each key that lies close
 * to the one before it, and those of its value, if not all keys have the same.
 */
public final class KeyMap {
  /** How many keys it may have. */
  public static final int SIZE_MAX = 4_000_000;

  /** What is found where nothing is; no value. */
  static final long ABSENT = Long.MIN_VALUE;

  private static final int VERSION = 1;
  private static final int SLOTS_MIN = 16;
  private static final int VARINT_SHIFT_MAX = 63;

  /** Key and value of each slot, in turn. */
  private final long[] slots;

  private final int size;

  private KeyMap(long[] slots, int size) {
    this.slots = slots;
    this.size = size;
  }

  /** Collects keys. Confined to one thread at a time. */
  public static final class Builder {
    private long[] slots = emptySlots(SLOTS_MIN);
    private int size;

    /**
     * Adds a key.
     *
     * @throws IllegalArgumentException if it is there already, there are {@link #SIZE_MAX}, or the
     *     value is {@link Long#MIN_VALUE}
     */
    public Builder put(long key, long value) {
      if (value == ABSENT) {
        throw new IllegalArgumentException(
            "not a value of a key: key=%d value=%d".formatted(key, value));
      }
      int slot = slot(slots, key);
      if (slots[slot + 1] != ABSENT) {
        throw new IllegalArgumentException(
            "key is not unique: key=%d value=%d other=%d".formatted(key, slots[slot + 1], value));
      }
      if (size == SIZE_MAX) {
        throw new IllegalArgumentException("too many keys: max=" + SIZE_MAX);
      }
      slots[slot] = key;
      slots[slot + 1] = value;
      size++;
      if (size * 4L > slots.length) {
        grow();
      }
      return this;
    }

    private void grow() {
      long[] before = slots;
      slots = emptySlots(before.length);
      for (int i = 0; i < before.length; i += 2) {
        if (before[i + 1] != ABSENT) {
          int slot = slot(slots, before[i]);
          slots[slot] = before[i];
          slots[slot + 1] = before[i + 1];
        }
      }
    }

    /** As {@link #put} of all keys of another map. */
    public Builder putAll(KeyMap other) {
      for (int i = 0; i < other.slots.length; i += 2) {
        if (other.slots[i + 1] != ABSENT) {
          put(other.slots[i], other.slots[i + 1]);
        }
      }
      return this;
    }

    /**
     * Adds the chosen rows of a group; those whose key or value is null are left out.
     *
     * @param key the number of a column of integers or dates
     * @param value likewise
     * @throws IllegalArgumentException as {@link #put}, and for columns of another type
     */
    public void add(RowGroup group, Selection rows, int key, int value) {
      Lane keys = lane(group, key);
      Lane values = lane(group, value);
      long[] keyRun = new long[Lane.RUN];
      long[] valueRun = new long[Lane.RUN];
      int[] chosen = rows.toArray();
      int next = 0;
      while (next < chosen.length) {
        int from = chosen[next] / Lane.RUN * Lane.RUN;
        int count = Math.min(Lane.RUN, group.rows() - from);
        keys.keys(from, count, keyRun);
        values.keys(from, count, valueRun);
        for (; next < chosen.length && chosen[next] < from + count; next++) {
          int row = chosen[next];
          if (keys.isValid(row) && values.isValid(row)) {
            put(keyRun[row - from], valueRun[row - from]);
          }
        }
      }
    }

    private static Lane lane(RowGroup group, int column) {
      Lane lane = new Lane(group.column(column));
      Domain domain = lane.domain();
      if (domain == null || domain.kind() != Domain.Kind.WHOLE) {
        throw new IllegalArgumentException("neither integers nor dates: column=" + column);
      }
      return lane;
    }

    /** The map; afterwards this has no keys. */
    public KeyMap build() {
      KeyMap built = new KeyMap(slots, size);
      slots = emptySlots(SLOTS_MIN);
      size = 0;
      return built;
    }
  }

  private static long[] emptySlots(int count) {
    long[] slots = new long[count * 2];
    Arrays.fill(slots, ABSENT);
    return slots;
  }

  /** Where a key is, or would be. */
  private static int slot(long[] slots, long key) {
    int mask = (slots.length >> 1) - 1;
    int slot = (int) Interned.mix(key) & mask;
    while (slots[2 * slot + 1] != ABSENT && slots[2 * slot] != key) {
      slot = slot + 1 & mask;
    }
    return 2 * slot;
  }

  /** How many keys it has, at most {@link #SIZE_MAX}. */
  public int size() {
    return size;
  }

  /** The value of a key; empty if there is no such key. */
  public OptionalLong find(long key) {
    long value = get(key);
    return value == ABSENT ? OptionalLong.empty() : OptionalLong.of(value);
  }

  /** {@link #ABSENT} if there is no such key. */
  long get(long key) {
    return slots[slot(slots, key) + 1];
  }

  /** The keys, in order. */
  public long[] keys() {
    long[] keys = new long[size];
    int at = 0;
    for (int i = 0; i < slots.length; i += 2) {
      if (slots[i + 1] != ABSENT) {
        keys[at++] = slots[i];
      }
    }
    Arrays.sort(keys);
    return keys;
  }

  /** In the form of docs/formats/column-block.md. */
  public byte[] toBytes() {
    long[] keys = keys();
    boolean same = true;
    for (int i = 1; i < keys.length && same; i++) {
      same = get(keys[i]) == get(keys[0]);
    }
    WireWriter out = new WireWriter(16 + 3 * keys.length).int8(VERSION).int32(size).bool(same);
    long before = 0;
    for (int i = 0; i < keys.length; i++) {
      write(out, i == 0 ? folded(keys[0]) : keys[i] - before);
      before = keys[i];
    }
    for (int i = 0; i < (same ? Math.min(1, keys.length) : keys.length); i++) {
      write(out, folded(get(keys[i])));
    }
    return out.toBytes();
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @throws MalformedException if the bytes are something else
   */
  public static KeyMap read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int version = in.int8();
    if (version != VERSION) {
      throw new MalformedException("unknown version of key maps: found=" + version);
    }
    int size = in.int32();
    boolean same = in.bool();
    if (size < 0 || size > SIZE_MAX || size > in.remaining()) {
      throw new MalformedException(
          "keys do not fit: keys=%d bytesLeft=%d".formatted(size, in.remaining()));
    }
    long[] keys = new long[size];
    for (int i = 0; i < size; i++) {
      long read = number(in);
      keys[i] = i == 0 ? unfolded(read) : keys[i - 1] + read;
      if (i > 0 && keys[i] <= keys[i - 1]) {
        throw new MalformedException("keys are not in order: index=" + i);
      }
    }
    Builder map = new Builder();
    long value = 0;
    for (int i = 0; i < size; i++) {
      value = i == 0 || !same ? unfolded(number(in)) : value;
      if (value == ABSENT) {
        throw new MalformedException("not a value of a key: index=" + i);
      }
      map.put(keys[i], value);
    }
    in.end();
    return map.build();
  }

  /** Numbers near zero become small ones without a sign. */
  private static long folded(long value) {
    return value << 1 ^ value >> 63;
  }

  private static long unfolded(long folded) {
    return folded >>> 1 ^ -(folded & 1);
  }

  /** Seven bits a byte, the lowest first; the highest bit says that there are more. */
  private static void write(WireWriter out, long value) {
    long left = value;
    while ((left & ~0x7f) != 0) {
      out.int8((int) left & 0x7f | 0x80);
      left >>>= 7;
    }
    out.int8((int) left);
  }

  private static long number(WireReader in) {
    long value = 0;
    for (int shift = 0; shift <= VARINT_SHIFT_MAX; shift += 7) {
      int next = in.int8();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new MalformedException("a number of more than ten bytes");
  }

  @Override
  public boolean equals(Object other) {
    if (!(other instanceof KeyMap map) || map.size != size) {
      return false;
    }
    for (int i = 0; i < slots.length; i += 2) {
      if (slots[i + 1] != ABSENT && map.get(slots[i]) != slots[i + 1]) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int hashCode() {
    int hash = 0;
    for (int i = 0; i < slots.length; i += 2) {
      hash += slots[i + 1] == ABSENT ? 0 : Long.hashCode(slots[i] * 31 + slots[i + 1]);
    }
    return hash;
  }

  @Override
  public String toString() {
    return "KeyMap[size=" + size + "]";
  }
}

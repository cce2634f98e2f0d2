package io.quire.columns;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.base.WireWriter;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Numbers the groups. A group is a few longs: marks of the columns in which it is null, and for
 * each column a key, or the number of the bytes.
 */
final class GroupTable {
  private final List<Domain> domains;
  private final Interned[] texts;
  private final int groupsMax;
  private final int stride;
  private final long[] wanted;
  private long[] groups;
  private int[] slots = new int[64];
  private int size;

  GroupTable(List<Domain> domains, int groupsMax) {
    this.domains = domains;
    this.groupsMax = groupsMax;
    stride = domains.size() + 1;
    texts = new Interned[domains.size()];
    Arrays.setAll(texts, _ -> new Interned());
    wanted = new long[stride];
    groups = new long[16 * stride];
  }

  int size() {
    return size;
  }

  List<Domain> domains() {
    return domains;
  }

  /** Begins a group that is looked for. */
  void begin() {
    wanted[0] = 0;
  }

  void setNull(int column) {
    wanted[0] |= 1L << column;
    wanted[column + 1] = 0;
  }

  void set(int column, long key) {
    wanted[column + 1] = key;
  }

  void set(int column, MemorySegment bytes, long start, long end) {
    wanted[column + 1] = texts[column].number(bytes, start, end);
  }

  /** The number of the group that was set, perhaps a new one. */
  int find() {
    int slot = slot(wanted, 0);
    if (slots[slot] == 0) {
      if (size == groupsMax) {
        throw new Aggregate.TooManyGroups(groupsMax);
      }
      if (size * 2 >= slots.length) {
        grow();
        slot = slot(wanted, 0);
      }
      if ((size + 1) * stride > groups.length) {
        groups = Arrays.copyOf(groups, groups.length * 2);
      }
      System.arraycopy(wanted, 0, groups, size * stride, stride);
      slots[slot] = ++size;
    }
    return slots[slot] - 1;
  }

  private void grow() {
    slots = new int[slots.length * 4];
    for (int i = 0; i < size; i++) {
      slots[slot(groups, i * stride)] = i + 1;
    }
  }

  private int slot(long[] from, int at) {
    long hash = 0;
    for (int i = 0; i < stride; i++) {
      hash = Interned.mix(hash ^ from[at + i]);
    }
    int mask = slots.length - 1;
    int slot = (int) hash & mask;
    while (slots[slot] > 0) {
      int known = (slots[slot] - 1) * stride;
      if (Arrays.equals(groups, known, known + stride, from, at, at + stride)) {
        break;
      }
      slot = slot + 1 & mask;
    }
    return slot;
  }

  private boolean isNull(int group, int column) {
    return (groups[group * stride] >>> column & 1) != 0;
  }

  private long key(int group, int column) {
    return groups[group * stride + column + 1];
  }

  /** The number that a group of another table has here, perhaps a new one. */
  int find(GroupTable other, int group) {
    begin();
    for (int c = 0; c < domains.size(); c++) {
      if (other.isNull(group, c)) {
        setNull(c);
      } else if (domains.get(c).keys() == Domain.Keys.LONG) {
        set(c, other.key(group, c));
      } else {
        setBytes(c, other.texts[c].bytes(other.key(group, c)));
      }
    }
    return find();
  }

  private void setBytes(int column, byte[] bytes) {
    set(column, MemorySegment.ofArray(bytes), 0, bytes.length);
  }

  List<Optional<Value>> values(int group) {
    List<Optional<Value>> values = new ArrayList<>();
    for (int c = 0; c < domains.size(); c++) {
      values.add(isNull(group, c) ? Optional.empty() : Optional.of(value(group, c)));
    }
    return values;
  }

  private Value value(int group, int column) {
    Domain domain = domains.get(column);
    long key = key(group, column);
    return switch (domain.keys()) {
      case LONG -> domain.value(key);
      case PAIR -> {
        MemorySegment pair = MemorySegment.ofArray(texts[column].bytes(key));
        yield domain.value(pair.get(Memory.LONG, 8), pair.get(Memory.LONG, 0));
      }
      case BYTES -> new Value.Bytes(texts[column].bytes(key));
    };
  }

  void write(WireWriter out, int group) {
    out.int8((int) groups[group * stride]);
    for (int c = 0; c < domains.size(); c++) {
      if (!isNull(group, c)) {
        switch (domains.get(c).keys()) {
          case LONG -> out.int64(key(group, c));
          case PAIR -> out.raw(texts[c].bytes(key(group, c)));
          case BYTES -> out.bytes(texts[c].bytes(key(group, c)));
        }
      }
    }
  }

  /** Reads a group, which must be a new one. */
  void read(WireReader in) {
    begin();
    int nulls = in.int8() & 0xff;
    for (int c = 0; c < domains.size(); c++) {
      if ((nulls >>> c & 1) != 0) {
        setNull(c);
      } else {
        switch (domains.get(c).keys()) {
          case LONG -> set(c, in.int64());
          case PAIR -> setBytes(c, in.raw(16));
          case BYTES -> setBytes(c, in.bytes());
        }
      }
    }
    int before = size;
    if (nulls >>> domains.size() != 0 || find() != before) {
      throw new MalformedException("not a new group: nulls=" + nulls + " group=" + before);
    }
  }
}

package io.quire.gvm;

import io.quire.base.WireReader;
import io.quire.base.WireReader.MalformedException;
import io.quire.gvm.Transaction.Condition;
import io.quire.gvm.Transaction.Write;
import io.quire.gvm.Transaction.Write.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A transaction as a node carries it out. Each key stands in it once, whatever is said of it, and
 * is looked at once: what is written is key 0 and on, in order, and behind them are keys that only
 * conditions name. Not to be changed.
 */
final class Plan {
  /** What the bytes begin with, in the place of a number of conditions; see {@link #read}. */
  static final int VERSION = -2;

  private static final Kind[] KINDS = Kind.values();

  private final byte[] bytes;
  private final Key[] keys;
  private final Kind[] kinds;
  private final byte[] @Nullable [] values;
  private final Test[] tests;

  /** A condition. A key in it is a number among the keys. */
  sealed interface Test {
    record Absent(int key) implements Test {}

    record Present(int key) implements Test {}

    record Version(int key, long version) implements Test {}

    /** One that is on no key. */
    record Elsewhere(Condition condition) implements Test {}
  }

  private Plan(byte[] bytes, Key[] keys, Kind[] kinds, byte[] @Nullable [] values, Test[] tests) {
    this.bytes = bytes;
    this.keys = keys;
    this.kinds = kinds;
    this.values = values;
    this.tests = tests;
  }

  /** Whether it was read from bytes like these. */
  boolean isOf(byte[] others) {
    return Arrays.equals(bytes, others);
  }

  /** How many keys there are in all. */
  int keys() {
    return keys.length;
  }

  /** How many of them, the first ones, are written or touched. */
  int writes() {
    return kinds.length;
  }

  Key key(int number) {
    return keys[number];
  }

  Kind kind(int write) {
    return kinds[write];
  }

  /** Null unless it is a put. */
  byte @Nullable [] value(int write) {
    return values[write];
  }

  int tests() {
    return tests.length;
  }

  Test test(int number) {
    return tests[number];
  }

  /** The same for others to read. */
  Transaction transaction() {
    List<Condition> conditions = new ArrayList<>(tests.length);
    for (Test test : tests) {
      conditions.add(
          switch (test) {
            case Test.Absent(int key) -> new Condition.Absent(keys[key].text());
            case Test.Present(int key) -> new Condition.Present(keys[key].text());
            case Test.Version(int key, long version) ->
                new Condition.Version(keys[key].text(), version);
            case Test.Elsewhere(Condition condition) -> condition;
          });
    }
    List<Write> writes = new ArrayList<>(kinds.length);
    for (int i = 0; i < kinds.length; i++) {
      writes.add(new Write(keys[i].text(), kinds[i], values[i]));
    }
    return new Transaction(conditions, writes);
  }

  /**
   * Reads what {@link Transaction#toBytes} wrote, or wrote before {@value #VERSION} was put in
   * front: then the conditions came first, and each had its key in full.
   */
  static Plan read(byte[] bytes) {
    WireReader in = new WireReader(bytes);
    int first = in.int32();
    Reading reading = new Reading();
    if (first == VERSION) {
      reading.writes(in);
      reading.conditions(in, in.count(3));
    } else {
      WireReader again = new WireReader(bytes);
      List<Condition> conditions = oldConditions(again);
      reading.writes(again);
      conditions.forEach(reading::condition);
      in = again;
    }
    in.end();
    return reading.plan(bytes);
  }

  private static List<Condition> oldConditions(WireReader in) {
    List<Condition> conditions = new ArrayList<>();
    for (int left = in.count(5); left > 0; left--) {
      conditions.add(condition(in.int8(), in));
    }
    return conditions;
  }

  private static Condition condition(int kind, WireReader in) {
    return switch (kind) {
      case 1 -> new Condition.Absent(in.string());
      case 2 -> new Condition.Present(in.string());
      case 3 -> new Condition.Version(in.string(), in.int64());
      case 4 -> new Condition.InView(in.int64());
      case 5 -> new Condition.Held(in.int64());
      case 6 -> new Condition.Free(in.string());
      default -> throw new MalformedException("not a condition");
    };
  }

  /** What has been read so far. */
  private static final class Reading {
    private final ArrayList<Key> keys = new ArrayList<>();
    private final ArrayList<Kind> kinds = new ArrayList<>();
    private final ArrayList<byte @Nullable []> values = new ArrayList<>();
    private final ArrayList<Test> tests = new ArrayList<>();
    private @Nullable Map<String, Integer> numbers;

    void writes(WireReader in) {
      int count = in.count(5);
      keys.ensureCapacity(count + 1);
      kinds.ensureCapacity(count);
      values.ensureCapacity(count);
      for (int left = count; left > 0; left--) {
        int kind = in.int8();
        if (kind < 0 || kind >= KINDS.length) {
          throw new MalformedException("not a write");
        }
        keys.add(Key.read(in));
        kinds.add(KINDS[kind]);
        values.add(KINDS[kind] == Kind.PUT ? in.bytes() : null);
      }
    }

    void conditions(WireReader in, int count) {
      tests.ensureCapacity(count);
      for (int left = count; left > 0; left--) {
        int kind = in.int8();
        switch (kind) {
          case 7 -> tests.add(new Test.Absent(written(in)));
          case 8 -> tests.add(new Test.Present(written(in)));
          case 9 -> tests.add(new Test.Version(written(in), in.int64()));
          case 1 -> tests.add(new Test.Absent(other(Key.read(in))));
          case 2 -> tests.add(new Test.Present(other(Key.read(in))));
          case 3 -> tests.add(new Test.Version(other(Key.read(in)), in.int64()));
          default -> tests.add(new Test.Elsewhere(Plan.condition(kind, in)));
        }
      }
    }

    private int other(Key key) {
      keys.add(key);
      return keys.size() - 1;
    }

    private int written(WireReader in) {
      int write = in.uint16();
      if (write >= kinds.size()) {
        throw new MalformedException("no such write: found=" + write + " writes=" + kinds.size());
      }
      return write;
    }

    void condition(Condition condition) {
      tests.add(
          switch (condition) {
            case Condition.Absent(String key) -> new Test.Absent(number(key));
            case Condition.Present(String key) -> new Test.Present(number(key));
            case Condition.Version(String key, long version) ->
                new Test.Version(number(key), version);
            case Condition.InView _, Condition.Held _, Condition.Free _ ->
                new Test.Elsewhere(condition);
          });
    }

    /** The number of a key among the others, or behind them. */
    private int number(String text) {
      Map<String, Integer> known = numbers;
      if (known == null) {
        known = new HashMap<>();
        for (int i = 0; i < keys.size(); i++) {
          known.put(keys.get(i).text(), i);
        }
        numbers = known;
      }
      return known.computeIfAbsent(text, _ -> other(Key.of(text)));
    }

    Plan plan(byte[] bytes) {
      int parts = kinds.size() + tests.size();
      if (parts > Transaction.PARTS_MAX) {
        throw new IllegalArgumentException(Transaction.tooManyParts(parts));
      }
      return new Plan(
          bytes,
          keys.toArray(Key[]::new),
          kinds.toArray(Kind[]::new),
          values.toArray(new byte[0][]),
          tests.toArray(Test[]::new));
    }
  }
}

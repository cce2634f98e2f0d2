package io.quire.ns;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What namespaces mean, without nodes: operations one after another on plain maps. */
final class Model {
  /** An operation and what came of it. Objects are called by the number of their creation. */
  sealed interface Op {
    record Create(int label, String name, int value) implements Op {}

    record Lookup(String name) implements Op {}

    record LookupId(int label) implements Op {}

    record Update(int label, Seen seen, int value) implements Op {}

    record Rename(int label, Seen seen, String name) implements Op {}

    record Delete(String name) implements Op {}

    record DeleteSeen(int label, Seen seen) implements Op {}

    record Open(String name) implements Op {}

    record OpenId(int label) implements Op {}

    record Close(int label) implements Op {}

    record List() implements Op {}

    /** So much time that what nobody holds is freed. */
    record Wait() implements Op {}
  }

  /** What a caller knows of an object. */
  record Seen(String name, long version, boolean draining) {}

  private static final class Thing {
    String name;
    int value;
    long version;
    boolean draining;
    int references;

    Thing(String name, int value, long version) {
      this.name = name;
      this.value = value;
      this.version = version;
    }
  }

  private final Map<Integer, Thing> things = new HashMap<>();
  private final TreeMap<String, Integer> names = new TreeMap<>();

  Model copy() {
    Model copy = new Model();
    copy.names.putAll(names);
    things.forEach(
        (label, thing) -> {
          Thing same = new Thing(thing.name, thing.value, thing.version);
          same.draining = thing.draining;
          same.references = thing.references;
          copy.things.put(label, same);
        });
    return copy;
  }

  /**
   * Does it and says what should have come of it.
   *
   * @param version that the operation answered, if it did
   */
  String apply(Op op, long version) {
    return switch (op) {
      case Op.Create(int label, String name, int value) -> {
        if (names.putIfAbsent(name, label) != null) {
          yield "NameTaken";
        }
        things.put(label, new Thing(name, value, version));
        yield "ok";
      }
      case Op.Lookup(String name) -> text(names.get(name));
      case Op.LookupId(int label) -> text(label);
      case Op.Update(int label, Seen seen, int value) -> {
        Thing thing = things.get(label);
        if (seen.draining()) {
          yield "Draining";
        } else if (thing == null || thing.version != seen.version()) {
          yield "Stale";
        }
        thing.value = value;
        thing.version = version;
        yield "ok";
      }
      case Op.Rename(int label, Seen seen, String name) -> rename(label, seen, name, version);
      case Op.Delete(String name) -> {
        Integer label = names.get(name);
        yield label == null ? "NotFound" : delete(label);
      }
      case Op.DeleteSeen(int label, Seen seen) -> {
        Thing thing = things.get(label);
        if (seen.draining()) {
          yield "Draining";
        }
        yield thing == null || thing.version != seen.version() ? "Stale" : delete(label);
      }
      case Op.Open(String name) -> open(names.get(name));
      case Op.OpenId(int label) -> open(label);
      case Op.Close(int label) -> {
        Thing thing = things.get(label);
        if (thing == null) {
          yield "freed while it was held";
        }
        thing.references--;
        yield "ok";
      }
      case Op.List() -> names.keySet().toString();
      case Op.Wait() -> {
        things.values().removeIf(thing -> thing.draining && thing.references == 0);
        yield "ok";
      }
    };
  }

  private String rename(int label, Seen seen, String name, long version) {
    Thing thing = things.get(label);
    if (seen.draining()) {
      return "Draining";
    } else if (name.equals(seen.name())) {
      return "NameTaken";
    } else if (thing == null || thing.version != seen.version()) {
      return "Stale";
    } else if (names.containsKey(name)) {
      return "NameTaken";
    }
    names.remove(thing.name);
    names.put(name, label);
    thing.name = name;
    thing.version = version;
    return "ok";
  }

  private String delete(int label) {
    Thing thing = things.get(label);
    if (thing != null) {
      names.remove(thing.name);
      thing.draining = true;
      thing.version = -1;
    }
    return "ok";
  }

  private String open(@Nullable Integer label) {
    Thing thing = label == null ? null : things.get(label);
    if (thing == null) {
      return "null";
    } else if (thing.draining) {
      return "Draining";
    }
    thing.references++;
    return text(label);
  }

  private String text(@Nullable Integer label) {
    Thing thing = label == null ? null : things.get(label);
    return thing == null || label == null
        ? "null"
        : text(label, thing.name, thing.value, thing.draining);
  }

  static String text(int label, String name, int value, boolean draining) {
    return label + name + "=" + value + (draining ? " draining" : "");
  }
}

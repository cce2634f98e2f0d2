package io.quire.harness.chaos;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A line of a journal. Times are of the machine's monotonic clock, which all processes share, so
 * that lines of several journals can be put in order.
 */
sealed interface Entry {
  long nanos();

  /** A client is about to call; written before anything of the call is done. */
  record Begin(long nanos, long call, String client, String verb, List<Part> parts)
      implements Entry {
    public Begin {
      parts = List.copyOf(parts);
    }
  }

  /** The call returned; one result for each part. */
  record End(long nanos, long call, List<Result> results) implements Entry {
    public End {
      results = List.copyOf(results);
    }
  }

  /**
   * A client was sure that it held a lock from {@code nanos} until {@code until}.
   *
   * @param generation of the grant
   */
  record Held(
      long nanos, long until, String client, String lock, boolean exclusive, long generation)
      implements Entry {}

  /** A watch told that something became of a key at a position. */
  record Told(long nanos, String watch, long position, String key) implements Entry {}

  /** A watch told all that became of keys with a prefix after one position, up to another. */
  record Watched(long nanos, String watch, String prefix, long after, long to) implements Entry {}

  /** The client saw something that must not be, by itself. */
  record Broken(long nanos, String what) implements Entry {}

  default String line() {
    List<String> fields = new ArrayList<>();
    switch (this) {
      case Begin begin -> {
        fields.addAll(List.of("B", "" + begin.nanos, "" + begin.call, begin.client, begin.verb));
        begin.parts.forEach(part -> fields.add(part.text()));
      }
      case End end -> {
        fields.addAll(List.of("E", "" + end.nanos, "" + end.call));
        end.results.forEach(result -> fields.add(result.text()));
      }
      case Held held ->
          fields.addAll(
              List.of(
                  "H",
                  "" + held.nanos,
                  "" + held.until,
                  held.client,
                  held.lock,
                  "" + held.exclusive,
                  "" + held.generation));
      case Told told ->
          fields.addAll(List.of("T", "" + told.nanos, told.watch, "" + told.position, told.key));
      case Watched watched ->
          fields.addAll(
              List.of(
                  "W",
                  "" + watched.nanos,
                  watched.watch,
                  watched.prefix,
                  "" + watched.after,
                  "" + watched.to));
      case Broken broken ->
          fields.addAll(List.of("X", "" + broken.nanos, broken.what.replaceAll("\\s+", " ")));
    }
    return String.join("\t", fields);
  }

  static Entry parse(String line) {
    String[] fields = line.split("\t");
    List<String> rest = Arrays.asList(fields);
    long nanos = Long.parseLong(fields[1]);
    return switch (fields[0]) {
      case "B" ->
          new Begin(
              nanos,
              Long.parseLong(fields[2]),
              fields[3],
              fields[4],
              rest.subList(5, fields.length).stream().map(Part::parse).toList());
      case "E" ->
          new End(
              nanos,
              Long.parseLong(fields[2]),
              rest.subList(3, fields.length).stream().map(Result::parse).toList());
      case "H" ->
          new Held(
              nanos,
              Long.parseLong(fields[2]),
              fields[3],
              fields[4],
              Boolean.parseBoolean(fields[5]),
              Long.parseLong(fields[6]));
      case "T" -> new Told(nanos, fields[2], Long.parseLong(fields[3]), fields[4]);
      case "W" ->
          new Watched(
              nanos, fields[2], fields[3], Long.parseLong(fields[4]), Long.parseLong(fields[5]));
      case "X" -> new Broken(nanos, fields[2]);
      default -> throw new IllegalArgumentException("not a line of a journal: found=" + line);
    };
  }
}

package io.quire.harness.chaos;

import io.quire.sim.Action;
import io.quire.sim.Atomicity;
import io.quire.sim.History;
import io.quire.sim.Linearizability;
import io.quire.sim.Operation;
import io.quire.sim.Verdict;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the journals of a run, and the images of its nodes at the end, say against it: keys whose
 * history no register explains, transactions seen by half, acknowledged changes that are gone. What
 * every node shows at the end counts as a read of each key.
 */
final class Judgement {
  private static final String TRANSACT = "transact";
  private static final String LOOK = "look";

  private final long[] now = new long[1];
  private final History history = new History(() -> now[0]);
  private final Map<String, Atomicity> groups = new TreeMap<>();
  private final Map<Long, Open> open = new HashMap<>();
  private final TreeSet<String> keys = new TreeSet<>();
  private final Map<String, Fate> fates = new HashMap<>();
  private final Holds holds = new Holds();
  private final Observations observations = new Observations();
  private final List<String> violations = new ArrayList<>();
  private final List<String> undecided = new ArrayList<>();
  private final List<String> lost = new ArrayList<>();
  private final long begun;

  /** A call that has not ended. */
  private record Open(Entry.Begin begin, List<Operation> operations, long look) {}

  /** The newest acknowledged change of a key, and who may have undone it rightly. */
  private static final class Fate {
    private long version;
    private boolean removed;
    private long sinceNanos;

    /** Until when, at least, a removal of which the version is not known was under way. */
    private long removalUntil = Long.MIN_VALUE;
  }

  private Judgement(long begun) {
    this.begun = begun;
  }

  /**
   * Judges a run.
   *
   * @param lines of all journals, in order
   * @param images of all nodes at the end, by name
   * @param begun zero of the times in explanations
   */
  static Judgement of(List<Harvest.Line> lines, Map<String, Image> images, long begun) {
    Judgement judgement = new Judgement(begun);
    lines.forEach(judgement::replay);
    judgement.leaveOpen();
    images.forEach(judgement::readAtTheEnd);
    judgement.judge();
    return judgement;
  }

  /** One sentence or more for each. */
  List<String> violations() {
    return List.copyOf(violations);
  }

  /** Keys about which the search for an order grew too large. */
  List<String> undecided() {
    return List.copyOf(undecided);
  }

  /** Acknowledged changes that are not there at the end, though nothing undid them. */
  List<String> lost() {
    return List.copyOf(lost);
  }

  /** How often a client held a lock. */
  long holds() {
    return holds.count();
  }

  /** How many acknowledged changes were looked for among what watches told. */
  long watched() {
    return observations.count();
  }

  private void replay(Harvest.Line line) {
    now[0] = line.entry().nanos() - begun;
    switch (line.entry()) {
      case Entry.Begin begin -> begin(line.source(), begin);
      case Entry.End end -> {
        Open call = open.remove(number(line.source(), end.call()));
        if (call == null) {
          throw new IllegalStateException("an end without its begin: line=" + line);
        }
        end(call, end);
      }
      case Entry.Held held -> holds.held(held);
      case Entry.Told told -> observations.told(told);
      case Entry.Watched watched -> observations.watched(watched);
      case Entry.Broken broken -> violations.add(broken.what());
    }
  }

  private static long number(int source, long call) {
    return (long) source << 40 | call;
  }

  private void begin(int source, Entry.Begin begin) {
    List<Operation> operations = new ArrayList<>();
    for (Part part : begin.parts()) {
      keys.add(part.key());
      operations.add(history.invoke(begin.client(), part.key(), part.action()));
    }
    long look = begin.verb().equals(LOOK) ? group(begin).beginLook() : 0;
    if (begin.verb().equals(TRANSACT)) {
      group(begin).begin(value(begin), begin.parts().stream().map(Part::key).toList());
    }
    open.put(number(source, begin.call()), new Open(begin, operations, look));
  }

  private Atomicity group(Entry.Begin begin) {
    String key = begin.parts().getFirst().key();
    return groups.computeIfAbsent(key.substring(0, key.lastIndexOf('/')), _ -> new Atomicity());
  }

  private static String value(Entry.Begin begin) {
    if (begin.parts().getFirst().action() instanceof Action.Write write && write.value() != null) {
      return write.value();
    }
    throw new IllegalStateException("a transaction without a value: begin=" + begin);
  }

  private void end(Open call, Entry.End end) {
    List<Part> parts = call.begin.parts();
    for (int i = 0; i < parts.size(); i++) {
      Result result = end.results().get(i);
      result.tell(call.operations.get(i));
      note(parts.get(i), result, call.begin.nanos(), end.nanos());
    }
    Result first = end.results().getFirst();
    if (call.begin.verb().equals(TRANSACT)) {
      if (first instanceof Result.Written(long version)) {
        group(call.begin).committed(value(call.begin), version);
      } else if (!(first instanceof Result.Unknown)) {
        group(call.begin).failed(value(call.begin));
      }
    } else if (call.begin.verb().equals(LOOK) && !(first instanceof Result.Failed)) {
      group(call.begin).endLook(call.look, seen(parts, end.results()));
    }
  }

  private static Map<String, Atomicity.Seen> seen(List<Part> parts, List<Result> results) {
    Map<String, Atomicity.Seen> seen = new HashMap<>();
    for (int i = 0; i < parts.size(); i++) {
      seen.put(
          parts.get(i).key(),
          results.get(i) instanceof Result.Found(long version, String value)
              ? new Atomicity.Seen(value, version)
              : new Atomicity.Seen(null, 0));
    }
    return seen;
  }

  /** Keeps what {@link #lost} needs. */
  private void note(Part part, Result result, long from, long to) {
    if (!(part.action() instanceof Action.Write write)) {
      return;
    }
    Fate fate = fates.computeIfAbsent(part.key(), _ -> new Fate());
    boolean removes = write.value() == null;
    switch (result) {
      case Result.Written(long version) -> {
        observations.written(part.key(), version);
        if (Keys.isFile(part.key()) && write.value() != null) {
          holds.wrote(part.key(), version, LockClient.generation(write.value()));
        }
        if (version > fate.version) {
          fate.version = version;
          fate.removed = removes;
          fate.sinceNanos = from;
        } else if (version == 0) {
          fate.removalUntil = Math.max(fate.removalUntil, to);
        }
      }
      case Result.Unknown _ -> {
        if (removes) {
          fate.removalUntil = Long.MAX_VALUE;
        }
      }
      case Result.Found _, Result.Absent _, Result.Refused _, Result.Failed _ -> {}
    }
  }

  private void leaveOpen() {
    for (Open call : open.values()) {
      call.begin.parts().forEach(part -> note(part, Result.UNKNOWN, 0, 0));
    }
  }

  private void readAtTheEnd(String node, Image image) {
    for (String key : keys) {
      Result found = image.find(key);
      found.tell(history.invoke("end." + node, key, Action.read()));
      String gone = goneWrong(fates.get(key), found);
      if (gone != null) {
        lost.add("key=%s node=%s %s".formatted(key, node, gone));
      }
    }
  }

  private static @Nullable String goneWrong(@Nullable Fate fate, Result found) {
    if (fate == null || fate.version == 0) {
      return null;
    }
    if (found instanceof Result.Found(long version, String _)) {
      boolean old = fate.removed ? version <= fate.version : version < fate.version;
      return old ? "acknowledged=" + fate.version + " found=" + version : null;
    }
    boolean rightly = fate.removed || fate.removalUntil >= fate.sinceNanos;
    return rightly ? null : "acknowledged=" + fate.version + " found=nothing";
  }

  private void judge() {
    Linearizability.judge(history)
        .forEach(
            (_, verdict) -> {
              switch (verdict) {
                case Verdict.Good _ -> {}
                case Verdict.Bad(String why) -> violations.add(why);
                case Verdict.Undecided(String why) -> undecided.add(why);
              }
            });
    violations.addAll(holds.violations());
    violations.addAll(observations.violations());
    groups.forEach(
        (_, group) -> {
          if (group.check() instanceof Verdict.Bad(String why)) {
            violations.add(why);
          }
        });
  }
}

package io.quire.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/*
 * The search of Wing and Gong with the memory of Lowe: begins and ends of operations stand in a
 * list by time; one whose begin comes before any end may be next; it is taken out and the search
 * goes on; at an end of an operation that was not taken out, the last choice was wrong. A pair of
 * (set of operations taken, state) that was seen need not be seen again.
 *
 * The state is the number of the write that made the value, or ABSENT. An unknown write has a begin
 * only, so it may be taken at any later time, or never. A version that a read found is bound to the
 * write whose value it found, if only one write has that value.
 *
 * Unknown writes are what makes the search large. One that is taken must be met at once, by a read,
 * a condition or a refusal: if a blind write came next, the order without it would do as well.
 * And what can be next and changes nothing is taken at once.
 */
final class LinearSearch {
  /** What the search found. */
  enum Result {
    FOUND,
    NONE,
    GAVE_UP
  }

  /** States after which the search gives up. */
  static final int STATES_MAX = 300_000;

  private static final int ABSENT = -1;
  private static final int IMPOSSIBLE = -2;

  private final Operation[] operations;
  private final boolean[] ended;
  private final long[] versions;
  private final Set<Long> owned = new HashSet<>();
  private final int count;

  /** Begin of operation i at i + 1, its end at count + i + 1; 0 is the head, -1 the tail. */
  private final int[] next;

  private final int[] previous;
  private final int[] order;
  private final int[] states;
  private final boolean[] followed;
  private final long[] taken;
  private final Set<Seen> seen = new HashSet<>();
  private int depth;
  private int state = ABSENT;
  private int left;
  private int[] best = {};
  private int bestState = ABSENT;

  /** Of the operations invoked before {@code until}; what ended after it is unknown. */
  LinearSearch(List<Operation> all, long until) {
    List<Operation> kept = new ArrayList<>();
    for (Operation each : all) {
      boolean counts =
          over(each, until) ? each.outcome != Operation.Outcome.FAILED : each.mayWrite();
      if (each.invoked < until && counts) {
        kept.add(each);
      }
    }
    operations = kept.toArray(new Operation[0]);
    count = operations.length;
    ended = new boolean[count];
    versions = new long[count];
    for (int i = 0; i < count; i++) {
      ended[i] = over(operations[i], until);
      versions[i] = ended[i] ? operations[i].version : 0;
      left += ended[i] ? 1 : 0;
    }
    bindVersions();
    order = new int[count];
    states = new int[count];
    followed = new boolean[count];
    taken = new long[(count + 63) / 64];
    next = new int[2 * count + 1];
    previous = new int[2 * count + 1];
    link();
  }

  Result run() {
    takeNeutral();
    int at = next[0];
    while (left > 0) {
      if (seen.size() > STATES_MAX) {
        return Result.GAVE_UP;
      }
      if (isBegin(at)) {
        if (choose(at - 1)) {
          takeNeutral();
          at = next[0];
        } else {
          at = next[at];
        }
      } else {
        int wrong = undo();
        if (wrong < 0) {
          return Result.NONE;
        }
        at = next[wrong + 1];
      }
    }
    return Result.FOUND;
  }

  /** Takes the operation next, unless it cannot be or that was tried before. */
  private boolean choose(int operation) {
    boolean unmet = depth > 0 && !ended[order[depth - 1]];
    int after = unmet && blind(operation) ? IMPOSSIBLE : apply(operation, state);
    if (after == IMPOSSIBLE) {
      return false;
    }
    long[] then = taken.clone();
    then[operation >> 6] |= 1L << operation;
    if (!seen.add(new Seen(then, after, ended[operation]))) {
      return false;
    }
    take(operation, after, false);
    return true;
  }

  /** Takes what can be next and changes nothing: there is no reason to do so later. */
  private void takeNeutral() {
    int at = next[0];
    while (isBegin(at)) {
      int operation = at - 1;
      if (neutral(operation) && apply(operation, state) == state) {
        take(operation, state, true);
        at = next[0];
      } else {
        at = next[at];
      }
    }
  }

  /** Takes back the last choice and all that followed from it; -1 if there was none. */
  private int undo() {
    while (depth > 0) {
      depth--;
      int operation = order[depth];
      state = states[depth];
      left += ended[operation] ? 1 : 0;
      taken[operation >> 6] &= ~(1L << operation);
      putBack(operation);
      if (!followed[depth]) {
        return operation;
      }
    }
    return -1;
  }

  private void take(int operation, int after, boolean follows) {
    order[depth] = operation;
    states[depth] = state;
    followed[depth] = follows;
    depth++;
    state = after;
    left -= ended[operation] ? 1 : 0;
    taken[operation >> 6] |= 1L << operation;
    unlink(operation + 1);
    if (ended[operation]) {
      unlink(count + operation + 1);
    }
    if (depth > best.length) {
      best = Arrays.copyOf(order, depth);
      bestState = state;
    }
  }

  private boolean isBegin(int entry) {
    return entry > 0 && entry <= count;
  }

  /** The longest order that was possible, and what cannot follow. */
  String explanation() {
    StringBuilder text = new StringBuilder("  possible so far, in this order:\n");
    boolean[] done = new boolean[count];
    for (int operation : best) {
      done[operation] = true;
      text.append("    ").append(operations[operation]).append('\n');
    }
    text.append("  then the key is ")
        .append(bestState == ABSENT ? "absent" : valueOf(bestState))
        .append(", and none of these can be next:\n");
    for (int i = 0; i < count; i++) {
      if (!done[i]) {
        text.append("    ").append(operations[i]).append('\n');
      }
    }
    return text.toString();
  }

  private static boolean over(Operation operation, long until) {
    return operation.returned <= until && operation.outcome != Operation.Outcome.UNKNOWN;
  }

  private void bindVersions() {
    Map<String, Integer> writers = new HashMap<>();
    for (int i = 0; i < count; i++) {
      String value = operations[i].value;
      if (operations[i].mayWrite() && value != null) {
        writers.merge(value, i, (_, _) -> ABSENT);
      }
    }
    for (int i = 0; i < count; i++) {
      String value = operations[i].value;
      if (operations[i].action instanceof Action.Read && ended[i] && value != null) {
        int writer = writers.getOrDefault(value, ABSENT);
        if (writer != ABSENT && versions[writer] == 0) {
          versions[writer] = versions[i];
        }
      }
    }
    for (int i = 0; i < count; i++) {
      if (operations[i].mayWrite() && versions[i] != 0) {
        owned.add(versions[i]);
      }
    }
  }

  /** Whether it writes nothing. */
  private boolean neutral(int operation) {
    Operation each = operations[operation];
    return !(each.action instanceof Action.Write) || each.outcome == Operation.Outcome.REFUSED;
  }

  /** Whether it writes whatever was there. */
  private boolean blind(int operation) {
    return operations[operation].action instanceof Action.Write write
        && write.condition() instanceof Action.Condition.Always;
  }

  /** The state after the operation, if it can take effect in this one. */
  private int apply(int operation, int state) {
    Operation each = operations[operation];
    return switch (each.action) {
      case Action.Read _ -> {
        boolean same =
            each.value == null
                ? state == ABSENT
                : state != ABSENT
                    && each.value.equals(valueOf(state))
                    && alike(versions[operation], versions[state]);
        yield same ? state : IMPOSSIBLE;
      }
      case Action.Exists _ -> (each.value != null) == (state != ABSENT) ? state : IMPOSSIBLE;
      case Action.Write write -> {
        if (each.outcome == Operation.Outcome.REFUSED) {
          yield mayFail(write.condition(), state) ? state : IMPOSSIBLE;
        }
        if (!mayHold(write.condition(), state)) {
          yield IMPOSSIBLE;
        }
        yield write.value() == null ? ABSENT : operation;
      }
    };
  }

  private boolean mayHold(Action.Condition condition, int state) {
    return switch (condition) {
      case Action.Condition.Always _ -> true;
      case Action.Condition.Absent _ -> state == ABSENT;
      case Action.Condition.Present _ -> state != ABSENT;
      case Action.Condition.Value(String value) -> state != ABSENT && value.equals(valueOf(state));
      case Action.Condition.Version(long version) ->
          state != ABSENT
              && (versions[state] == version || (versions[state] == 0 && !owned.contains(version)));
    };
  }

  private boolean mayFail(Action.Condition condition, int state) {
    // A write whose version nobody saw may have had this one or another.
    boolean unsure =
        condition instanceof Action.Condition.Version && state != ABSENT && versions[state] == 0;
    return unsure || !mayHold(condition, state);
  }

  private static boolean alike(long version, long other) {
    return version == 0 || other == 0 || version == other;
  }

  private String valueOf(int state) {
    return Objects.requireNonNull(operations[state].value);
  }

  private void link() {
    List<long[]> moments = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      moments.add(new long[] {operations[i].invoked, i + 1});
      if (ended[i]) {
        moments.add(new long[] {operations[i].returned, count + i + 1});
      }
    }
    moments.sort((a, b) -> Long.compare(a[0], b[0]));
    int last = 0;
    for (long[] moment : moments) {
      int here = (int) moment[1];
      next[last] = here;
      previous[here] = last;
      last = here;
    }
    next[last] = -1;
  }

  private void putBack(int operation) {
    if (ended[operation]) {
      relink(count + operation + 1);
    }
    relink(operation + 1);
  }

  private void unlink(int entry) {
    next[previous[entry]] = next[entry];
    if (next[entry] >= 0) {
      previous[next[entry]] = previous[entry];
    }
  }

  private void relink(int entry) {
    next[previous[entry]] = entry;
    if (next[entry] >= 0) {
      previous[next[entry]] = entry;
    }
  }

  private record Seen(long[] taken, int state, boolean met) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Seen seen
          && seen.state == state
          && seen.met == met
          && Arrays.equals(seen.taken, taken);
    }

    @Override
    public int hashCode() {
      return (Arrays.hashCode(taken) * 31 + state) * 31 + (met ? 1 : 0);
    }
  }
}

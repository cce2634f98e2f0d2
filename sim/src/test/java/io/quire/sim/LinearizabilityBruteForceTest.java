package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Small histories at random, judged by trying every order. */
@Timeout(60)
class LinearizabilityBruteForceTest {
  @Test
  void verdicts_onSmallHistories_areThoseOfTryingEveryOrder() {
    int[] counts = new int[2];
    Seeds.forEach(1, 6_000, seed -> compare(seed, counts));
    Seeds.fresh(2_000, seed -> compare(seed, counts));
    assertThat(counts[0]).as("good").isGreaterThan(1_000);
    assertThat(counts[1]).as("bad").isGreaterThan(1_000);
  }

  private static void compare(long seed, int[] counts) {
    List<Operation> operations = random(new Dice(seed));
    boolean possible = possible(new ArrayList<>(operations), null);
    History history = operations.getFirst().history();
    Verdict verdict = Linearizability.check(history);
    counts[possible ? 0 : 1]++;
    assertThat(verdict instanceof Verdict.Good)
        .as("%s\n%s", operations, verdict)
        .isEqualTo(possible);
  }

  private static List<Operation> random(Dice dice) {
    long[] now = {0};
    History history = new History(() -> now[0]++);
    List<Operation> open = new ArrayList<>();
    int count = (int) dice.between(2, 6);
    for (int begun = 0; begun < count || !open.isEmpty(); ) {
      if (begun < count && (open.isEmpty() || dice.nextBoolean())) {
        open.add(history.invoke("c" + begun, "key", action(dice, begun)));
        begun++;
      } else {
        end(open.remove((int) dice.between(0, open.size() - 1)), dice);
      }
    }
    return history.operations();
  }

  private static Action action(Dice dice, int number) {
    return switch ((int) dice.between(0, 7)) {
      case 0, 1 -> Action.read();
      case 2 -> Action.exists();
      case 3 -> dice.nextBoolean() ? Action.delete() : Action.deleteIfPresent();
      case 4 -> Action.create("v" + number);
      case 5 -> Action.writeIfValue("v" + dice.between(0, 3), "v" + number);
      default -> Action.write("v" + number);
    };
  }

  private static void end(Operation operation, Dice dice) {
    if (dice.chance(0.25)) {
      operation.unknown();
    } else if (!(operation.action() instanceof Action.Write)) {
      operation.read(dice.chance(0.3) ? null : "v" + dice.between(0, 3), 0);
    } else if (dice.chance(0.2)) {
      operation.refused();
    } else if (dice.chance(0.1)) {
      operation.failed();
    } else {
      operation.written(0);
    }
  }

  /** Whether the rest can happen in some order from this value. */
  private static boolean possible(List<Operation> rest, @Nullable String value) {
    if (rest.stream().noneMatch(LinearizabilityBruteForceTest::mustHappen)) {
      return true;
    }
    for (Operation next : rest) {
      boolean first =
          rest.stream().noneMatch(other -> mustHappen(other) && other.returned < next.invoked);
      if (!first || next.outcome() == Operation.Outcome.FAILED) {
        continue;
      }
      List<Operation> others = new ArrayList<>(rest);
      others.remove(next);
      boolean holds = holds(next.action(), value);
      boolean goesOn =
          switch (next.action()) {
            case Action.Read _ ->
                (next.outcome() == Operation.Outcome.UNKNOWN || Objects.equals(next.value, value))
                    && possible(others, value);
            case Action.Exists _ ->
                (next.outcome() == Operation.Outcome.UNKNOWN
                        || (next.value == null) == (value == null))
                    && possible(others, value);
            case Action.Write write ->
                next.outcome() == Operation.Outcome.REFUSED
                    ? !holds && possible(others, value)
                    : holds && possible(others, write.value());
          };
      if (goesOn) {
        return true;
      }
    }
    return false;
  }

  private static boolean mustHappen(Operation operation) {
    return operation.outcome() == Operation.Outcome.OK
        || operation.outcome() == Operation.Outcome.REFUSED;
  }

  private static boolean holds(Action action, @Nullable String value) {
    return !(action instanceof Action.Write write)
        || switch (write.condition()) {
          case Action.Condition.Always _, Action.Condition.Version _ -> true;
          case Action.Condition.Absent _ -> value == null;
          case Action.Condition.Present _ -> value != null;
          case Action.Condition.Value(String wanted) -> wanted.equals(value);
        };
  }
}

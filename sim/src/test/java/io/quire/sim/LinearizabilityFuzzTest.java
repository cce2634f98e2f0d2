package io.quire.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Histories of a real register must be accepted; such with one lie mostly not. */
@Timeout(60)
class LinearizabilityFuzzTest {
  private static final int OPERATIONS = 120;

  @Test
  void histories_ofARealRegister_areGood() {
    Seeds.forEach(1, 300, seed -> assertGood(seed, 0.05));
    Seeds.fresh(100, seed -> assertGood(seed, 0.05));
  }

  @Test
  void histories_withManyUnknown_areGoodAndDecided() {
    Seeds.fresh(50, seed -> assertGood(seed, 0.12));
  }

  @Test
  void histories_withOneStaleRead_areMostlyBad() {
    int[] bad = {0};
    Seeds.forEach(
        1,
        300,
        seed -> {
          Register register = new Register(seed, 0.05, true);
          register.run();
          if (Linearizability.check(register.history) instanceof Verdict.Bad) {
            bad[0]++;
          }
        });
    assertThat(bad[0]).isGreaterThan(200);
  }

  private static void assertGood(long seed, double unknown) {
    Register register = new Register(seed, unknown, false);
    register.run();
    assertThat(Linearizability.check(register.history)).isEqualTo(new Verdict.Good());
  }

  /** Five clients and one register, each operation taking effect somewhere in its time. */
  private static final class Register {
    private final Dice dice;
    private final double unknown;
    private final boolean lies;
    private final History history;
    private final Map<String, List<Runnable>> clients = new HashMap<>();
    private final List<Runnable> strays = new ArrayList<>();
    private final List<String> former = new ArrayList<>(List.of("v0"));
    private long now;
    private @Nullable String value;
    private long version;
    private long versions;
    private boolean lied;

    Register(long seed, double unknown, boolean lies) {
      dice = new Dice(seed);
      this.unknown = unknown;
      this.lies = lies;
      history = new History(() -> now++);
    }

    void run() {
      int begun = 0;
      while (begun < OPERATIONS || !clients.isEmpty()) {
        String client = "c" + dice.between(0, 4);
        List<Runnable> steps = clients.get(client);
        if (steps == null && begun < OPERATIONS) {
          clients.put(client, begin(client, begun++));
        } else if (steps != null) {
          steps.removeFirst().run();
          if (steps.isEmpty()) {
            clients.remove(client);
          }
        }
        if (!strays.isEmpty() && dice.chance(0.05)) {
          strays.remove((int) dice.between(0, strays.size() - 1)).run();
        }
      }
    }

    private List<Runnable> begin(String client, int number) {
      List<Runnable> steps = new ArrayList<>();
      Action action = action("v" + number + 1);
      Operation operation = history.invoke(client, "key", action);
      Runnable[] end = {operation::failed};
      Runnable effect = () -> end[0] = effect(operation, action);
      if (dice.chance(unknown) && action instanceof Action.Write) {
        if (dice.nextBoolean()) {
          strays.add(effect);
        }
        steps.add(operation::unknown);
      } else {
        if (!dice.chance(0.05)) {
          steps.add(effect);
        }
        steps.add(() -> end[0].run());
      }
      return steps;
    }

    private Action action(String fresh) {
      return switch ((int) dice.between(0, 8)) {
        case 0, 1, 2 -> Action.read();
        case 8 -> dice.nextBoolean() ? Action.exists() : Action.deleteIfPresent();
        case 3, 4 -> Action.write(fresh);
        case 5 -> Action.writeIfVersion(dice.chance(0.7) ? version : 1, fresh);
        case 6 -> Action.create(fresh);
        default -> Action.delete();
      };
    }

    private Runnable effect(Operation operation, Action action) {
      if (!(action instanceof Action.Write write)) {
        return lies && !lied && action instanceof Action.Read && former.size() > 12
            ? lie(operation)
            : truth(operation);
      }
      boolean holds =
          switch (write.condition()) {
            case Action.Condition.Always _ -> true;
            case Action.Condition.Absent _ -> value == null;
            case Action.Condition.Present _ -> value != null;
            case Action.Condition.Version(long wanted) -> value != null && version == wanted;
            case Action.Condition.Value(String wanted) -> wanted.equals(value);
          };
      if (!holds) {
        return operation::refused;
      }
      value = write.value();
      if (value != null) {
        former.add(value);
      }
      version = ++versions;
      long mine = version;
      return () -> operation.written(mine);
    }

    private Runnable truth(Operation operation) {
      String found = value;
      long its = found == null ? 0 : version;
      return () -> operation.read(found, its);
    }

    private Runnable lie(Operation operation) {
      lied = true;
      String found = former.get(former.size() - 6);
      return () -> operation.read(found, 0);
    }
  }
}

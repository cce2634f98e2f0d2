package io.quire.harness.chaos;

import io.quire.sim.Dice;
import java.util.List;
import java.util.Locale;

/** One piece of harm, as it was drawn; whom it meets is known when it happens. */
sealed interface Fault {
  /** Longer than the lease, so that some pauses are below it and some above. */
  long PAUSE_MILLIS_MAX = 8_000;

  long CUT_MILLIS_MAX = 12_000;
  long DOWN_MILLIS_MAX = 4_000;
  long DISK_MILLIS_MAX = 6_000;

  /** Who is meant. */
  enum Role {
    ANY,
    /** Who leads the log. */
    LEADER,
    /** Who has most changes of its clients under way. */
    COORDINATOR
  }

  /**
   * A node.
   *
   * @param roll chooses among those of the role
   */
  record Target(Role role, int roll) {
    static Target draw(Dice dice) {
      return new Target(dice.pick(List.of(Role.values())), (int) dice.between(0, 1_000));
    }

    @Override
    public String toString() {
      return role.name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * {@code kill -9}.
   *
   * @param downMillis until it is started again
   * @param againMillis after that start it is killed once more, in the midst of its recovery; 0 for
   *     not
   */
  record Kill(Target target, long downMillis, long againMillis) implements Fault {}

  /** {@code kill -9} of all at once. */
  record KillAll(long downMillis) implements Fault {}

  record Pause(Target target, long millis) implements Fault {}

  /** How the network is cut. */
  enum Cut {
    /** One node's cable is pulled. */
    UNPLUGGED,
    /** One node hears all and nobody hears it. */
    MUTE,
    /** One node hears nobody and all hear it. */
    DEAF,
    /** Two nodes do not hear each other; all others hear both. */
    LINK,
    /** One node does not hear one other. */
    ONE_WAY,
    /** The nodes fall into two halves. */
    HALVES
  }

  record Partition(Cut cut, Target target, int other, long millis) implements Fault {}

  /** The data file system of a node has no byte left. */
  record FullDisk(Target target, long millis) implements Fault {}

  /** Each sync of a node's process fails. */
  record FailedSync(Target target, long millis) implements Fault {}

  /**
   * A clock is wrong from now on.
   *
   * @param rate its speed
   * @param jumpNanos how far it jumps ahead; if negative, how long it stands still
   * @param wallMillis how far its time of day is off
   */
  record Skew(Target target, double rate, long jumpNanos, long wallMillis) implements Fault {}

  default FaultKind kind() {
    return switch (this) {
      case Kill _, KillAll _ -> FaultKind.KILL;
      case Pause _ -> FaultKind.PAUSE;
      case Partition _ -> FaultKind.PARTITION;
      case FullDisk _, FailedSync _ -> FaultKind.DISK;
      case Skew _ -> FaultKind.CLOCK;
    };
  }

  static Fault draw(FaultKind kind, Dice dice) {
    Target target = Target.draw(dice);
    long part = dice.between(0, 1_000);
    return switch (kind) {
      case KILL -> {
        long down = dice.nextBoolean() ? 0 : DOWN_MILLIS_MAX * part / 1_000;
        if (dice.chance(0.12)) {
          yield new KillAll(down);
        }
        yield new Kill(target, down, dice.chance(0.25) ? dice.between(200, 6_000) : 0);
      }
      case PAUSE -> new Pause(target, 100 + PAUSE_MILLIS_MAX * part / 1_000);
      case PARTITION ->
          new Partition(
              dice.pick(List.of(Cut.values())),
              target,
              (int) dice.between(0, 1_000),
              300 + CUT_MILLIS_MAX * part / 1_000);
      case DISK ->
          dice.chance(0.6)
              ? new FullDisk(target, 500 + DISK_MILLIS_MAX * part / 1_000)
              : new FailedSync(target, 500 + DISK_MILLIS_MAX * part / 1_000);
      case CLOCK -> ClockLimits.draw(target, dice);
    };
  }
}

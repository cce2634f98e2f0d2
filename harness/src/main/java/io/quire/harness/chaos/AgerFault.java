package io.quire.harness.chaos;

import io.quire.sim.Dice;
import java.util.List;
import java.util.Locale;

/**
 * Harm to an ager's process or stores.
 *
 * @param what is done
 * @param millis for how long
 */
record AgerFault(What what, long millis) {
  /** Whom it hits; one fault at a time hits each of them. */
  enum Whom {
    PROCESS,
    FLASH,
    HDFS
  }

  /** What can be done. */
  enum What {
    KILL_PROCESS(FaultKind.KILL, Whom.PROCESS, 3_000),
    KILL_DATA_NODE(FaultKind.KILL, Whom.HDFS, 15_000),
    KILL_NAME_NODE(FaultKind.KILL, Whom.HDFS, 10_000),
    PAUSE_PROCESS(FaultKind.PAUSE, Whom.PROCESS, 5_000),
    PAUSE_DATA_NODE(FaultKind.PAUSE, Whom.HDFS, 30_000),
    SLOW_DATA_NODE(FaultKind.PAUSE, Whom.HDFS, 30_000),
    PAUSE_NAME_NODE(FaultKind.PAUSE, Whom.HDFS, 30_000),
    FILL_FLASH(FaultKind.DISK, Whom.FLASH, 20_000),
    FLIP_BITS(FaultKind.DISK, Whom.FLASH, 0),
    FAIL_IO(FaultKind.DISK, Whom.FLASH, 5_000);

    final FaultKind kind;
    final Whom whom;
    private final long millisMax;

    What(FaultKind kind, Whom whom, long millisMax) {
      this.kind = kind;
      this.whom = whom;
      this.millisMax = millisMax;
    }

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /** Any of the possible ones. */
  static AgerFault draw(List<What> possible, Dice dice) {
    What what = dice.pick(possible);
    return new AgerFault(what, dice.between(0, what.millisMax));
  }
}

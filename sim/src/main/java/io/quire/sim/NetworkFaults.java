package io.quire.sim;

/**
 * How bad a network is; each number is the probability per message.
 *
 * @param drop lost
 * @param duplicate delivered twice
 * @param slow delayed by up to tens of milliseconds, so overtaken by others
 * @param stray delayed by up to seconds, past most deadlines
 */
public record NetworkFaults(double drop, double duplicate, double slow, double stray) {
  /** Small delays only. */
  public static final NetworkFaults NONE = new NetworkFaults(0, 0, 0, 0);

  /** All of them, often. */
  public static final NetworkFaults HARSH = new NetworkFaults(0.05, 0.05, 0.1, 0.01);

  /** A mix for one world: each kind is there or not, at some rate. */
  public static NetworkFaults draw(Dice dice) {
    return new NetworkFaults(rate(dice, 0.1), rate(dice, 0.2), rate(dice, 0.3), rate(dice, 0.02));
  }

  /** 0 half of the time, else a rate up to the highest, small ones more often. */
  static double rate(Dice dice, double highest) {
    double part = dice.nextDouble();
    return dice.nextBoolean() ? highest * part * part : 0;
  }
}

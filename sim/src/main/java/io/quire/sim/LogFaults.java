package io.quire.sim;

/**
 * How bad a log is; probabilities.
 *
 * @param lost of a request or a reply between a node and the leader
 * @param stray of a request that arrives seconds later, past its deadline, at whoever leads then
 * @param duplicated of an entry that stands in the log twice
 * @param elections of a node that calls an election for no reason, per look around
 * @param stalls of a node that stops applying for up to seconds, per frame
 * @param snapshots of a node that saves a snapshot, per frame
 * @param installs of a node that lags behind a snapshot being given it, per occasion
 */
public record LogFaults(
    double lost,
    double stray,
    double duplicated,
    double elections,
    double stalls,
    double snapshots,
    double installs) {
  /** Nothing goes wrong by itself; a leader that is gone is still replaced. */
  public static final LogFaults NONE = new LogFaults(0, 0, 0, 0, 0, 0, 0);

  /** All of them, often. */
  public static final LogFaults HARSH = new LogFaults(0.05, 0.05, 0.05, 0.02, 0.05, 0.1, 0.5);

  /** A mix for one world: each kind is there or not, at some rate; snapshots always are. */
  public static LogFaults draw(Dice dice) {
    return new LogFaults(
        NetworkFaults.rate(dice, 0.1),
        NetworkFaults.rate(dice, 0.3),
        NetworkFaults.rate(dice, 0.1),
        NetworkFaults.rate(dice, 0.05),
        NetworkFaults.rate(dice, 0.1),
        0.02 + 0.1 * dice.nextDouble(),
        NetworkFaults.rate(dice, 1));
  }
}

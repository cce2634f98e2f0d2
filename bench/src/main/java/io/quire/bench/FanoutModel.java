package io.quire.bench;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;

/*
 * One round of publishing on paper, played event by event: PREPARE to all members, their VOTEs, the
 * append with its sync on a majority of three voters, the entry to all others, the HINT. A node does
 * one thing at a time. What it costs to send and to take a message is paid by the processor of either
 * side, bytes pass its wire one after the other, and then the message is on its way for a while.
 *
 * In a star the coordinator, which leads the log as well, talks to each member. In a tree it talks to a
 * few, and each of these passes on what it got, to a few of its own, before it does its own part; a
 * VOTE goes up when those below have voted, and says so for all of them. An ABORT or a silence below
 * counts as before: no vote goes up, and the round ends by its deadline.
 */
/** The cost of a publish as a function of the number of nodes. Confined to one thread. */
final class FanoutModel {
  /**
   * What things cost, in microseconds.
   *
   * @param send processor of the sender, for each message
   * @param receive processor of the receiver, for each message
   * @param perByte wire of the sender, for each byte
   * @param latency on the way
   * @param mark processor of a member, to mark the keys of a round and to apply it later
   * @param sync of the log
   */
  record Costs(
      double send, double receive, double perByte, double latency, double mark, double sync) {
    /** 10 Gbit/s, TLS, one switch; the processor's costs are those of the fabric here. */
    static final Costs DEFAULT = new Costs(5, 5, 0.0008, 25, 3, 100);
  }

  /**
   * What came of it.
   *
   * @param micros until the caller is answered
   * @param busiestMicros processor of the busiest node, for the whole round
   */
  record Cost(double micros, double busiestMicros) {}

  private static final int VOTERS = 3;
  private static final int HEADER_BYTES = 100;
  private static final int TRANSACTION_BYTES = 300;

  private record Event(double at, long order, Runnable action) {}

  private final Costs costs;
  private final int nodes;
  private final int arms;
  private final int roundBytes;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Double.compare(a.at, b.at) : Long.compare(a.order, b.order));
  private final double[] freeAt;
  private final double[] wireFreeAt;
  private final double[] worked;
  private final int[] votesMissing;
  private double now;
  private long order;
  private int acknowledged;
  private double answered = Double.NaN;

  private FanoutModel(Costs costs, int nodes, int arms, int transactions) {
    this.costs = costs;
    this.nodes = nodes;
    this.arms = arms;
    roundBytes = HEADER_BYTES + transactions * TRANSACTION_BYTES;
    freeAt = new double[nodes];
    wireFreeAt = new double[nodes];
    worked = new double[nodes];
    votesMissing = new int[nodes];
  }

  /** The design as it is built: the coordinator talks to each. */
  static Cost star(Costs costs, int nodes, int transactions) {
    return new FanoutModel(costs, nodes, nodes, transactions).play();
  }

  /** The design for many nodes: each talks to so many. */
  static Cost tree(Costs costs, int nodes, int arms, int transactions) {
    return new FanoutModel(costs, nodes, arms, transactions).play();
  }

  private Cost play() {
    for (int i = 0; i < nodes; i++) {
      votesMissing[i] = below(i).size() + 1;
    }
    prepare(0);
    for (Event next = events.poll(); next != null; next = events.poll()) {
      now = next.at;
      next.action.run();
    }
    if (Double.isNaN(answered)) {
      throw new IllegalStateException("the round does not end: nodes=" + nodes + " arms=" + arms);
    }
    return new Cost(answered, Arrays.stream(worked).max().orElse(0));
  }

  /** Whom a node passes messages on to: the tree is filled level by level. */
  private List<Integer> below(int node) {
    List<Integer> found = new ArrayList<>();
    for (long i = (long) arms * node + 1; i <= (long) arms * node + arms && i < nodes; i++) {
      found.add((int) i);
    }
    return found;
  }

  private int above(int node) {
    return (node - 1) / arms;
  }

  private void prepare(int node) {
    below(node).forEach(child -> message(node, child, roundBytes, () -> prepare(child)));
    work(node, costs.mark(), () -> voted(node));
  }

  private void voted(int node) {
    if (--votesMissing[node] > 0) {
      return;
    }
    if (node == 0) {
      append();
    } else {
      message(node, above(node), HEADER_BYTES, () -> voted(above(node)));
    }
  }

  /** The voters are asked first, and answer after their sync; the others take no part in it. */
  private void append() {
    for (int voter = 1; voter < Math.min(VOTERS, nodes); voter++) {
      int asked = voter;
      message(
          0,
          asked,
          roundBytes,
          () -> after(costs.sync(), () -> message(asked, 0, HEADER_BYTES, this::acknowledged)));
    }
    after(costs.sync(), this::acknowledged);
    ArrayDeque<Integer> listeners = new ArrayDeque<>(below(0));
    listeners.removeIf(node -> node < VOTERS);
    listeners.forEach(child -> message(0, child, roundBytes, () -> relay(child)));
  }

  private void acknowledged() {
    if (++acknowledged == Math.min(nodes, VOTERS) / 2 + 1) {
      work(
          0,
          costs.mark(),
          () -> {
            answered = now;
            below(0).forEach(child -> message(0, child, HEADER_BYTES, () -> hint(child)));
          });
    }
  }

  private void relay(int node) {
    below(node).forEach(child -> message(node, child, roundBytes, () -> relay(child)));
    work(node, costs.mark(), () -> {});
  }

  private void hint(int node) {
    below(node).forEach(child -> message(node, child, HEADER_BYTES, () -> hint(child)));
    if (node < VOTERS) {
      // It has the entry already; those below it have not, unless they hang on a listener.
      below(node).forEach(child -> message(node, child, roundBytes, () -> relay(child)));
    }
  }

  private void message(int from, int to, int bytes, Runnable handle) {
    work(
        from,
        costs.send(),
        () -> {
          wireFreeAt[from] = Math.max(now, wireFreeAt[from]) + bytes * costs.perByte();
          at(wireFreeAt[from] + costs.latency(), () -> work(to, costs.receive(), handle));
        });
  }

  private void work(int node, double micros, Runnable then) {
    freeAt[node] = Math.max(now, freeAt[node]) + micros;
    worked[node] += micros;
    at(freeAt[node], then);
  }

  private void after(double micros, Runnable action) {
    at(now + micros, action);
  }

  private void at(double time, Runnable action) {
    events.add(new Event(time, order++, action));
  }
}

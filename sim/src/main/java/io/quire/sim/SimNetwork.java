package io.quire.sim;

import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.base.Transport;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What lies between nodes. Messages go to whoever listens at the address when they arrive, so one
 * that was meant for an incarnation may reach the next. Links can be cut one way.
 */
public final class SimNetwork {
  /** Tasks that may wait at a node before messages to it are dropped. */
  static final int INBOX_MAX = 4_096;

  private static final long DELAY_NANOS_MIN = 30_000;
  private static final long DELAY_NANOS_MAX = 300_000;
  private static final long SLOW_NANOS_MAX = 40_000_000;
  private static final long LATE_NANOS_MAX = 1_500_000_000L;
  private static final long STRAY_NANOS_MAX = 8_000_000_000L;

  private final World world;
  private final Dice dice;
  private final Map<Address, SimTransport> listeners = new HashMap<>();
  private final long[] cuts = new long[World.NODES_MAX];
  private final long[] mute = new long[Transport.Channel.values().length];
  private NetworkFaults faults = NetworkFaults.NONE;

  public SimNetwork(World world) {
    this.world = world;
    dice = world.dice("network");
  }

  /**
   * Lets the node listen at its address.
   *
   * @throws IllegalStateException if a node that is alive listens there
   */
  public Transport attach(SimNode node) {
    SimTransport before = listeners.get(node.address());
    if (before != null && before.node.alive()) {
      throw new IllegalStateException(
          "address in use: address=" + node.address() + " by=" + before.node + " wanted=" + node);
    }
    SimTransport transport = new SimTransport(this, node);
    listeners.put(node.address(), transport);
    return transport;
  }

  public void faults(NetworkFaults now) {
    faults = now;
  }

  /** No faults and no cuts from now on. */
  public void calm() {
    faults = NetworkFaults.NONE;
    healAll();
  }

  /** Loses everything from one node to the other, but not the way back. */
  public void cut(NodeId from, NodeId to) {
    world.note(() -> "cut " + from + " -> " + to);
    cuts[world.ordinal(from)] |= 1L << world.ordinal(to);
  }

  public void heal(NodeId from, NodeId to) {
    cuts[world.ordinal(from)] &= ~(1L << world.ordinal(to));
  }

  /** Cuts both ways between the nodes of one side and those of the other. */
  public void partition(Collection<NodeId> side, Collection<NodeId> other) {
    for (NodeId a : side) {
      for (NodeId b : other) {
        cut(a, b);
        cut(b, a);
      }
    }
  }

  public void healAll() {
    Arrays.fill(cuts, 0);
    Arrays.fill(mute, 0);
  }

  /** Loses all messages of a channel from and to a node, but those to itself. */
  public void mute(NodeId node, Transport.Channel channel) {
    world.note(() -> "mute " + node + " " + channel);
    mute[channel.ordinal()] |= 1L << world.ordinal(node);
  }

  public void unmute(NodeId node, Transport.Channel channel) {
    mute[channel.ordinal()] &= ~(1L << world.ordinal(node));
  }

  private boolean heard(int from, int to, Transport.Channel channel) {
    long silent = mute[channel.ordinal()];
    return from == to || ((silent >>> from | silent >>> to) & 1) == 0;
  }

  /** Whether messages pass from one node to the other; a node always reaches itself. */
  public boolean passes(NodeId from, NodeId to) {
    return passes(world.ordinal(from), world.ordinal(to));
  }

  boolean passes(int from, int to) {
    return from == to || (cuts[from] >>> to & 1) == 0;
  }

  void send(SimNode from, Address to, Transport.Channel channel, byte[] message) {
    if (!from.alive()) {
      return;
    }
    long content = World.hashOf(message);
    Point.Fate fate = world.pass(Point.Kind.SEND, from);
    if (fate == Point.Fate.LOSE || dice.chance(faults.drop())) {
      world.probes().reached("message-dropped");
      world.note(() -> from + " -> " + to + " " + channel + " is dropped");
      return;
    }
    depart(from, to, channel, message, content);
    if (fate == Point.Fate.REPEAT) {
      world.schedule(
          dice.between(0, LATE_NANOS_MAX),
          content,
          () -> depart(from, to, channel, message.clone(), content));
    }
    if (dice.chance(faults.duplicate())) {
      world.probes().reached("message-duplicated");
      depart(from, to, channel, message.clone(), content);
    }
  }

  private void depart(
      SimNode from, Address to, Transport.Channel channel, byte[] message, long content) {
    SimTransport now = listeners.get(to);
    if (now == null
        || !passes(from.ordinal(), now.node.ordinal())
        || !heard(from.ordinal(), now.node.ordinal(), channel)) {
      world.probes().reached("message-cut");
      return;
    }
    world.schedule(
        delay(), content + channel.ordinal(), () -> arrive(from, to, channel, message, content));
  }

  private void arrive(
      SimNode from, Address to, Transport.Channel channel, byte[] message, long content) {
    SimTransport there = listeners.get(to);
    if (there == null || !there.node.alive()) {
      world.probes().reached("message-to-nobody");
      return;
    }
    if (!passes(from.ordinal(), there.node.ordinal())) {
      world.probes().reached("message-cut");
      return;
    }
    if (World.hashOf(message) != content) {
      throw world.failure("message changed after it was sent: from=" + from + " to=" + to);
    }
    if (there.node.waiting() >= INBOX_MAX) {
      world.probes().reached("inbox-full");
      return;
    }
    there.node.loop().execute(() -> there.take(from, channel, message));
  }

  private long delay() {
    double kind = dice.nextDouble();
    if (kind < faults.stray()) {
      world.probes().reached("message-strayed");
      return dice.between(SLOW_NANOS_MAX, STRAY_NANOS_MAX);
    }
    return kind < faults.stray() + faults.slow()
        ? dice.between(DELAY_NANOS_MAX, SLOW_NANOS_MAX)
        : dice.between(DELAY_NANOS_MIN, DELAY_NANOS_MAX);
  }

  /** A node's end of the network. */
  private static final class SimTransport implements Transport {
    private final SimNetwork network;
    private final SimNode node;
    private final @Nullable Receiver[] receivers = new @Nullable Receiver[Channel.values().length];

    SimTransport(SimNetwork network, SimNode node) {
      this.network = network;
      this.node = node;
    }

    @Override
    public void send(Address to, Channel channel, byte[] message) {
      network.send(node, to, channel, message);
    }

    @Override
    public void receive(Channel channel, Receiver receiver) {
      if (receivers[channel.ordinal()] != null) {
        throw new IllegalStateException(
            "channel taken twice: node=" + node + " channel=" + channel);
      }
      receivers[channel.ordinal()] = receiver;
    }

    void take(SimNode from, Channel channel, byte[] message) {
      Receiver receiver = receivers[channel.ordinal()];
      if (receiver == null) {
        network.world.probes().reached("message-without-receiver");
        return;
      }
      Point.Fate _ = network.world.pass(Point.Kind.TAKE, node);
      network.world.note(
          () -> node + " takes " + channel + " from " + from + " bytes=" + message.length);
      receiver.receive(message);
    }
  }
}

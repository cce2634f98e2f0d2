package io.quire.fabric;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import io.quire.base.Address;
import io.quire.base.EventLoop;
import io.quire.base.NodeId;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the other nodes, through Hazelcast, and reports who came and who seems gone. It decides
 * nothing: what it says is neither agreed nor authenticated, both halves of a partition go on
 * counting, and a node that is slow may be gone here and alive. Good for finding somebody to talk
 * to; who belongs to the cluster is decided elsewhere. Safe from any thread.
 */
public final class Discovery implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Discovery.class);
  private static final String NODE = "quire.node";
  private static final String INCARNATION = "quire.incarnation";
  private static final String FABRIC = "quire.fabric";

  private final Found self;
  private final HazelcastInstance hazelcast;
  private final EventLoop loop;
  private volatile List<Found> present;

  // Confined to the loop.
  private final List<Consumer<Event>> listeners = new ArrayList<>();
  private final Set<UUID> strangers = new HashSet<>();

  /**
   * One run of a node, as it presents itself.
   *
   * @param node its name
   * @param incarnation of this run, see {@link io.quire.base.Member}
   * @param fabric where its fabric listens
   */
  public record Found(NodeId node, long incarnation, Address fabric) {}

  /** A change of who is present. */
  public sealed interface Event {
    /** Which run of a node it is about. */
    Found found();

    /** It can be seen from here. */
    record Came(Found found) implements Event {}

    /** It left, or could not be heard for some time. */
    record Gone(Found found) implements Event {}
  }

  private Discovery(Found self, HazelcastInstance hazelcast) {
    this.self = self;
    this.hazelcast = hazelcast;
    loop =
        new EventLoop(
            self.node() + "-discovery", failure -> LOG.error("a listener failed", failure));
    present = List.copyOf(found(hazelcast.getCluster().getMembers()));
    hazelcast.getCluster().addMembershipListener(new Changes());
    hazelcast.getLifecycleService().addLifecycleListener(_ -> loop.execute(this::refresh));
    loop.execute(this::refresh);
  }

  /**
   * Joins the members that the seeds lead to, or begins alone. Takes from one to a few seconds.
   *
   * @throws StartException if the address is in use or not ours
   */
  public static Discovery open(DiscoveryConfig config, Found self) {
    Map<String, String> attributes =
        Map.of(
            NODE,
            self.node().name(),
            INCARNATION,
            Long.toHexString(self.incarnation()),
            FABRIC,
            self.fabric().toString());
    checkFree(config.bind());
    try {
      return new Discovery(
          self, Hazelcast.newHazelcastInstance(HazelcastSetup.of(config, attributes)));
    } catch (HazelcastException | IllegalStateException e) {
      throw new StartException(
          "cannot join: address=" + config.bind() + " seeds=" + config.seeds() + " cause=" + e, e);
    }
  }

  /** Hazelcast says it less plainly, and more than once. */
  private static void checkFree(Address bind) {
    try (ServerSocket probe = new ServerSocket()) {
      probe.bind(new InetSocketAddress(bind.host(), bind.port()));
    } catch (IOException e) {
      throw new StartException(
          "cannot listen: address=" + bind + " for=discovery cause=" + e.getMessage(), e);
    }
  }

  /** Where Hazelcast listens, with the real port: a seed for others. */
  public Address address() {
    InetSocketAddress bound = (InetSocketAddress) hazelcast.getLocalEndpoint().getSocketAddress();
    return new Address(bound.getHostString(), bound.getPort());
  }

  /** Who can be seen from here, this node first. */
  public List<Found> present() {
    return present;
  }

  /**
   * Tells the listener of all other nodes that are present, and then of each change, in order, on a
   * thread of the discovery. It must not block for long.
   */
  public void listen(Consumer<Event> listener) {
    loop.execute(
        () -> {
          listeners.add(listener);
          for (Found found : present) {
            if (!found.equals(self)) {
              listener.accept(new Event.Came(found));
            }
          }
        });
  }

  /** Leaves. The others notice at once. Takes up to a few seconds. */
  @Override
  public void close() {
    hazelcast.shutdown();
    loop.close();
  }

  /**
   * Compares who is there now with who was: after the halves of a partition have merged, Hazelcast
   * does not report each change by itself.
   */
  private void refresh() {
    if (!hazelcast.getLifecycleService().isRunning()) {
      return;
    }
    List<Found> before = present;
    List<Found> now = List.copyOf(found(hazelcast.getCluster().getMembers()));
    present = now;
    for (Found found : before) {
      if (!now.contains(found)) {
        tell(new Event.Gone(found));
      }
    }
    for (Found found : now) {
      if (!before.contains(found)) {
        tell(new Event.Came(found));
      }
    }
  }

  private void tell(Event event) {
    for (Consumer<Event> listener : listeners) {
      listener.accept(event);
    }
  }

  private Set<Found> found(Collection<Member> members) {
    Set<Found> found = new LinkedHashSet<>();
    found.add(self);
    Set<UUID> unknown = new HashSet<>();
    for (Member member : members) {
      Found read = member.localMember() ? self : read(member);
      if (read != null) {
        found.add(read);
      } else if (unknown.add(member.getUuid()) && !strangers.contains(member.getUuid())) {
        LOG.warn(
            "a Hazelcast member is no node of ours and is ignored: address={} attributes={}",
            member.getAddress(),
            member.getAttributes());
      }
    }
    strangers.clear();
    strangers.addAll(unknown);
    return found;
  }

  private static @Nullable Found read(Member member) {
    String node = member.getAttribute(NODE);
    String incarnation = member.getAttribute(INCARNATION);
    String fabric = member.getAttribute(FABRIC);
    if (node == null || incarnation == null || fabric == null) {
      return null;
    }
    try {
      return new Found(
          new NodeId(node), Long.parseUnsignedLong(incarnation, 16), Address.parse(fabric));
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private final class Changes implements MembershipListener {
    @Override
    public void memberAdded(MembershipEvent event) {
      loop.execute(Discovery.this::refresh);
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
      loop.execute(Discovery.this::refresh);
    }
  }
}

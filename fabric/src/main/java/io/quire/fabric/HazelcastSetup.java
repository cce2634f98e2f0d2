package io.quire.fabric;

import com.hazelcast.cluster.ClusterState;
import com.hazelcast.config.ClassFilter;
import com.hazelcast.config.Config;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.NetworkConfig;
import io.quire.base.Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Map;

/**
 * Hazelcast cut down to what {@link Discovery} wants of it: members that find each other. A member
 * holds no data ("lite"), runs nothing, tells nobody outside, and takes no Java object from the
 * network but one harmless enum.
 */
final class HazelcastSetup {
  private static final int JOIN_CONNECT_SECONDS = 1;

  private static final Map<String, String> PROPERTIES =
      Map.ofEntries(
          Map.entry("hazelcast.logging.type", "slf4j"),
          Map.entry("hazelcast.logging.emoji.enabled", "false"),
          Map.entry("hazelcast.phone.home.enabled", "false"),
          Map.entry("hazelcast.shutdownhook.enabled", "false"),
          Map.entry("hazelcast.socket.bind.any", "false"),
          Map.entry("hazelcast.socket.connect.timeout.seconds", "1"),
          // Time to join: the defaults wait for others before they form a cluster.
          Map.entry("hazelcast.tcp.join.port.try.count", "1"),
          Map.entry("hazelcast.wait.seconds.before.join", "0"),
          Map.entry("hazelcast.max.wait.seconds.before.join", "1"),
          Map.entry("hazelcast.merge.first.run.delay.seconds", "5"),
          Map.entry("hazelcast.merge.next.run.delay.seconds", "5"),
          // Time to notice a loss.
          Map.entry("hazelcast.heartbeat.interval.seconds", "1"),
          Map.entry("hazelcast.max.no.heartbeat.seconds", "10"),
          Map.entry("hazelcast.member.list.publish.interval.seconds", "10"),
          Map.entry("hazelcast.graceful.shutdown.max.wait", "2"),
          // As few threads as it starts with.
          Map.entry("hazelcast.partition.count", "1"),
          Map.entry("hazelcast.operation.thread.count", "1"),
          Map.entry("hazelcast.operation.generic.thread.count", "2"),
          Map.entry("hazelcast.operation.response.thread.count", "1"),
          Map.entry("hazelcast.event.thread.count", "1"),
          Map.entry("hazelcast.io.thread.count", "1"),
          Map.entry("hazelcast.clientengine.thread.count", "1"),
          Map.entry("hazelcast.clientengine.query.thread.count", "1"),
          Map.entry("hazelcast.clientengine.blocking.thread.count", "1"),
          Map.entry("hazelcast.health.monitoring.level", "OFF"));

  private HazelcastSetup() {}

  static Config of(DiscoveryConfig wanted, Map<String, String> attributes) {
    Config config = new Config();
    config.setClusterName(wanted.cluster());
    config.setLiteMember(true);
    PROPERTIES.forEach(config::setProperty);
    attributes.forEach(config.getMemberAttributeConfig()::setAttribute);
    config.getMetricsConfig().setEnabled(false);
    config.getJetConfig().setEnabled(false);
    config
        .getManagementCenterConfig()
        .setScriptingEnabled(false)
        .setConsoleEnabled(false)
        .setDataAccessEnabled(false);
    config.getSerializationConfig().setJavaSerializationFilterConfig(almostNothing());
    network(config.getNetworkConfig(), wanted);
    return config;
  }

  /**
   * Where there is a list of what may be, nothing else may. Members send each other the state of
   * their cluster, an enum, when two groups that formed apart become one; without it they never do.
   */
  private static JavaSerializationFilterConfig almostNothing() {
    return new JavaSerializationFilterConfig()
        .setDefaultsDisabled(true)
        .setWhitelist(
            new ClassFilter().addClasses(ClusterState.class.getName(), Enum.class.getName()));
  }

  private static void network(NetworkConfig network, DiscoveryConfig wanted) {
    network.setPort(wanted.bind().port()).setPortAutoIncrement(false);
    InetAddress host = resolve(wanted.bind());
    if (!host.isAnyLocalAddress()) {
      network.getInterfaces().setEnabled(true).addInterface(host.getHostAddress());
    }
    JoinConfig join = network.getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    join.getTcpIpConfig().setEnabled(true).setConnectionTimeoutSeconds(JOIN_CONNECT_SECONDS);
    for (Address seed : wanted.seeds()) {
      join.getTcpIpConfig().addMember(seed.toString());
    }
  }

  private static InetAddress resolve(Address bind) {
    try {
      return InetAddress.getByName(bind.host());
    } catch (UnknownHostException e) {
      throw new StartException("cannot listen: address=" + bind + " cause=unknown host", e);
    }
  }
}

package io.quire.jet;

import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.JetService;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A cluster of Jet in this process, of members that find each other on 127.0.0.1 only. */
final class JetMembers implements AutoCloseable {
  private static final Map<String, String> PROPERTIES =
      Map.of(
          "hazelcast.logging.type", "slf4j",
          "hazelcast.phone.home.enabled", "false",
          "hazelcast.shutdownhook.enabled", "false",
          "hazelcast.socket.bind.any", "false",
          "hazelcast.wait.seconds.before.join", "0",
          "hazelcast.max.wait.seconds.before.join", "1",
          "hazelcast.partition.count", "11",
          "hazelcast.health.monitoring.level", "OFF");

  private final List<HazelcastInstance> members = new ArrayList<>();

  JetMembers(int count) {
    List<Integer> ports = Ports.free(count);
    for (int port : ports) {
      members.add(Hazelcast.newHazelcastInstance(config(port, ports)));
    }
  }

  private static Config config(int port, List<Integer> ports) {
    Config config = new Config().setClusterName("jet-of-" + ports);
    PROPERTIES.forEach(config::setProperty);
    config.getJetConfig().setEnabled(true).setCooperativeThreadCount(2);
    config.getMetricsConfig().setEnabled(false);
    config.getNetworkConfig().setPort(port).setPortAutoIncrement(false);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    JoinConfig join = config.getNetworkConfig().getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    join.getTcpIpConfig().setEnabled(true);
    ports.forEach(each -> join.getTcpIpConfig().addMember("127.0.0.1:" + each));
    return config;
  }

  JetService jet() {
    return members.getFirst().getJet();
  }

  HazelcastInstance member(int number) {
    return members.get(number);
  }

  @Override
  public void close() {
    members.forEach(member -> member.getLifecycleService().terminate());
  }
}

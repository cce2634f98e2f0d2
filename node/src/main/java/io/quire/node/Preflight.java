package io.quire.node;

import io.quire.ager.Ager;
import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.flight.FlightConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Looks for what would stop a start half way, before the start makes or changes anything: ports in
 * use, a data directory that cannot be written, too little memory, stores that do not answer.
 */
final class Preflight {
  private Preflight() {}

  /**
   * @throws StartException or {@link io.quire.ager.AgerException} with the first that is in the way
   */
  static void check(NodeConfig config) {
    checkPort("fabric", config.host(), config.fabricPort());
    if (!config.alone()) {
      checkPort("discovery", config.host(), config.discoveryPort());
    }
    config
        .flight()
        .map(FlightConfig::listen)
        .ifPresent(listen -> checkPort("flight", listen.host(), listen.port()));
    checkDirectory(config.data());
    Ager.check(config.memory(), config.stores());
  }

  /**
   * Whether somebody else has the port.
   *
   * @param port 0 is always free
   */
  static void checkPort(String part, String host, int port) {
    if (port == 0) {
      return;
    }
    try (ServerSocket probe = new ServerSocket()) {
      probe.bind(new InetSocketAddress(host, port));
    } catch (IOException e) {
      throw cannotListen(part, host, port, e);
    }
  }

  static StartException cannotListen(String part, String host, int port, Exception e) {
    return new StartException(
        "cannot listen: for=%s address=%s why=%s"
            .formatted(part, new Address(host, port), AdminServer.message(e)),
        e);
  }

  /** A certificate that was copied to the wrong node would make two nodes of one name. */
  static void checkCertificate(NodeId named, NodeConfig config) {
    if (!named.equals(config.name())) {
      throw new StartException(
          "certificate names another node: path=%s found=%s wanted=%s"
              .formatted(config.tls(), named, config.name()),
          null);
    }
  }

  private static void checkDirectory(Path data) {
    Path there = data;
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    if (!Files.isDirectory(there) || !Files.isWritable(there)) {
      throw new StartException(
          "cannot write in the data directory: data=%s path=%s".formatted(data, there), null);
    }
  }
}

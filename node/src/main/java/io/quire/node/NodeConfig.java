package io.quire.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigResolveOptions;
import io.quire.ager.StoreConfig;
import io.quire.base.Address;
import io.quire.base.NodeId;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a node is. With no file at all it runs alone: a group of one, flash under its data
 * directory.
 *
 * @param name of the node, unique in the cluster
 * @param cluster its name; nodes of another one are not talked to
 * @param data directory for everything that the node keeps
 * @param host that the fabric and discovery listen on and that others reach this node by
 * @param fabricPort 0 for any
 * @param httpHost that the admin server listens on
 * @param httpPort 0 for any
 * @param httpToken demanded from every request; empty for none, which only loopback may have
 * @param voters names of the nodes that vote in the log, the same on all; empty for this node alone
 * @param discoveryPort of Hazelcast; 0 with no seeds: no discovery
 * @param seeds where discovery looks for other nodes
 * @param memory budget of extents, at least {@link #MEMORY_MIN}
 * @param stores that extents are paged to, in order of preference
 * @param lease after which a silent node is taken out of the view
 * @param tls directory with this node's certificate; made by a node alone if it is not there
 * @param snapshotEntries log entries between two snapshots
 */
public record NodeConfig(
    NodeId name,
    String cluster,
    Path data,
    String host,
    int fabricPort,
    String httpHost,
    int httpPort,
    String httpToken,
    List<NodeId> voters,
    int discoveryPort,
    List<Address> seeds,
    long memory,
    List<StoreConfig> stores,
    Duration lease,
    Path tls,
    int snapshotEntries) {
  /** The least memory that holds one extent of every size a data set uses, and room to page. */
  public static final long MEMORY_MIN = 8 << 20;

  private static final long CAPACITY_DEFAULT = 1L << 40;

  /** Runs alone, on the defaults. */
  public static NodeConfig defaults() {
    return of(ConfigFactory.empty());
  }

  /**
   * Reads a HOCON file.
   *
   * @throws ConfigProblems with everything that is wrong with it
   */
  public static NodeConfig load(Path file) {
    if (!Files.isReadable(file)) {
      throw new ConfigProblems(List.of("cannot read the file: path=" + file));
    }
    try {
      return of(
          ConfigFactory.parseFile(file.toFile())
              .resolve(ConfigResolveOptions.defaults().setUseSystemEnvironment(true)));
    } catch (ConfigException e) {
      throw new ConfigProblems(List.of(e.getMessage()));
    }
  }

  static NodeConfig of(Config config) {
    ConfigReader in = new ConfigReader(config);
    NodeId name = in.meant("name", in.text("name", "quire"), new NodeId("quire"), NodeId::new);
    Path data = Path.of(in.text("data", "quire-data")).toAbsolutePath().normalize();
    long memory = in.bytes("memory", 256L << 20);
    if (memory < MEMORY_MIN) {
      in.problem("memory", "below one extent: bytes=" + memory + " min=" + MEMORY_MIN);
    }
    String httpHost = in.text("http.host", "127.0.0.1");
    String token = in.text("http.token", "");
    if (token.isEmpty() && !List.of("127.0.0.1", "localhost", "::1").contains(httpHost)) {
      in.problem("http.token", "needed when http.host is not loopback: http.host=" + httpHost);
    }
    List<NodeId> voters =
        in.meant("voters", in.texts("voters", List.of()), List.of(), NodeConfig::nodes);
    NodeConfig read =
        new NodeConfig(
            name,
            in.text("cluster", "quire"),
            data,
            in.text("host", "127.0.0.1"),
            port(in, "fabric.port", 0),
            httpHost,
            port(in, "http.port", 7480),
            token,
            voters,
            port(in, "discovery.port", 0),
            in.meant(
                "discovery.seeds",
                in.texts("discovery.seeds", List.of()),
                List.of(),
                NodeConfig::addresses),
            memory,
            stores(in, data),
            in.duration("lease", Duration.ofSeconds(3)),
            Path.of(in.text("tls", data.resolve("tls").toString())).toAbsolutePath().normalize(),
            in.number("snapshot-entries", 50_000));
    if (!read.alone() && read.discoveryPort == 0) {
      in.problem("discovery.port", "needed when there are other voters: voters=" + voters);
    }
    in.end();
    return read;
  }

  /** Whether no other node takes part. */
  public boolean alone() {
    return seeds.isEmpty() && (voters.isEmpty() || voters.equals(List.of(name)));
  }

  private static List<StoreConfig> stores(ConfigReader in, Path data) {
    List<String> uris = in.texts("stores", List.of("flash://" + data.resolve("flash")));
    long capacity = in.bytes("store-capacity", CAPACITY_DEFAULT);
    int replication = in.number("hdfs-replication", 0);
    Map<String, String> settings =
        replication == 0 ? Map.of() : Map.of("dfs.replication", String.valueOf(replication));
    boolean shared = uris.stream().anyMatch(uri -> !uri.startsWith("flash:"));
    return in.meant(
        "stores",
        uris,
        List.of(),
        read -> {
          List<StoreConfig> stores = new ArrayList<>();
          for (String uri : read) {
            boolean flash = uri.startsWith("flash:");
            stores.add(
                new StoreConfig(
                    URI.create(uri), capacity, !flash || !shared, flash ? Map.of() : settings));
          }
          return stores;
        });
  }

  private static int port(ConfigReader in, String path, int otherwise) {
    int port = in.number(path, otherwise);
    if (port < 0 || port > 65_535) {
      in.problem(path, "not a port: found=" + port + " allowed=0..65535");
    }
    return port;
  }

  private static List<NodeId> nodes(List<String> names) {
    return names.stream().map(NodeId::new).toList();
  }

  private static List<Address> addresses(List<String> texts) {
    return texts.stream().map(Address::parse).toList();
  }
}

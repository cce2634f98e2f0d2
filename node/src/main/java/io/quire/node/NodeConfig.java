package io.quire.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigValueFactory;
import io.quire.ager.Codec;
import io.quire.ager.StoreConfig;
import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.flight.FlightConfig;
import io.quire.ns.Principal;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a node is. With no file at all it runs alone: a group of one, flash under its data
 * directory.
 *
 * @param name of the node, unique in the cluster
 * @param cluster its name; nodes of another one are not talked to
 * @param data directory for everything that the node keeps
 * @param host that the fabric and discovery listen on and that others reach this node by
 * @param fabricPort 0 for any
 * @param encryptsExtents whether extents are encrypted between nodes; all else is in any case
 * @param httpHost that the admin server listens on
 * @param httpPort 0 for any
 * @param httpToken by which a request acts for the node itself; empty for none. If there is no
 *     token at all, which only loopback may have, every request does
 * @param httpTokens by which requests act for principals
 * @param voters names of the nodes that vote in the log, the same on all; empty for this node alone
 * @param discoveryPort of Hazelcast; 0 with no seeds: no discovery
 * @param seeds where discovery looks for other nodes
 * @param memory budget of extents, at least {@link #MEMORY_MIN}
 * @param stores that extents are paged to, in order of preference
 * @param lease after which a silent node is taken out of the view
 * @param tls directory with this node's certificate; made by a node alone if it is not there
 * @param snapshotEntries log entries between two snapshots
 * @param trackReferences whether the node knows of each reference who holds it
 * @param flight where Arrow Flight is served; empty: nowhere
 */
public record NodeConfig(
    NodeId name,
    String cluster,
    Path data,
    String host,
    int fabricPort,
    boolean encryptsExtents,
    String httpHost,
    int httpPort,
    String httpToken,
    Map<String, Principal> httpTokens,
    List<NodeId> voters,
    int discoveryPort,
    List<Address> seeds,
    long memory,
    List<StoreConfig> stores,
    Duration lease,
    Path tls,
    int snapshotEntries,
    boolean trackReferences,
    Optional<FlightConfig> flight) {
  /** The least memory that holds one extent of every size a data set uses, and room to page. */
  public static final long MEMORY_MIN = 8 << 20;

  private static final long CAPACITY_DEFAULT = 1L << 40;
  private static final int CLUSTER_MAX = 128;
  private static final int REPLICATION_MAX = 512;
  private static final Duration LEASE_MIN = Duration.ofMillis(100);
  private static final Duration LEASE_MAX = Duration.ofMinutes(5);
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration IDLE = Duration.ofMinutes(10);
  private static final Duration PATIENCE_MIN = Duration.ofSeconds(1);
  private static final int FLIGHT_OFF = -1;
  private static final Set<String> ANY = Set.of("0.0.0.0", "::");
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "::1");

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
    return load(file, List.of());
  }

  /**
   * Reads a HOCON file, and settings that win over it.
   *
   * @param file null for none
   * @param settings such as {@code http.port=7490}
   * @throws ConfigProblems with everything that is wrong with them
   */
  public static NodeConfig load(@Nullable Path file, List<String> settings) {
    Config config = file == null ? ConfigFactory.empty() : parsed(file);
    for (String setting : settings) {
      config = parsed(setting).withFallback(config);
    }
    return of(file == null ? "" : "file=" + file + " ", resolved(config));
  }

  private static Config parsed(Path file) {
    if (!Files.exists(file)) {
      throw new ConfigProblems("", List.of("no such file: path=" + file));
    }
    if (Files.isDirectory(file) || !Files.isReadable(file)) {
      throw new ConfigProblems("", List.of("cannot read the file: path=" + file));
    }
    try {
      return ConfigFactory.parseFile(
          file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
    } catch (ConfigException e) {
      throw malformed(e);
    }
  }

  private static Config parsed(String setting) {
    int equals = setting.indexOf('=');
    if (equals < 1) {
      throw new ConfigProblems(
          "", List.of("not a setting: found=" + setting + " wanted=key=value"));
    }
    String key = setting.substring(0, equals);
    String value = setting.substring(equals + 1);
    String described = "--set " + key;
    try {
      if (value.startsWith("[")) {
        var options = ConfigParseOptions.defaults().setOriginDescription(described);
        return ConfigFactory.parseString(setting, options);
      }
      return ConfigFactory.empty().withValue(key, ConfigValueFactory.fromAnyRef(value, described));
    } catch (ConfigException e) {
      throw malformed(e);
    }
  }

  private static Config resolved(Config config) {
    try {
      return config.resolve(ConfigResolveOptions.defaults().setUseSystemEnvironment(true));
    } catch (ConfigException e) {
      throw malformed(e);
    }
  }

  private static ConfigProblems malformed(ConfigException e) {
    return new ConfigProblems("", List.of(String.valueOf(e.getMessage()).replaceAll("\\s+", " ")));
  }

  static NodeConfig of(Config config) {
    return of("", config);
  }

  private static NodeConfig of(String source, Config config) {
    ConfigReader in = new ConfigReader(config);
    NodeId name = in.meant("name", in.text("name", "quire"), new NodeId("quire"), NodeId::new);
    String cluster = in.text("cluster", "quire");
    if (cluster.length() > CLUSTER_MAX) {
      in.problem(
          "cluster", "too long: found=%d allowed=%d".formatted(cluster.length(), CLUSTER_MAX));
    }
    Path data = path(in, "data", Path.of("quire-data"));
    List<NodeId> voters =
        in.meant("voters", in.texts("voters", List.of()), List.of(), NodeConfig::nodes);
    String host = in.text("host", "127.0.0.1");
    String token = in.textOrNone("http.token");
    Map<String, Principal> tokens =
        in.meant("http.tokens", in.secrets("http.tokens"), Map.of(), NodeConfig::principals);
    Path tls = path(in, "tls", data.resolve("tls"));
    NodeConfig read =
        new NodeConfig(
            name,
            cluster,
            data,
            host,
            port(in, "fabric.port", 0),
            in.truth("fabric.encrypt-extents", true),
            in.text("http.host", "127.0.0.1"),
            port(in, "http.port", 7480),
            token,
            tokens,
            voters,
            port(in, "discovery.port", 0),
            in.meant(
                "discovery.seeds",
                in.texts("discovery.seeds", List.of()),
                List.of(),
                NodeConfig::addresses),
            in.bytes("memory", 256L << 20, MEMORY_MIN),
            stores(in, data),
            in.duration("lease", Duration.ofSeconds(3), LEASE_MIN, LEASE_MAX),
            tls,
            in.number("snapshot-entries", 50_000, 1, Integer.MAX_VALUE),
            in.truth("track-references", false),
            flight(in, host, token, tokens, tls));
    read.checkTogether(in);
    in.end(source);
    return read;
  }

  /** Off without a port. */
  private static Optional<FlightConfig> flight(
      ConfigReader in, String host, String token, Map<String, Principal> tokens, Path tls) {
    int port = in.number("flight.port", FLIGHT_OFF, 0, 65_535);
    String listen = in.text("flight.host", "127.0.0.1");
    boolean secure = in.truth("flight.tls", true);
    Duration patience = in.duration("flight.patience", PATIENCE, PATIENCE_MIN, Duration.ofHours(1));
    Duration idle = in.duration("flight.idle", IDLE, PATIENCE_MIN, Duration.ofDays(1));
    return port == FLIGHT_OFF
        ? Optional.empty()
        : Optional.of(
            new FlightConfig(
                new Address(listen, port),
                ANY.contains(listen) ? host : listen,
                token,
                tokens,
                secure ? Optional.of(tls) : Optional.empty(),
                patience,
                idle));
  }

  /** What each setting allows by itself, but not beside the others. */
  private void checkTogether(ConfigReader in) {
    @Nullable Principal twice = httpTokens.get(httpToken);
    if (twice != null) {
      in.problem("http.tokens", "has the token of http.token: principal=" + twice);
    }
    if (httpToken.isEmpty() && httpTokens.isEmpty() && !LOOPBACK.contains(httpHost)) {
      in.problem("http.token", "needed when http.host is not loopback: http.host=" + httpHost);
    }
    if (flight.isPresent()) {
      checkFlight(flight.get().listen(), in);
    }
    if (voters.isEmpty() && !seeds.isEmpty()) {
      in.problem("voters", "needed when there are seeds: each node would vote for itself alone");
    }
    if (!alone() && discoveryPort == 0) {
      in.problem("discovery.port", "needed when there are other voters or seeds");
    }
    boolean clash = httpPort != 0 && (httpPort == fabricPort || httpPort == discoveryPort);
    if (clash || (fabricPort != 0 && fabricPort == discoveryPort)) {
      in.problem(
          "http.port",
          "ports must differ: http.port=%d fabric.port=%d discovery.port=%d"
              .formatted(httpPort, fabricPort, discoveryPort));
    }
  }

  private void checkFlight(Address listen, ConfigReader in) {
    if (httpToken.isEmpty() && httpTokens.isEmpty() && !LOOPBACK.contains(listen.host())) {
      in.problem("http.token", "needed when flight.host is not loopback: " + listen.host());
    }
    if (listen.port() != 0
        && List.of(httpPort, fabricPort, discoveryPort).contains(listen.port())) {
      in.problem(
          "flight.port",
          "ports must differ: flight.port=%d http.port=%d fabric.port=%d discovery.port=%d"
              .formatted(listen.port(), httpPort, fabricPort, discoveryPort));
    }
  }

  /** Whether no other node takes part. */
  public boolean alone() {
    return seeds.isEmpty() && (voters.isEmpty() || voters.equals(List.of(name)));
  }

  private static List<StoreConfig> stores(ConfigReader in, Path data) {
    List<String> uris = in.texts("stores", List.of(flashBelow(data)));
    long capacity = in.bytes("store-capacity", CAPACITY_DEFAULT, 1);
    int replication = in.number("hdfs-replication", 0, 0, REPLICATION_MAX);
    Map<String, String> settings =
        replication == 0 ? Map.of() : Map.of("dfs.replication", String.valueOf(replication));
    Codec codec = codec(in, "store-codec");
    Codec flashCodec = codec(in, "flash-codec");
    Path keys = in.text("store-keys", "").isEmpty() ? null : path(in, "store-keys", Path.of(""));
    boolean shared = uris.stream().anyMatch(uri -> !uri.startsWith("flash:"));
    return in.meant(
        "stores",
        uris,
        List.of(),
        read -> {
          List<StoreConfig> stores = new ArrayList<>();
          for (String uri : distinct(read)) {
            boolean flash = uri.startsWith("flash:");
            stores.add(
                new StoreConfig(
                        URI.create(uri), capacity, !flash || !shared, flash ? Map.of() : settings)
                    .withCoding(flash ? flashCodec : codec, keys));
          }
          return stores;
        });
  }

  private static Codec codec(ConfigReader in, String key) {
    return in.meant(key, in.text(key, "none"), Codec.NONE, NodeConfig::codecNamed);
  }

  private static Codec codecNamed(String name) {
    for (Codec codec : Codec.values()) {
      if (codec.name().toLowerCase(Locale.ROOT).equals(name)) {
        return codec;
      }
    }
    throw new IllegalArgumentException(
        "not a codec: found=%s allowed=none, lz4, zstd".formatted(name));
  }

  /** A path may have characters that a URI must not. */
  private static String flashBelow(Path data) {
    try {
      return "flash://" + new URI(null, null, data.resolve("flash").toString(), null).getRawPath();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("not a path: " + data, e);
    }
  }

  private static int port(ConfigReader in, String path, int otherwise) {
    return in.number(path, otherwise, 0, 65_535);
  }

  private static Path path(ConfigReader in, String key, Path otherwise) {
    return in.meant(key, in.text(key, otherwise.toString()), otherwise, Path::of)
        .toAbsolutePath()
        .normalize();
  }

  private static List<NodeId> nodes(List<String> names) {
    return distinct(names).stream().map(NodeId::new).toList();
  }

  /** By token; a principal may have several, so that they can be changed without a break. */
  private static Map<String, Principal> principals(Map<String, List<String>> tokens) {
    Map<String, Principal> principals = new LinkedHashMap<>();
    tokens.forEach(
        (name, ofPrincipal) -> {
          Principal principal = new Principal(name);
          for (String token : ofPrincipal) {
            Principal other = principals.put(token, principal);
            if (token.isBlank() || other != null) {
              throw new IllegalArgumentException(
                  token.isBlank()
                      ? "a token is blank: principal=" + principal
                      : "a token is given twice: principals=%s, %s".formatted(other, principal));
            }
          }
        });
    return Collections.unmodifiableMap(principals);
  }

  private static List<Address> addresses(List<String> texts) {
    return texts.stream().map(NodeConfig::seed).toList();
  }

  private static Address seed(String text) {
    Address seed = Address.parse(text);
    if (seed.port() == 0) {
      throw new IllegalArgumentException("not a port: found=" + text + " allowed=1..65535");
    }
    return seed;
  }

  private static List<String> distinct(List<String> all) {
    Set<String> seen = new HashSet<>();
    for (String one : all) {
      if (!seen.add(one)) {
        throw new IllegalArgumentException("named twice: found=" + one);
      }
    }
    return all;
  }
}

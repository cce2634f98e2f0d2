package io.quire.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.Ignition;
import org.apache.ignite.cluster.ClusterState;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.configuration.DataRegionConfiguration;
import org.apache.ignite.configuration.DataStorageConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.configuration.WALMode;
import org.apache.ignite.spi.discovery.tcp.TcpDiscoverySpi;
import org.apache.ignite.spi.discovery.tcp.ipfinder.vm.TcpDiscoveryVmIpFinder;
import org.jspecify.annotations.Nullable;

/**
 * One node of Ignite 2 with native persistence: a region of 192 MB, pages of 16 KiB, no log, and
 * checkpoint buffer of 64 MB.
 */
final class IgnitePeer implements ValueStore {
  private static final long REGION_BYTES = 192L << 20;
  private static final long CHECKPOINT_BYTES = 64L << 20;
  private static final int PAGE_BYTES = 16 << 10;

  private final Path directory;
  private final int port;
  private @Nullable Ignite node;
  private @Nullable IgniteCache<Integer, byte[]> cache;

  private IgnitePeer(Path directory, int port) {
    this.directory = directory;
    this.port = port;
  }

  static IgnitePeer open(Worker.Setup setup) {
    return new IgnitePeer(setup.directory().resolve("ignite"), setup.ports(1).getFirst());
  }

  @Override
  public void put(int number, byte[] value) {
    Objects.requireNonNull(cache).put(number, value);
  }

  @Override
  public byte[] get(int number) {
    return Objects.requireNonNull(Objects.requireNonNull(cache).get(number), "a value");
  }

  @Override
  public void clear() throws Exception {
    close();
    Path files = Tree.empty(directory);
    DataStorageConfiguration storage =
        new DataStorageConfiguration()
            .setPageSize(PAGE_BYTES)
            .setWalMode(WALMode.NONE)
            .setStoragePath(files.resolve("db").toString())
            .setWalPath(files.resolve("wal").toString())
            .setWalArchivePath(files.resolve("wal").toString())
            .setDefaultDataRegionConfiguration(
                new DataRegionConfiguration()
                    .setName("extents")
                    .setInitialSize(REGION_BYTES)
                    .setMaxSize(REGION_BYTES)
                    .setCheckpointPageBufferSize(CHECKPOINT_BYTES)
                    .setPersistenceEnabled(true));
    TcpDiscoverySpi discovery = new TcpDiscoverySpi().setLocalPort(port).setLocalPortRange(0);
    discovery.setLocalAddress("127.0.0.1");
    discovery.setIpFinder(new TcpDiscoveryVmIpFinder().setAddresses(List.of("127.0.0.1:" + port)));
    Ignite made =
        Ignition.start(
            new IgniteConfiguration()
                .setWorkDirectory(files.toString())
                .setLocalHost("127.0.0.1")
                .setConsistentId("bench")
                .setDiscoverySpi(discovery)
                .setDataStorageConfiguration(storage));
    node = made;
    made.cluster().state(ClusterState.ACTIVE);
    cache = made.getOrCreateCache(new CacheConfiguration<Integer, byte[]>("extents"));
  }

  @Override
  public void close() {
    Ignite found = node;
    node = null;
    if (found != null) {
      Ignition.stop(found.name(), true);
    }
  }
}

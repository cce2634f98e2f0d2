package io.quire.bench;

import java.nio.file.Path;
import java.util.Objects;
import org.infinispan.Cache;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.configuration.cache.StorageType;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.context.Flag;
import org.infinispan.eviction.EvictionStrategy;
import org.infinispan.manager.DefaultCacheManager;
import org.jspecify.annotations.Nullable;

/** Infinispan, local, with 192 MB off the heap and its soft-index file store, written through. */
final class SoftIndexPeer implements ValueStore {
  private static final String NAME = "extents";
  private static final String OFF_HEAP = "192MB";

  private final Path directory;
  private @Nullable DefaultCacheManager manager;
  private @Nullable Cache<Integer, byte[]> reading;
  private @Nullable Cache<Integer, byte[]> writing;

  private SoftIndexPeer(Path directory) {
    this.directory = directory;
  }

  static SoftIndexPeer open(Worker.Setup setup) {
    return new SoftIndexPeer(setup.directory().resolve("infinispan"));
  }

  @Override
  public void put(int number, byte[] value) {
    Objects.requireNonNull(writing).put(number, value);
  }

  @Override
  public byte[] get(int number) {
    return Objects.requireNonNull(Objects.requireNonNull(reading).get(number), "a value");
  }

  @Override
  public void clear() throws Exception {
    close();
    Path files = Tree.empty(directory);
    GlobalConfigurationBuilder global = new GlobalConfigurationBuilder().nonClusteredDefault();
    global.globalState().disable();
    global.metrics().gauges(false).histograms(false);
    ConfigurationBuilder cache = new ConfigurationBuilder();
    cache
        .memory()
        .storage(StorageType.OFF_HEAP)
        .maxSize(OFF_HEAP)
        .whenFull(EvictionStrategy.REMOVE);
    cache
        .persistence()
        .passivation(false)
        .addSoftIndexFileStore()
        .dataLocation(files.resolve("data").toString())
        .indexLocation(files.resolve("index").toString());
    DefaultCacheManager made = new DefaultCacheManager(global.build());
    manager = made;
    made.defineConfiguration(NAME, cache.build());
    Cache<Integer, byte[]> opened = made.getCache(NAME);
    reading = opened;
    writing = opened.getAdvancedCache().withFlags(Flag.IGNORE_RETURN_VALUES);
  }

  @Override
  public void close() throws Exception {
    DefaultCacheManager found = manager;
    manager = null;
    if (found != null) {
      found.close();
    }
  }
}

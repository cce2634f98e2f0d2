package io.quire.bench;

import java.nio.file.Path;
import java.util.Objects;
import org.ehcache.Cache;
import org.ehcache.PersistentCacheManager;
import org.ehcache.config.builders.CacheConfigurationBuilder;
import org.ehcache.config.builders.CacheManagerBuilder;
import org.ehcache.config.builders.ResourcePoolsBuilder;
import org.ehcache.config.units.EntryUnit;
import org.ehcache.config.units.MemoryUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ehcache with a tier off the heap and one on disk; the tier on the heap that it insists on is
 * small.
 */
final class EhcachePeer implements ValueStore {
  private static final String NAME = "extents";
  private static final long HEAP_ENTRIES = 16;
  private static final long OFF_HEAP_MB = 256;
  private static final long DISK_MB = 8192;

  private final Path directory;
  private @Nullable PersistentCacheManager manager;
  private @Nullable Cache<Integer, byte[]> cache;

  private EhcachePeer(Path directory) {
    this.directory = directory;
  }

  static EhcachePeer open(Worker.Setup setup) {
    return new EhcachePeer(setup.directory().resolve("ehcache"));
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
    PersistentCacheManager made =
        CacheManagerBuilder.newCacheManagerBuilder()
            .with(CacheManagerBuilder.persistence(Tree.empty(directory).toFile()))
            .withCache(
                NAME,
                CacheConfigurationBuilder.newCacheConfigurationBuilder(
                    Integer.class,
                    byte[].class,
                    ResourcePoolsBuilder.newResourcePoolsBuilder()
                        .heap(HEAP_ENTRIES, EntryUnit.ENTRIES)
                        .offheap(OFF_HEAP_MB, MemoryUnit.MB)
                        .disk(DISK_MB, MemoryUnit.MB)))
            .build(true);
    manager = made;
    cache = made.getCache(NAME, Integer.class, byte[].class);
  }

  @Override
  public void close() {
    PersistentCacheManager found = manager;
    manager = null;
    if (found != null) {
      found.close();
    }
  }
}

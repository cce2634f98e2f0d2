package io.quire.ager;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * A cache of decoded objects, bounded by the sum of their weights (what the unit is, its user
 * decides). It is apart from the memory budget of extents: entries live on the heap and may go at
 * any time, shortly after the bound is passed. Safe from any thread.
 */
public final class ObjectCache<K, V> {
  private final Cache<K, V> cache;

  /**
   * Creates an empty cache.
   *
   * @param maxWeight of all entries together
   * @param weight of one value, at least 0
   */
  public ObjectCache(long maxWeight, ToIntFunction<V> weight) {
    cache =
        Caffeine.newBuilder()
            .maximumWeight(maxWeight)
            .executor(Runnable::run)
            .<K, V>weigher((_, value) -> weight.applyAsInt(value))
            .build();
  }

  /**
   * The value of the key, made by {@code load} if it is not there. At most one thread loads a key
   * at a time, the others wait; what {@code load} throws reaches the caller and nothing is kept.
   * {@code load} must not use this cache.
   */
  public V get(K key, Function<K, V> load) {
    return cache.get(key, load);
  }

  /** Forgets the value of the key, if there is one. One that is being loaded may stay. */
  public void remove(K key) {
    cache.invalidate(key);
  }

  /** Forgets all values that are there. Those that are being loaded may stay. */
  public void clear() {
    cache.invalidateAll();
  }

  /** How many entries there are, about. */
  public long size() {
    return cache.estimatedSize();
  }
}

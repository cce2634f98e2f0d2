package io.quire.bench;

import java.nio.file.Path;
import java.util.Objects;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.jspecify.annotations.Nullable;

/** The store under H2: one map, with a cache of 192 MB. */
final class MvStorePeer implements ValueStore {
  private static final int CACHE_MB = 192;
  private static final int WRITE_BUFFER_KB = 16 << 10;

  private final Path directory;
  private @Nullable MVStore store;
  private @Nullable MVMap<Integer, byte[]> map;

  private MvStorePeer(Path directory) {
    this.directory = directory;
  }

  static MvStorePeer open(Worker.Setup setup) {
    return new MvStorePeer(setup.directory().resolve("mvstore"));
  }

  @Override
  public void put(int number, byte[] value) {
    Objects.requireNonNull(map).put(number, value);
  }

  @Override
  public byte[] get(int number) {
    return Objects.requireNonNull(Objects.requireNonNull(map).get(number), "a value");
  }

  @Override
  public void loaded() {
    Objects.requireNonNull(store).commit();
  }

  @Override
  public void clear() throws Exception {
    close();
    MVStore made =
        new MVStore.Builder()
            .fileName(Tree.empty(directory).resolve("extents.mv").toString())
            .cacheSize(CACHE_MB)
            .autoCommitBufferSize(WRITE_BUFFER_KB)
            .open();
    store = made;
    map = made.openMap("extents");
  }

  @Override
  public void close() {
    MVStore found = store;
    store = null;
    if (found != null) {
      found.closeImmediately();
    }
  }
}

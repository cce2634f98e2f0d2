package io.quire.ager;

import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A place that extents are paged to.
 *
 * <ul>
 *   <li>{@code flash:///path}: a directory on local flash; {@code flash:///a,/b}: several, which
 *       are used alike and fail each on its own.
 *   <li>{@code hdfs://host:port/path}: a directory in HDFS.
 *   <li>{@code file:///path}: a local directory through Hadoop's file system.
 *   <li>Any other scheme for which Hadoop has a file system on the class path.
 * </ul>
 *
 * <p>What cannot be a store is an {@link IllegalArgumentException} that says what can. Nothing is
 * opened or looked for.
 *
 * @param uri see above
 * @param capacityBytes 1 at least; most bytes this process lets the store hold, headers and padding
 *     included
 * @param durable whether {@link Ager#persist} may use it
 * @param settings Hadoop settings by name (such as {@code dfs.replication}), over those of the
 *     configuration files on the class path; must be empty for flash
 * @param codec used where it is measured to pay
 * @param keyFile of keys to encrypt with, 64 hexadecimal digits a line: the first for what is
 *     written, any for what is read. Null for no encryption
 */
public record StoreConfig(
    URI uri,
    long capacityBytes,
    boolean durable,
    Map<String, String> settings,
    Codec codec,
    @Nullable Path keyFile) {
  static final String FLASH = "flash";
  private static final Set<String> LOCAL = Set.of(FLASH, "file");

  public StoreConfig {
    settings = Map.copyOf(settings);
    String scheme = uri.getScheme();
    String path = uri.getPath();
    if (scheme == null || path == null || !path.startsWith("/") || path.equals("/")) {
      throw new IllegalArgumentException(
          "not a store: uri="
              + uri
              + " allowed=flash:///path, hdfs://host:port/path, file:///path");
    }
    if (scheme.equals(FLASH)) {
      checkDirectories(uri, path);
    }
    if (LOCAL.contains(scheme) && uri.getAuthority() != null) {
      throw new IllegalArgumentException(
          "a local store has no host: uri=%s wanted=%s://%s".formatted(uri, scheme, path));
    }
    if (capacityBytes < 1) {
      throw new IllegalArgumentException(
          "not a capacity: uri=%s capacityBytes=%d".formatted(uri, capacityBytes));
    }
    if (scheme.equals(FLASH) && !settings.isEmpty()) {
      throw new IllegalArgumentException(
          "a flash store has no Hadoop settings: uri=%s settings=%s".formatted(uri, settings));
    }
  }

  /** Neither compressed nor encrypted. */
  public StoreConfig(URI uri, long capacityBytes, boolean durable, Map<String, String> settings) {
    this(uri, capacityBytes, durable, settings, Codec.NONE, null);
  }

  /** Neither compressed nor encrypted, without settings of Hadoop. */
  public StoreConfig(URI uri, long capacityBytes, boolean durable) {
    this(uri, capacityBytes, durable, Map.of());
  }

  /** The same store, with its bodies written in another form. */
  public StoreConfig withCoding(Codec wanted, @Nullable Path keys) {
    return new StoreConfig(uri, capacityBytes, durable, settings, wanted, keys);
  }

  /**
   * From text such as {@code flash:///var/spill}.
   *
   * @throws IllegalArgumentException that says what is allowed
   */
  public static StoreConfig parse(String uri, long capacityBytes, boolean durable) {
    return new StoreConfig(URI.create(uri), capacityBytes, durable);
  }

  private static void checkDirectories(URI uri, String path) {
    List<Path> directories = directories(path);
    if (directories.contains(Path.of("/")) || Set.copyOf(directories).size() < directories.size()) {
      throw new IllegalArgumentException(
          "not directories of a store: uri=%s wanted=flash:///a,/b".formatted(uri));
    }
  }

  /** A comma before a slash separates; any other is part of a name. */
  private static List<Path> directories(String path) {
    return Arrays.stream(path.split(",(?=/)", -1))
        .map(each -> Path.of(each).toAbsolutePath().normalize())
        .toList();
  }

  /** Of a flash store. */
  List<Path> directories() {
    return directories(uri.getPath());
  }

  /** Whether it is a flash directory; otherwise a Hadoop file system. */
  boolean flash() {
    return FLASH.equals(uri.getScheme());
  }
}

package io.quire.ager;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens a directory in a Hadoop file system as a store.
 *
 * <pre>
 * path/spill/owner/0-000001.quire    spilled copies, in two streams; removed when the owner closes, or later
 * path/spill/owner/alive             written anew while the owner lives
 * path/durable/owner-000001.quire    durable copies
 * </pre>
 */
final class HadoopStore {
  private static final Logger log = LoggerFactory.getLogger(HadoopStore.class);

  /** Reads in flight. */
  private static final int LANES = 4;

  /** While one waits for its sync, the other takes the next batch. */
  private static final int STREAMS = 2;

  /**
   * An unreachable cluster is an error within about ten seconds instead of minutes, a file is
   * closed in milliseconds instead of 400, and packets are large. The settings of the user and of
   * the configuration files win.
   */
  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", "1"),
          Map.entry("dfs.client.block.write.locateFollowingBlock.retries", "10"),
          Map.entry("dfs.client-write-packet-size", "1048576"),
          Map.entry("ipc.client.connect.timeout", "3000"),
          Map.entry("ipc.client.connect.max.retries", "2"),
          Map.entry("ipc.client.connect.retry.interval", "500"),
          Map.entry("ipc.client.connect.max.retries.on.timeouts", "2"),
          Map.entry("ipc.client.rpc-timeout.ms", "10000"),
          Map.entry("dfs.client.failover.max.attempts", "4"),
          Map.entry("dfs.client.failover.sleep.base.millis", "100"),
          Map.entry("dfs.client.failover.sleep.max.millis", "1000"),
          Map.entry("dfs.client.socket-timeout", "10000"),
          Map.entry("dfs.client.retry.window.base", "200"),
          // Our own checksums are verified at every read, and these files are written through.
          Map.entry("fs.file.impl", "org.apache.hadoop.fs.RawLocalFileSystem"));

  private HadoopStore() {}

  /**
   * Opens the store and probes it.
   *
   * @throws IOException if the file system cannot be reached, or not be written and read
   */
  static Store open(StoreConfig config, AgerConfig ager) throws IOException {
    // Instances are cached per user by default, and closing one would close everybody's.
    FileSystem files = connect(config);
    boolean opened = false;
    try {
      Store store = open(config, ager, files);
      opened = true;
      return store;
    } finally {
      if (!opened) {
        files.close();
      }
    }
  }

  /** A client of its own. */
  static FileSystem connect(StoreConfig config) throws IOException {
    return FileSystem.newInstance(config.uri(), configuration(config));
  }

  /** The durable containers of a store. */
  static ContainerMedium durable(StoreConfig config, FileSystem files) {
    return new HadoopMedium(files, new Path(config.uri()), true);
  }

  /** Asks the file system for the store's directory, which need not be there yet. */
  static void check(StoreConfig config) throws IOException {
    try (FileSystem files = FileSystem.newInstance(config.uri(), configuration(config))) {
      files.getFileStatus(new Path(config.uri()));
    } catch (FileNotFoundException e) {
      // It answers; the directory is made when the store is opened.
    }
  }

  private static Configuration configuration(StoreConfig config) {
    Configuration hadoop = new Configuration();
    DEFAULTS.forEach(
        (name, value) -> {
          if (!setByFile(hadoop, name)) {
            hadoop.set(name, value);
          }
        });
    config.settings().forEach(hadoop::set);
    return hadoop;
  }

  /** Whether a file other than Hadoop's own defaults has the setting. */
  private static boolean setByFile(Configuration hadoop, String name) {
    String[] sources = hadoop.getPropertySources(name);
    return sources != null
        && sources.length > 0
        && !sources[sources.length - 1].endsWith("-default.xml");
  }

  private static Store open(StoreConfig config, AgerConfig ager, FileSystem files)
      throws IOException {
    String uri = config.uri().toString();
    Coding coding = Coding.of(config);
    String owner = ager.owner();
    Path root = new Path(config.uri());
    HadoopSpill ownSpill = new HadoopSpill(files, root, owner);
    HadoopMedium spillMedium = new HadoopMedium(files, root, false);
    HadoopMedium durableMedium = new HadoopMedium(files, root, true);
    ownSpill.open();
    if (config.durable()) {
      durableMedium.probe(Store.DURABLE + owner + ".probe", owner);
    }
    spillMedium.probe("spill/" + owner + "/probe", owner);
    Room room = new Room(config.capacityBytes());
    List<ContainerShelf> spilled = new ArrayList<>();
    for (int stream = 0; stream < STREAMS; stream++) {
      spilled.add(
          new ContainerShelf(
              uri,
              "spill/" + owner + "/" + stream + "-",
              owner,
              spillMedium,
              room,
              Math.min(ager.containerBytes(), ContainerSpill.CONTAINER_BYTES_MAX),
              coding));
    }
    return new Store(
        config,
        room,
        new ContainerSpill(uri, owner, spilled, new Lanes(uri, LANES), coding),
        new ContainerShelf(
            uri,
            Store.DURABLE + owner + "-",
            owner,
            durableMedium,
            room,
            ager.containerBytes(),
            coding),
        ager.readBack(),
        ownSpill::tick,
        () -> release(files, ownSpill));
  }

  private static void release(FileSystem files, HadoopSpill ownSpill) {
    try (files) {
      ownSpill.close();
    } catch (IOException e) {
      log.warn("spill directory not removed: store={}", files.getUri(), e);
    }
  }
}

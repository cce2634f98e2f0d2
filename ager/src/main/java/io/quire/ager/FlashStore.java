package io.quire.ager;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens one or more directories on local flash as a store.
 *
 * <pre>
 * path/sweep.lock          held while directories of owners are made or swept
 * path/owner/lock          held by the owner as long as it lives
 * path/owner/spill.quire   its spilled copies
 * path/durable/            containers, never swept
 * </pre>
 *
 * What a dead owner has spilled is of no use to anybody; it is removed when the next one opens. Of
 * several directories one is enough to open the store; what is wrong with the others is logged and
 * shown.
 */
final class FlashStore {
  private static final Logger log = LoggerFactory.getLogger(FlashStore.class);
  private static final String SPILL = "spill.quire";

  private final StoreConfig config;
  private final AgerConfig ager;
  private final Disk disk;
  private final Room room;
  private final Coding coding;
  private final List<FlashDirectory> directories = new ArrayList<>();
  private final List<SlotFile> files = new ArrayList<>();
  private final List<String> missing = new ArrayList<>();

  private FlashStore(StoreConfig config, AgerConfig ager, Disk disk) throws IOException {
    this.config = config;
    this.ager = ager;
    this.disk = disk;
    coding = Coding.of(config);
    room = new Room(config.capacityBytes());
  }

  /**
   * Opens the store, sweeps, and probes it.
   *
   * @throws IOException if no directory can be used, or a living process has this owner's name
   */
  static Store open(StoreConfig config, AgerConfig ager, Disk disk) throws IOException {
    return new FlashStore(config, ager, disk).open();
  }

  /** Whether each directory is one that can be written in, or can be made. */
  static void check(StoreConfig config) throws IOException {
    for (Path path : config.directories()) {
      Path there = path.toAbsolutePath();
      while (!Files.exists(there) && there.getParent() != null) {
        there = there.getParent();
      }
      if (!Files.isDirectory(there) || !Files.isWritable(there)) {
        throw new IOException("not a directory to write in: path=" + there);
      }
    }
  }

  private Store open() throws IOException {
    IOException failure = null;
    for (Path path : config.directories()) {
      try {
        open(path);
      } catch (IOException e) {
        failure = e;
        missing.add(path + ": " + e);
      }
    }
    if (failure != null) {
      if (directories.isEmpty()) {
        throw failure;
      }
      log.error("store opened without some directories: store={} missing={}", uri(), missing);
    }
    FlashMedium medium = new FlashMedium(directories, missing, disk);
    return new Store(
        config,
        room,
        new FlashSpill(uri(), files, missing),
        new ContainerShelf(
            uri(),
            Store.DURABLE + ager.owner() + "-",
            ager.owner(),
            medium,
            room,
            ager.containerBytes(),
            coding),
        ager.readBack(),
        () -> {},
        () -> directories.forEach(FlashDirectory::close));
  }

  private void open(Path path) throws IOException {
    FlashDirectory directory = FlashDirectory.open(path, ager.owner());
    boolean opened = false;
    try {
      files.add(open(directory));
      directories.add(directory);
      opened = true;
    } finally {
      if (!opened) {
        directory.close();
      }
    }
  }

  private SlotFile open(FlashDirectory directory) throws IOException {
    FlashMedium medium = new FlashMedium(List.of(directory), List.of(), disk);
    String owner = ager.owner();
    Path root = directory.root();
    if (config.durable()) {
      Files.createDirectories(root.resolve(Store.DURABLE));
      FlashMedium.forceDirectory(root);
      medium.probe(Store.DURABLE + owner + ".probe", owner);
    }
    medium.probe(owner + "/probe", owner);
    String name = owner + "/" + SPILL;
    FlashFile file = new FlashFile(disk.open(root.resolve(name), Disk.Access.CREATE));
    if (config.durable()) {
      room.found(bytesIn(root.resolve(Store.DURABLE)));
    }
    return new SlotFile(name, owner, file, room, directory, coding);
  }

  private String uri() {
    return config.uri().toString();
  }

  private static long bytesIn(Path directory) throws IOException {
    long bytes = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }
}

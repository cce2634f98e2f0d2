package io.quire.ager;

import io.quire.ager.ContainerMedium.Listed;
import io.quire.ager.ContainerMedium.ReadFile;
import io.quire.ager.StoreScan.Container;
import io.quire.ager.StoreScan.Damage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.apache.hadoop.fs.FileSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The durable containers of a store, looked at from outside, without an ager. Looking disturbs
 * nobody. What removes files must be told what is still needed, and no node may use the store
 * meanwhile. Confined to one thread at a time.
 */
public final class StoreFiles implements AutoCloseable {
  /** Is told how far something is. */
  public interface Progress {
    /**
     * On the thread that does it, before each file or copy and at the end. What it throws ends it.
     *
     * @param totalBytes the same at each call
     */
    void at(long doneBytes, long totalBytes);
  }

  private static final Logger log = LoggerFactory.getLogger(StoreFiles.class);
  private static final long NOT_ENDED_NANOS = 60_000_000_000L;
  private static final long LOOK_AGAIN_NANOS = 1_000_000_000L;

  private interface Closer {
    void close() throws IOException;
  }

  private final String uri;
  private final ContainerMedium medium;
  private final Closer closer;

  private StoreFiles(String uri, ContainerMedium medium, Closer closer) {
    this.uri = uri;
    this.medium = medium;
    this.closer = closer;
  }

  /**
   * Opens the files of a store.
   *
   * @throws IOException if the store cannot be reached, or a directory of it is not there
   */
  public static StoreFiles open(StoreConfig config) throws IOException {
    return open(config, Disk.direct());
  }

  static StoreFiles open(StoreConfig config, Disk disk) throws IOException {
    String uri = config.uri().toString();
    if (!config.flash()) {
      FileSystem files = HadoopStore.connect(config);
      boolean opened = false;
      try {
        ContainerMedium medium = HadoopStore.durable(config, files);
        opened = true;
        return new StoreFiles(uri, medium, files::close);
      } finally {
        if (!opened) {
          files.close();
        }
      }
    }
    List<FlashDirectory> directories = new ArrayList<>();
    for (Path path : config.directories()) {
      directories.add(FlashDirectory.lookInto(path));
    }
    return new StoreFiles(
        uri,
        new FlashMedium(directories, List.of(), disk),
        () -> directories.forEach(FlashDirectory::close));
  }

  /** The store's URI. */
  public String uri() {
    return uri;
  }

  ContainerMedium medium() {
    return medium;
  }

  /**
   * Walks all headers, and tells every copy whose header verifies. Costs a read of 4 KiB for each.
   *
   * @throws IOException if a file cannot be read; what does not verify is reported instead
   */
  public StoreScan stat(Consumer<Copy> copies, Progress progress) throws IOException {
    return scan(false, copies, progress);
  }

  /**
   * Walks all headers and reads all bodies, and tells every copy that verifies. Of a body that is
   * compressed or encrypted only the header is checked.
   *
   * @throws IOException if a file cannot be read; what does not verify is reported instead
   */
  public StoreScan verify(Consumer<Copy> copies, Progress progress) throws IOException {
    return scan(true, copies, progress);
  }

  private StoreScan scan(boolean bodies, Consumer<Copy> copies, Progress progress)
      throws IOException {
    List<Listed> files = medium.containers();
    long total = files.stream().mapToLong(Listed::bytes).sum();
    long done = 0;
    List<Container> containers = new ArrayList<>();
    List<Damage> damage = new ArrayList<>();
    for (Listed file : files) {
      progress.at(done, total);
      containers.add(walk(file, bodies, copies, damage));
      done += file.bytes();
    }
    progress.at(total, total);
    return new StoreScan(uri, containers, damage);
  }

  /** Counts what it is told. */
  private final class Counter implements ContainerWalk.Visitor {
    private final Listed file;
    private final Consumer<Copy> copies;
    private final List<Damage> damage;
    private String owner = "";
    private int count;
    private long bodyBytes;

    Counter(Listed file, Consumer<Copy> copies, List<Damage> damage) {
      this.file = file;
      this.copies = copies;
      this.damage = damage;
    }

    @Override
    public void copy(long offset, StoreHeader header) {
      owner = owner.isEmpty() ? header.owner() : owner;
      count++;
      bodyBytes += header.bytes();
      copies.accept(
          new Copy(
              uri,
              file.file(),
              offset,
              header.bytes(),
              header.crc(),
              header.extent(),
              header.owner()));
    }

    @Override
    public void damage(long offset, String reason) {
      damage.add(new Damage(file.file(), offset, reason));
    }
  }

  /** Opens a file, and waits a minute at most if its writer died and it has to be ended first. */
  ReadFile openFile(String file) throws IOException {
    long begun = System.nanoTime();
    while (true) {
      try {
        return medium.open(file);
      } catch (FileNotEnded e) {
        if (System.nanoTime() - begun >= NOT_ENDED_NANOS) {
          throw e;
        }
        log.info("waiting for a file to be ended: store={} file={}", uri, file);
        LockSupport.parkNanos(LOOK_AGAIN_NANOS);
        if (Thread.currentThread().isInterrupted()) {
          throw e;
        }
      }
    }
  }

  Container walk(Listed file, boolean bodies, Consumer<Copy> copies, List<Damage> damage)
      throws IOException {
    Counter counter = new Counter(file, copies, damage);
    try (ReadFile in = openFile(file.file());
        Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(ContainerWalk.bufferBytes(), StoreHeader.BYTES);
      ContainerWalk.Ending ending = ContainerWalk.of(file, in, bodies, buffer, counter);
      return new Container(
          file.file(),
          file.bytes(),
          counter.owner,
          counter.count,
          counter.bodyBytes,
          ending.end(),
          ending.offset());
    }
  }

  @Override
  public void close() throws IOException {
    closer.close();
  }
}

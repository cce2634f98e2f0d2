package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Containers in one or more directories on flash. A file is made in a directory that works, in
 * turn, and found in whichever has it.
 */
final class FlashMedium implements ContainerMedium {
  private static final Logger log = LoggerFactory.getLogger(FlashMedium.class);

  private final List<FlashDirectory> directories;
  private final List<String> missing;
  private final Disk disk;
  private int turn;

  /**
   * Looks into these.
   *
   * @param missing directories that could not be opened, in which files may lie, and why
   */
  FlashMedium(List<FlashDirectory> directories, List<String> missing, Disk disk) {
    this.directories = List.copyOf(directories);
    this.missing = List.copyOf(missing);
    this.disk = disk;
  }

  @Override
  public boolean exists(String file) {
    return directories.stream().anyMatch(each -> Files.exists(each.root().resolve(file)));
  }

  /** By one thread at a time. */
  @Override
  public AppendFile create(String file) throws IOException {
    List<String> reasons = new ArrayList<>();
    turn++;
    for (int i = 0; i < directories.size(); i++) {
      FlashDirectory directory = directories.get((turn + i) % directories.size());
      String refusal = directory.health().refusal().orElse(null);
      if (refusal == null || directories.size() == 1) {
        return create(file, directory);
      }
      reasons.add(directory.root() + ": " + refusal);
    }
    throw new IOException("no directory works: reasons=" + reasons);
  }

  private AppendFile create(String file, FlashDirectory directory) throws IOException {
    Path path = directory.root().resolve(file);
    try {
      FlashFile made = new FlashFile(disk.open(path, Disk.Access.CREATE));
      Path parent = path.getParent();
      if (parent != null) {
        forceDirectory(parent);
      }
      return new Append(made, path, directory);
    } catch (IOException e) {
      directory.health().failed(e);
      throw e;
    }
  }

  @Override
  public ReadFile open(String file) throws IOException {
    for (FlashDirectory directory : directories) {
      try {
        return new Read(new FlashFile(disk.open(directory.root().resolve(file), Disk.Access.READ)));
      } catch (NoSuchFileException elsewhere) {
        // The next one may have it.
      }
    }
    if (!missing.isEmpty()) {
      throw new IOException("file not found, not all directories are there: reasons=" + missing);
    }
    List<Path> roots = directories.stream().map(FlashDirectory::root).toList();
    throw new CorruptCopy("no such file: file=%s directories=%s".formatted(file, roots));
  }

  @Override
  public List<Listed> containers() throws IOException {
    return listed("*" + ContainerShelf.SUFFIX);
  }

  @Override
  public List<Listed> aside() throws IOException {
    return listed("*" + ASIDE);
  }

  private List<Listed> listed(String names) throws IOException {
    List<Listed> found = new ArrayList<>();
    for (FlashDirectory directory : directories) {
      Path durable = directory.root().resolve(Store.DURABLE);
      if (Files.isDirectory(durable)) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(durable, names)) {
          for (Path file : files) {
            list(file, found);
          }
        }
      }
    }
    found.sort(Comparator.comparing(Listed::file));
    return found;
  }

  /** Others may remove files while they are listed. */
  private static void list(Path file, List<Listed> found) throws IOException {
    try {
      found.add(new Listed(Store.DURABLE + file.getFileName(), Files.size(file)));
    } catch (NoSuchFileException gone) {
      // Then it is not there.
    }
  }

  @Override
  public boolean rename(String file, String name) throws IOException {
    for (FlashDirectory directory : directories) {
      try {
        Files.move(directory.root().resolve(file), directory.root().resolve(name));
        return true;
      } catch (NoSuchFileException elsewhere) {
        // The next one may have it.
      }
    }
    return false;
  }

  @Override
  public void delete(String file) throws IOException {
    for (FlashDirectory directory : directories) {
      Files.deleteIfExists(directory.root().resolve(file));
    }
  }

  /** Makes the names in a directory survive a power failure. */
  static void forceDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static final class Append implements AppendFile {
    private final FlashFile file;
    private final Path path;
    private final FlashDirectory directory;
    private long position;

    Append(FlashFile file, Path path, FlashDirectory directory) {
      this.file = file;
      this.path = path;
      this.directory = directory;
    }

    @Override
    public void append(MemorySegment part) throws IOException {
      noted(() -> file.write(position, part));
      position += part.byteSize();
    }

    @Override
    public void append(StoreHeader header, @Nullable MemorySegment run) throws IOException {
      Outflow out = new Outflow(directory.lanes(), file, position);
      try {
        out.header(header);
        if (run != null) {
          out.run(run);
        }
        out.flush();
      } catch (IOException e) {
        out.failed(e);
      }
      noted(out::end);
      position += StoreHeader.BYTES + (run == null ? 0 : run.byteSize());
    }

    private interface Io {
      void run() throws IOException;
    }

    private void noted(Io io) throws IOException {
      try {
        io.run();
        directory.health().works();
      } catch (IOException e) {
        directory.health().failed(e);
        throw e;
      }
    }

    @Override
    public boolean canSync() {
      return true;
    }

    @Override
    public void sync() throws IOException {
      noted(file::force);
    }

    @Override
    public void close() throws IOException {
      noted(file::force);
      file.close();
    }

    @Override
    public void abandon() {
      try {
        file.close();
      } catch (IOException e) {
        log.warn("container not closed: file={}", path, e);
      }
    }
  }

  private record Read(FlashFile file) implements ReadFile {
    @Override
    public void read(long position, MemorySegment into) throws IOException {
      file.read(position, into);
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}

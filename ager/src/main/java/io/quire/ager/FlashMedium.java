package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Containers in a directory on flash. */
record FlashMedium(Path root, Disk disk) implements ContainerMedium {
  private static final Logger log = LoggerFactory.getLogger(FlashMedium.class);

  @Override
  public boolean exists(String file) {
    return Files.exists(root.resolve(file));
  }

  @Override
  public AppendFile create(String file) throws IOException {
    Path path = root.resolve(file);
    FlashFile made = new FlashFile(disk.open(path, Disk.Access.CREATE));
    Path directory = path.getParent();
    if (directory != null) {
      forceDirectory(directory);
    }
    return new Append(made, path);
  }

  @Override
  public ReadFile open(String file) throws IOException {
    try {
      return new Read(new FlashFile(disk.open(root.resolve(file), Disk.Access.READ)));
    } catch (NoSuchFileException e) {
      throw new CorruptCopy("no such file: file=" + root.resolve(file));
    }
  }

  @Override
  public void delete(String file) throws IOException {
    Files.deleteIfExists(root.resolve(file));
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
    private long position;

    Append(FlashFile file, Path path) {
      this.file = file;
      this.path = path;
    }

    @Override
    public void append(StoreHeader header, @Nullable MemorySegment run) throws IOException {
      MemorySegment body = run == null ? MemorySegment.NULL : run;
      file.write(position, header, body);
      position += StoreHeader.BYTES + body.byteSize();
    }

    @Override
    public boolean canSync() {
      return true;
    }

    @Override
    public void sync() throws IOException {
      file.force();
    }

    @Override
    public void close() throws IOException {
      file.force();
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

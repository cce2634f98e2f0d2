package io.quire.ager;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** The seam between flash stores and the operating system: files, with all their faults. */
interface Disk {
  enum Access {
    READ,
    CREATE
  }

  /** Opens a file; CREATE makes a new one, for reading and writing. */
  File open(Path path, Access access) throws IOException;

  /**
   * An open file. Positions, lengths and buffer addresses are multiples of 4 KiB. Safe from any
   * thread; may block.
   */
  interface File extends AutoCloseable {
    /** Reads at most the remaining bytes; returns how many, -1 at the end of the file. */
    int read(ByteBuffer into, long position) throws IOException;

    /** Writes at most the remaining bytes; returns how many. */
    int write(ByteBuffer from, long position) throws IOException;

    /**
     * As {@link #read(ByteBuffer, long)}, into several, one after the other. There is at least one.
     */
    default long read(ByteBuffer[] into, long position) throws IOException {
      return read(into[0], position);
    }

    /** As {@link #write(ByteBuffer, long)}, of several, one after the other; at least one. */
    default long write(ByteBuffer[] from, long position) throws IOException {
      return write(from[0], position);
    }

    /** What was written, and the length of the file, survive a power failure. */
    void force() throws IOException;

    long bytes() throws IOException;

    /** Bytes that the file system has left, as far as it can tell. */
    long spaceLeft() throws IOException;

    @Override
    void close() throws IOException;
  }

  /** Files past the page cache, where the file system allows that. */
  static Disk direct() {
    return (path, access) -> {
      Set<OpenOption> options = options(access);
      if (access == Access.CREATE) {
        options.add(StandardOpenOption.CREATE_NEW);
      }
      return new ChannelFile(path, access, openDirect(path, options));
    };
  }

  /** For a file that is there. */
  private static Set<OpenOption> options(Access access) {
    Set<OpenOption> options = new HashSet<>();
    options.add(StandardOpenOption.READ);
    if (access == Access.CREATE) {
      options.add(StandardOpenOption.WRITE);
    }
    return options;
  }

  private static FileChannel openDirect(Path path, Set<OpenOption> options) throws IOException {
    OpenOption directOption = directOption();
    if (directOption == null) {
      return FileChannel.open(path, options);
    }
    Set<OpenOption> direct = new HashSet<>(options);
    direct.add(directOption);
    try {
      return FileChannel.open(path, direct);
    } catch (NoSuchFileException | FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException refused) {
      // Some file systems refuse direct I/O only after having made the file.
      if (options.remove(StandardOpenOption.CREATE_NEW)) {
        options.add(StandardOpenOption.CREATE);
      }
      return FileChannel.open(path, options);
    }
  }

  /** The option is outside the standard API, so a runtime may lack it. */
  private static @Nullable OpenOption directOption() {
    try {
      Class<?> options = Class.forName("com.sun.nio.file.ExtendedOpenOption");
      for (Object option : options.getEnumConstants()) {
        if (option.toString().equals("DIRECT")) {
          return (OpenOption) option;
        }
      }
      return null;
    } catch (ClassNotFoundException e) {
      return null;
    }
  }

  /** A file of the operating system. */
  final class ChannelFile implements File {
    private final Path path;
    private final Access access;
    private final FileChannel channel;

    /**
     * More of the same file. Java reads and writes several buffers only where a channel stands, so
     * each such call has a channel of its own.
     */
    private final ConcurrentLinkedQueue<FileChannel> spare = new ConcurrentLinkedQueue<>();

    private ChannelFile(Path path, Access access, FileChannel channel) {
      this.path = path;
      this.access = access;
      this.channel = channel;
    }

    @Override
    public int read(ByteBuffer into, long position) throws IOException {
      return channel.read(into, position);
    }

    @Override
    public int write(ByteBuffer from, long position) throws IOException {
      return channel.write(from, position);
    }

    @Override
    public long read(ByteBuffer[] into, long position) throws IOException {
      return into.length == 1 ? read(into[0], position) : standing(position, own -> own.read(into));
    }

    @Override
    public long write(ByteBuffer[] from, long position) throws IOException {
      return from.length == 1
          ? write(from[0], position)
          : standing(position, own -> own.write(from));
    }

    private interface Io {
      long run(FileChannel own) throws IOException;
    }

    private long standing(long position, Io io) throws IOException {
      if (!channel.isOpen()) {
        throw new ClosedChannelException();
      }
      FileChannel own = spare.poll();
      if (own == null) {
        own = openDirect(path, options(access));
      }
      try {
        return io.run(own.position(position));
      } finally {
        spare.add(own);
        if (!channel.isOpen()) {
          closeSpare();
        }
      }
    }

    private void closeSpare() throws IOException {
      for (FileChannel own = spare.poll(); own != null; own = spare.poll()) {
        own.close();
      }
    }

    @Override
    public void force() throws IOException {
      channel.force(false);
    }

    @Override
    public long bytes() throws IOException {
      return channel.size();
    }

    @Override
    public long spaceLeft() throws IOException {
      return Files.getFileStore(path).getUsableSpace();
    }

    @Override
    public void close() throws IOException {
      channel.close();
      closeSpare();
    }
  }
}

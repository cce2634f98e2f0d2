package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HadoopMediumTest {
  private static final String FILE = "spill/node-1/000001.quire";

  @TempDir private java.nio.file.Path directory;

  /**
   * What a client shows of a file while its DataNode starts again: that it is there, and not a byte
   * of it.
   */
  private static final class Starting extends DistributedFileSystem {
    private final RawLocalFileSystem local = new RawLocalFileSystem();
    private final boolean ended;

    Starting(boolean ended) throws IOException {
      this.ended = ended;
      local.initialize(URI.create("file:///"), new Configuration());
    }

    @Override
    public FSDataInputStream open(Path file) throws IOException {
      return local.open(file);
    }

    @Override
    public boolean isFileClosed(Path file) throws IOException {
      if (!ended) {
        throw new IOException("connection refused");
      }
      return true;
    }
  }

  private void readEmpty(boolean ended) throws IOException {
    java.nio.file.Path file = directory.resolve(FILE);
    java.nio.file.Files.createDirectories(file.getParent());
    java.nio.file.Files.createFile(file);
    try (Starting files = new Starting(ended)) {
      HadoopMedium medium = new HadoopMedium(files, new Path(directory.toUri()), false);
      try (ContainerMedium.ReadFile read = medium.open(FILE)) {
        read.read(0, MemorySegment.ofArray(new byte[StoreHeader.BYTES]));
      }
    }
  }

  @Test
  void read_endedFileIsTooShort_isCorrupt() {
    assertThatThrownBy(() -> readEmpty(true)).isInstanceOf(CorruptCopy.class);
  }

  @Test
  void read_fileThatMayNotBeEndedIsTooShort_isAwayAndNotCorrupt() {
    assertThatThrownBy(() -> readEmpty(false)).isExactlyInstanceOf(IOException.class);
  }
}

package io.quire.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** One mapped file, whose pages the kernel brings and takes; the file is used again. */
final class MappedPeer implements DataJob.Doer {
  private final Path file;

  private MappedPeer(Path file) {
    this.file = file;
  }

  static MappedPeer open(Worker.Setup setup) {
    return new MappedPeer(setup.directory().resolve("mapped"));
  }

  @Override
  public long loadAndScan(int count, int bytes, Noise noise) throws Exception {
    try (Arena arena = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      MemorySegment all =
          channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) count * bytes, arena);
      for (int i = 0; i < count; i++) {
        noise.fill(all.asSlice((long) i * bytes, bytes), i);
      }
      return ValueStore.scans(
          count, number -> Noise.sum(all.asSlice((long) number * bytes, bytes)));
    }
  }

  @Override
  public void clear() {}

  @Override
  public void close() throws IOException {}
}

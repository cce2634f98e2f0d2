package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Containers in memory, of a medium that has several replicas: what is read without its checksums
 * may have a byte flipped, and what it checks is right.
 */
final class KeptMedium implements ContainerMedium {
  /** How a medium reads side by side what belongs apart. */
  enum Scatter {
    CANNOT,
    DOES,
    SPOILS
  }

  private final Scatter scatter;
  private final Map<String, byte[]> files = new ConcurrentHashMap<>();
  final AtomicInteger scattered = new AtomicInteger();
  final AtomicInteger readChecked = new AtomicInteger();

  /** Offset of the byte that unchecked reads find flipped; none if negative. */
  volatile long flipped = -1;

  private int appendsLeft = Integer.MAX_VALUE;
  private Exception failure = new IOException("too many appends");

  /** Whether checked reads find it so, too. */
  volatile boolean flippedEverywhere;

  KeptMedium(Scatter scatter) {
    this.scatter = scatter;
  }

  /** Takes so many appends, and fails with an exception from then on. */
  KeptMedium failingAfter(int appends, Exception why) {
    appendsLeft = appends;
    failure = why;
    return this;
  }

  @Override
  public boolean exists(String file) {
    return files.containsKey(file);
  }

  @Override
  public AppendFile create(String file) {
    files.put(file, new byte[0]);
    return new AppendFile() {
      @Override
      public void append(StoreHeader header, @Nullable MemorySegment run) throws IOException {
        if (appendsLeft-- <= 0) {
          if (failure instanceof IOException io) {
            throw io;
          }
          throw new IllegalStateException(failure);
        }
        append(MemorySegment.ofArray(header.encode()));
        if (run != null) {
          append(run);
        }
      }

      @Override
      public void append(MemorySegment part) {
        byte[] more = part.toArray(ValueLayout.JAVA_BYTE);
        files.compute(
            file,
            (_, bytes) -> {
              byte[] all = Arrays.copyOf(bytes, bytes.length + more.length);
              System.arraycopy(more, 0, all, bytes.length, more.length);
              return all;
            });
      }

      @Override
      public boolean canSync() {
        return true;
      }

      @Override
      public void sync() {}

      @Override
      public void close() {}

      @Override
      public void abandon() {}
    };
  }

  @Override
  public ReadFile open(String file) throws IOException {
    return new Read(bytes(file), flippedEverywhere ? flipped : -1, readChecked);
  }

  @Override
  public ReadFile openUnchecked(String file) throws IOException {
    return new Read(bytes(file), flipped, new AtomicInteger());
  }

  private byte[] bytes(String file) throws CorruptCopy {
    byte[] bytes = files.get(file);
    if (bytes == null) {
      throw new CorruptCopy("no such file: file=" + file);
    }
    return bytes;
  }

  private final class Read implements ReadFile {
    private final byte[] bytes;
    private final AtomicInteger reads;

    Read(byte[] bytes, long flipped, AtomicInteger reads) {
      this.bytes = bytes.clone();
      this.reads = reads;
      if (flipped >= 0) {
        this.bytes[(int) flipped] ^= 1;
      }
    }

    @Override
    public void read(long position, MemorySegment into) throws IOException {
      reads.incrementAndGet();
      if (position + into.byteSize() > bytes.length) {
        throw new CorruptCopy("file ends early: offset=" + position);
      }
      MemorySegment.copy(MemorySegment.ofArray(bytes), position, into, 0, into.byteSize());
    }

    @Override
    public boolean scatter(long position, List<MemorySegment> into) {
      return switch (scatter) {
        case CANNOT -> false;
        case SPOILS -> {
          into.forEach(each -> each.fill((byte) 0x5a));
          yield false;
        }
        case DOES -> {
          long at = position;
          for (MemorySegment each : into) {
            MemorySegment.copy(MemorySegment.ofArray(bytes), at, each, 0, each.byteSize());
            at += each.byteSize();
          }
          scattered.incrementAndGet();
          yield true;
        }
      };
    }

    @Override
    public void close() {}
  }

  @Override
  public List<Listed> containers() {
    return List.of();
  }

  @Override
  public List<Listed> aside() {
    return List.of();
  }

  @Override
  public boolean rename(String file, String name) {
    return false;
  }

  @Override
  public void delete(String file) {
    files.remove(file);
  }
}

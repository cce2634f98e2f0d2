package io.quire.bench;

import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.quire.ager.CompactedRegion;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gives memory for extents and takes it back. Used by one thread. */
interface Allocator {
  /** What {@link #allocate} answers when there is no memory. */
  long REFUSED = -1;

  /** A token for as many bytes, or {@link #REFUSED}. */
  long allocate(long bytes);

  void free(long token);

  /** Where its bytes are; they may move at each allocation. */
  long address(long token);

  /**
   * Bytes that a token keeps from others, or 0 if only the operating system could tell.
   *
   * @param bytes that were asked for
   */
  default long takes(long token, long bytes) {
    return 0;
  }

  /** Bytes that were moved to make room. */
  default long movedBytes() {
    return 0;
  }

  /** That of a name, limited to so many bytes if it can be limited. */
  static Allocator of(String name, long limit) {
    return switch (name) {
      case "runs" -> new Compacted(CompactedRegion.open(limit, Integer.MAX_VALUE));
      case "runs-two-ends" -> new Compacted(CompactedRegion.open(limit, 256));
      case "classes" -> new VirtualClasses(limit);
      case "malloc" -> new Malloc();
      case "netty-pooled" -> new Netty(PooledByteBufAllocator.DEFAULT);
      case "netty-adaptive" -> new Netty(new AdaptiveByteBufAllocator());
      default -> throw new IllegalArgumentException("no such allocator: name=" + name);
    };
  }

  /** Ours. */
  record Compacted(CompactedRegion region) implements Allocator {
    @Override
    public long allocate(long bytes) {
      return region.allocate(bytes);
    }

    @Override
    public void free(long token) {
      region.free((int) token);
    }

    @Override
    public long address(long token) {
      return region.address((int) token);
    }

    @Override
    public long takes(long token, long bytes) {
      return region.bytes((int) token);
    }

    @Override
    public long movedBytes() {
      return region.movedBytes();
    }
  }

  /** The {@code malloc} of the process: that of glibc, or of a library that was put before it. */
  record Malloc() implements Allocator {
    @Override
    public long allocate(long bytes) {
      long address = CLibrary.malloc(bytes);
      return address == 0 ? REFUSED : address;
    }

    @Override
    public void free(long token) {
      CLibrary.free(token);
    }

    @Override
    public long address(long token) {
      return token;
    }
  }

  /** One of Netty's; its limit is an option of the JVM. */
  final class Netty implements Allocator {
    private final ByteBufAllocator allocator;
    private final List<@Nullable ByteBuf> buffers = new ArrayList<>();
    private final List<Integer> spare = new ArrayList<>();

    Netty(ByteBufAllocator allocator) {
      this.allocator = allocator;
    }

    @Override
    public long allocate(long bytes) {
      ByteBuf buffer;
      try {
        buffer = allocator.directBuffer((int) bytes, (int) bytes);
      } catch (OutOfMemoryError e) {
        return REFUSED;
      }
      if (spare.isEmpty()) {
        buffers.add(buffer);
        return buffers.size() - 1;
      }
      int token = spare.removeLast();
      buffers.set(token, buffer);
      return token;
    }

    @Override
    public void free(long token) {
      at(token).release();
      buffers.set((int) token, null);
      spare.add((int) token);
    }

    @Override
    public long address(long token) {
      return at(token).memoryAddress();
    }

    private ByteBuf at(long token) {
      ByteBuf buffer = buffers.get((int) token);
      if (buffer == null) {
        throw new IllegalStateException("freed already: token=" + token);
      }
      return buffer;
    }
  }
}

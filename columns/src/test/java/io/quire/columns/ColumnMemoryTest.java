package io.quire.columns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.junit.jupiter.api.Test;

final class ColumnMemoryTest {
  @Test
  void buffers_areAlignedAndHoldWhatIsWritten() {
    try (BufferAllocator allocator = ColumnMemory.open(Long.MAX_VALUE)) {
      for (long bytes : new long[] {1, 63, 64, 65, 4096, 1 << 20}) {
        try (ArrowBuf buffer = allocator.buffer(bytes)) {
          assertThat(buffer.memoryAddress() % 64).isZero();
          buffer.setByte(bytes - 1, 7);
          assertThat(buffer.getByte(bytes - 1)).isEqualTo((byte) 7);
        }
      }
      assertThat(allocator.getAllocatedMemory()).isZero();
    }
  }

  @Test
  void vectors_growAndAreReleased() {
    try (BufferAllocator allocator = ColumnMemory.open(Long.MAX_VALUE)) {
      try (BigIntVector vector = new BigIntVector("n", allocator)) {
        for (int i = 0; i < 100_000; i++) {
          vector.setSafe(i, i);
        }
        vector.setValueCount(100_000);
        assertThat(vector.get(99_999)).isEqualTo(99_999);
        assertThat(allocator.getAllocatedMemory()).isGreaterThanOrEqualTo(800_000);
      }
      assertThat(allocator.getAllocatedMemory()).isZero();
    }
  }

  @Test
  void limit_isRespected_alsoByAChild() {
    try (BufferAllocator allocator = ColumnMemory.open(8192)) {
      try (ArrowBuf held = allocator.buffer(4096)) {
        assertThatThrownBy(() -> allocator.buffer(8192)).isInstanceOf(OutOfMemoryException.class);
        assertThat(held.capacity()).isEqualTo(4096);
      }
      allocator.buffer(8192).close();
      try (BufferAllocator child = allocator.newChildAllocator("child", 0, 1024)) {
        assertThatThrownBy(() -> child.buffer(2048)).isInstanceOf(OutOfMemoryException.class);
      }
    }
    assertThatThrownBy(() -> ColumnMemory.open(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void leak_isFoundWhenTheAllocatorIsClosed() {
    BufferAllocator allocator = ColumnMemory.open(1 << 20);
    ArrowBuf leaked = allocator.buffer(100);
    assertThatThrownBy(allocator::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("leak");
    assertThat(leaked.capacity()).isGreaterThanOrEqualTo(100);
  }

  @Test
  void arrowsOwnAllocators_takeTheirMemoryHere() throws ReflectiveOperationException {
    try (RootAllocator allocator = new RootAllocator();
        ArrowBuf buffer = allocator.buffer(64)) {
      assertThat(allocator.getEmpty()).isSameAs(ColumnMemory.factory().empty());
      assertThat(buffer.memoryAddress() % 64).isZero();
    }
    // What Arrow would take by default is not there.
    assertThatThrownBy(
            () -> Class.forName("org.apache.arrow.memory.unsafe.UnsafeAllocationManager"))
        .isInstanceOf(ClassNotFoundException.class);
    assertThatThrownBy(() -> Class.forName("org.apache.arrow.memory.netty.NettyAllocationManager"))
        .isInstanceOf(ClassNotFoundException.class);
  }
}

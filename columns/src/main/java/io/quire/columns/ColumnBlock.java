package io.quire.columns;

import io.quire.base.WireReader.MalformedException;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.ForeignAllocation;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.types.pojo.Field;

/**
 * The bytes of one column of one row group: a whole stream in Arrow's IPC format, of one field and
 * one record batch, in which every buffer begins at a multiple of 64 bytes. Any reader of Arrow can
 * open them; {@link #view} does without a copy.
 *
 * <p>A column is of bool, an integer of 8 to 64 bits with sign or without, float of 32 or 64 bits,
 * decimal of 128 bits, date, time, timestamp, duration, text or bytes (also with offsets of 64
 * bits), bytes of a fixed size up to 1 MiB, or a list, list of a fixed size, struct or map of such,
 * 16 deep at most, with at most 1,024 fields. Dictionaries, views, unions, intervals and extension
 * types are refused.
 */
public final class ColumnBlock {
  private ColumnBlock() {}

  /**
   * How many bytes the block of this vector has. The vector must not change until it is written.
   *
   * @throws IllegalArgumentException if it is of a type that a block cannot have, or its name and
   *     metadata take more than 1 MiB
   */
  public static long bytes(FieldVector vector) {
    return new BlockPlan(vector).bytes();
  }

  /**
   * Writes the block; the vector stays the caller's. The same values and the same field make the
   * same bytes.
   *
   * @param to as long as {@link #bytes} says; all of it is written
   * @throws IllegalArgumentException as {@link #bytes}, or if the length is another
   */
  public static void write(FieldVector vector, MemorySegment to) {
    BlockPlan plan = new BlockPlan(vector);
    if (to.byteSize() != plan.bytes()) {
      throw new IllegalArgumentException(
          "not the size of the block: bytes=" + to.byteSize() + " wanted=" + plan.bytes());
    }
    plan.write(to);
  }

  /**
   * Name, type and metadata of the column; nothing else of the block is looked at.
   *
   * @throws MalformedException if the bytes do not begin as a block does
   */
  public static Field field(MemorySegment block) {
    return BlockCheck.field(block);
  }

  /**
   * A vector over the bytes, which are not copied; close it. They must be readable and unchanged
   * until {@code release} is called, which happens exactly once: when the vector, and whatever was
   * made from it without a copy, is closed, on the thread that does so; or before this method
   * throws. The vector must not be written to.
   *
   * <p>All that could lead a reader out of the block is checked first, which reads bitmaps and
   * offsets. Whether values are what they were is for a checksum to say.
   *
   * @param block native memory that begins at a multiple of 64
   * @param allocator on which the bytes of the block count
   * @param release must not throw
   * @throws MalformedException if the bytes are not a block
   * @throws IllegalArgumentException if the memory is on the heap or begins elsewhere
   * @throws org.apache.arrow.memory.OutOfMemoryException beyond the limit of the allocator
   */
  public static FieldVector view(MemorySegment block, BufferAllocator allocator, Runnable release) {
    Lent lent = new Lent(block, release);
    try {
      if (!block.isNative() || block.address() % BlockFormat.ALIGNMENT != 0) {
        throw new IllegalArgumentException("not aligned native memory: block=" + block);
      }
      BlockCheck.Checked checked = BlockCheck.check(block);
      try (ArrowBuf whole = allocator.wrapForeignAllocation(lent)) {
        return vector(checked, whole, allocator);
      }
    } catch (Throwable e) {
      lent.release0();
      throw e;
    }
  }

  private static FieldVector vector(
      BlockCheck.Checked checked, ArrowBuf whole, BufferAllocator allocator) {
    FieldVector vector = checked.field().createVector(allocator);
    try {
      load(vector, checked.field(), checked.nodes().iterator(), whole);
      return vector;
    } catch (RuntimeException e) {
      vector.close();
      MalformedException malformed = new MalformedException("not a column block: found=" + e);
      malformed.initCause(e);
      throw malformed;
    }
  }

  private static void load(
      FieldVector vector, Field field, Iterator<BlockCheck.Node> nodes, ArrowBuf whole) {
    BlockCheck.Node node = nodes.next();
    List<ArrowBuf> buffers =
        node.buffers().stream().map(each -> whole.slice(each.at(), each.bytes())).toList();
    vector.loadFieldBuffers(new ArrowFieldNode(node.rows(), node.nulls()), buffers);
    List<FieldVector> children = vector.getChildrenFromFields();
    List<Field> fields = field.getChildren();
    if (children.size() != fields.size()) {
      throw new IllegalArgumentException("fields of one name: field=" + field);
    }
    for (int i = 0; i < fields.size(); i++) {
      load(children.get(i), fields.get(i), nodes, whole);
    }
  }

  /** Bytes that Arrow does not own. Refers to the segment, so that this is not collected. */
  private static final class Lent extends ForeignAllocation {
    private final MemorySegment block;
    private final Runnable release;
    private final AtomicBoolean released = new AtomicBoolean();

    Lent(MemorySegment block, Runnable release) {
      super(block.byteSize(), block.isNative() ? block.address() : 0);
      this.block = block;
      this.release = release;
    }

    @Override
    protected void release0() {
      if (released.compareAndSet(false, true)) {
        release.run();
        Reference.reachabilityFence(block);
      }
    }
  }
}

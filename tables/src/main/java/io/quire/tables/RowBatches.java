package io.quire.tables;

import io.quire.columns.RowGroup;
import io.quire.datasets.ScanStream;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/** The batches of a stream of rows, one by one, none ahead of the one that is asked for. */
final class RowBatches implements Iterator<RowGroup> {
  private final ScanStream stream;
  private final int[] wanted;
  private final BufferAllocator memory;
  private ScanStream.@Nullable Batch next;

  RowBatches(ScanStream stream, int[] wanted, BufferAllocator memory) {
    this.stream = stream;
    this.wanted = wanted;
    this.memory = memory;
  }

  @Override
  public boolean hasNext() {
    if (next == null) {
      Optional<ScanStream.Batch> got = stream.next();
      next = got.orElse(null);
    }
    return next != null;
  }

  @Override
  public RowGroup next() {
    ScanStream.Batch taken = hasNext() ? next : null;
    if (taken == null) {
      throw new NoSuchElementException("no more rows");
    }
    next = null;
    return TableRows.read(taken.bytes(), wanted, memory);
  }
}

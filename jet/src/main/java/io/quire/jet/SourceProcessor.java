package io.quire.jet;

import com.hazelcast.function.FunctionEx;
import com.hazelcast.jet.core.AbstractProcessor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/** Emits what is made of the rows of some shares, one share after the other. Never waits. */
final class SourceProcessor<T> extends AbstractProcessor {
  private final QuireTables tables;
  private final String table;
  private final Queue<Share> shares;
  private final FunctionEx<? super Row, ? extends T> projection;
  private final BufferAllocator memory;
  private final List<ShareReader> ended = new ArrayList<>();
  private @Nullable ShareReader reader;
  private @Nullable Rows<T> rows;

  SourceProcessor(
      QuireTables tables,
      String table,
      List<Share> shares,
      FunctionEx<? super Row, ? extends T> projection,
      BufferAllocator memory) {
    this.tables = tables;
    this.table = table;
    this.shares = new ArrayDeque<>(shares);
    this.projection = projection;
    this.memory = memory;
  }

  @Override
  public boolean complete() {
    while (true) {
      ShareReader from = reader;
      if (from == null) {
        Share share = shares.poll();
        if (share == null) {
          return true;
        }
        from = new ShareReader(tables, table, share, memory);
        reader = from;
      }
      if (rows != null && !emitted(rows, from)) {
        return false;
      }
      switch (from.poll()) {
        case NOTHING_YET -> {
          return false;
        }
        case BATCH -> rows = new Rows<>(from.batch(), projection);
        case END -> {
          reader = null;
          ended.add(from);
        }
      }
    }
  }

  /** Whether a batch is through; it may take several turns, so that others have theirs. */
  private boolean emitted(Rows<T> batch, ShareReader from) {
    if (!emitFromTraverser(batch) || !batch.atEnd()) {
      return false;
    }
    rows = null;
    from.release();
    return true;
  }

  /** On a thread that may wait: this does not say that it is cooperative. */
  @Override
  public void close() {
    if (reader != null) {
      ended.add(reader);
    }
    ended.forEach(ShareReader::close);
  }
}

package io.quire.jet;

import com.hazelcast.function.FunctionEx;
import com.hazelcast.jet.core.Processor;
import com.hazelcast.jet.core.ProcessorSupplier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the processors of one member, which read the shares that the member was given. */
final class SourceSupplier<T> implements ProcessorSupplier {
  private static final long serialVersionUID = 1;

  private final QuireTables tables;
  private final String table;
  private final ArrayList<Share> shares;
  private final FunctionEx<? super Row, ? extends T> projection;

  private transient @Nullable JobMemory memory;

  SourceSupplier(
      QuireTables tables,
      String table,
      List<Share> shares,
      FunctionEx<? super Row, ? extends T> projection) {
    this.tables = tables;
    this.table = table;
    this.shares = new ArrayList<>(shares);
    this.projection = projection;
  }

  @Override
  public Collection<? extends Processor> get(int count) {
    JobMemory own = new JobMemory();
    memory = own;
    List<Processor> processors = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      List<Share> dealt = new ArrayList<>();
      for (int share = i; share < shares.size(); share += count) {
        dealt.add(shares.get(share));
      }
      processors.add(new SourceProcessor<T>(tables, table, dealt, projection, own.allocator()));
    }
    return processors;
  }

  /** The processors were closed before. */
  @Override
  public void close(@Nullable Throwable error) {
    if (memory != null) {
      memory.close();
    }
  }
}

package io.quire.jet;

import com.hazelcast.function.FunctionEx;
import com.hazelcast.jet.core.AbstractProcessor;
import com.hazelcast.jet.core.Processor;
import com.hazelcast.jet.core.ProcessorSupplier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes the processor that writes, on the member that does, and one that has nothing to do on
 * others.
 */
final class SinkSupplier<T> implements ProcessorSupplier {
  private static final long serialVersionUID = 1;

  /** None or one. */
  private final ArrayList<TableSink.Upload> upload;

  private final FunctionEx<? super T, @Nullable Object[]> values;

  private transient @Nullable JobMemory memory;

  SinkSupplier(
      Optional<TableSink.Upload> upload, FunctionEx<? super T, @Nullable Object[]> values) {
    this.upload = new ArrayList<>(upload.stream().toList());
    this.values = values;
  }

  @Override
  public Collection<? extends Processor> get(int count) {
    if (upload.isEmpty()) {
      return List.of(new Idle());
    }
    JobMemory own = new JobMemory();
    memory = own;
    return List.of(new SinkProcessor<T>(upload.getFirst(), values, own.allocator()));
  }

  /** The processor was closed before. */
  @Override
  public void close(@Nullable Throwable error) {
    if (memory != null) {
      memory.close();
    }
  }

  /** Is sent nothing; what is sent to it all the same fails the job. */
  private static final class Idle extends AbstractProcessor {}
}

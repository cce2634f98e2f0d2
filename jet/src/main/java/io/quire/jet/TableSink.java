package io.quire.jet;

import com.hazelcast.cluster.Address;
import com.hazelcast.function.FunctionEx;
import com.hazelcast.jet.JetException;
import com.hazelcast.jet.config.ProcessingGuarantee;
import com.hazelcast.jet.core.ProcessorMetaSupplier;
import com.hazelcast.jet.core.ProcessorSupplier;
import com.hazelcast.jet.impl.pipeline.SinkImpl;
import com.hazelcast.jet.pipeline.Sink;
import io.quire.columns.ColumnMemory;
import java.io.Serializable;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.apache.arrow.flight.FlightInfo;
import org.apache.arrow.flight.FlightRuntimeException;
import org.apache.arrow.flight.FlightStatusCode;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Finds out where the rows of a job go, at the beginning of each execution: to one node, by one
 * processor, that of the member to which Jet sends all items of a sink of which there is one: the
 * owner of the partition of its name.
 *
 * <p>Jet's public interface makes no such sink: items that are partitioned for a sink stay on their
 * member. So this uses the class by which Jet makes its own.
 *
 * <p>The upload is marked by the job, which keeps its id when it is restarted, and by the sink. So
 * whichever execution of the job comes first makes the table, and the others find it made.
 */
final class TableSink<T> implements ProcessorMetaSupplier {
  private static final long serialVersionUID = 1;
  private static final int REPLICAS_MAX = 3;

  private final QuireTables tables;
  private final String table;
  private final FunctionEx<? super T, @Nullable Object[]> values;

  /** As Arrow's message; empty to append to a table, which has columns. */
  private final byte[] columns;

  /** Of a new table; one that grows has its own. */
  private final int replicas;

  /** Of another pipeline, or another sink, it is another. */
  private final UUID sink = UUID.randomUUID();

  private transient @Nullable Upload upload;
  private transient @Nullable Address member;

  /**
   * What a member is told.
   *
   * @param columns as Arrow's message; not to be changed
   */
  record Upload(
      QuireTables tables,
      String table,
      URI node,
      boolean append,
      int replicas,
      UUID mark,
      byte[] columns)
      implements Serializable {
    Schema schema() {
      return Schema.deserializeMessage(ByteBuffer.wrap(columns));
    }

    /** What a node is told beside the table's name. */
    Map<String, Object> options() {
      return append
          ? Map.of("append", true, "mark", mark)
          : Map.of("replicas", replicas, "mark", mark);
    }
  }

  private TableSink(
      QuireTables tables,
      String table,
      byte[] columns,
      int replicas,
      FunctionEx<? super T, @Nullable Object[]> values) {
    this.tables = tables;
    this.table = table;
    this.columns = columns;
    this.replicas = replicas;
    this.values = values;
  }

  /**
   * Makes a new table.
   *
   * @throws IllegalArgumentException if rows cannot have one of the columns
   */
  static <T> TableSink<T> create(
      QuireTables tables,
      String table,
      Schema columns,
      int replicas,
      FunctionEx<? super T, @Nullable Object[]> values) {
    if (replicas < 1 || replicas > REPLICAS_MAX) {
      throw new IllegalArgumentException(
          "replicas: table=%s found=%d allowed=1..%d".formatted(table, replicas, REPLICAS_MAX));
    }
    try (BufferAllocator memory = ColumnMemory.open(0);
        Batch batch = new Batch(columns, memory)) {
      return new TableSink<>(tables, table, columns.serializeAsMessage(), replicas, values);
    }
  }

  /** Appends to a table. */
  static <T> TableSink<T> append(
      QuireTables tables, String table, FunctionEx<? super T, @Nullable Object[]> values) {
    return new TableSink<>(tables, table, new byte[0], 1, values);
  }

  /** To Jet, which shows it as the name of the vertex. */
  private String name() {
    return "quire:" + table;
  }

  Sink<T> sink() {
    return new SinkImpl<>(name(), this, SinkImpl.Type.TOTAL_PARALLELISM_ONE);
  }

  @Override
  public int preferredLocalParallelism() {
    return 1;
  }

  @Override
  public void init(Context context) {
    if (context.localParallelism() != 1) {
      throw new JetException(
          "one processor writes a table: table=%s localParallelismFound=%d wanted=1"
              .formatted(table, context.localParallelism()));
    }
    if (context.processingGuarantee() != ProcessingGuarantee.NONE) {
      throw new JetException(
          "a job that is restarted has to give all rows again: table=%s guaranteeFound=%s wanted=%s"
              .formatted(table, context.processingGuarantee(), ProcessingGuarantee.NONE));
    }
    UUID mark =
        UUID.nameUUIDFromBytes(
            "%s %x %s"
                .formatted(sink, context.jobId(), context.vertexName())
                .getBytes(StandardCharsets.UTF_8));
    try (BufferAllocator memory = ColumnMemory.open(Long.MAX_VALUE)) {
      Nodes.Found<Optional<FlightInfo>> found =
          Nodes.ask(tables, table, memory, mark.hashCode(), this::info);
      boolean append = columns.length == 0;
      byte[] wanted =
          found
              .answer()
              .filter(_ -> append)
              .flatMap(FlightInfo::getSchemaOptional)
              .map(Schema::serializeAsMessage)
              .orElse(columns);
      upload = new Upload(tables, table, found.node(), append, replicas, mark, wanted);
    }
    member = ProcessorMetaSupplier.getOwnerAddress(context, name());
  }

  /** Only a table that is to grow must be there. */
  private Optional<FlightInfo> info(Connection node) {
    try {
      return Optional.of(node.info(tables.namespace(), table, List.of()));
    } catch (FlightRuntimeException e) {
      if (columns.length > 0 && e.status().code() == FlightStatusCode.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public Function<? super Address, ? extends ProcessorSupplier> get(List<Address> members) {
    Upload wanted = upload;
    Address writes = member;
    if (wanted == null || writes == null) {
      throw new IllegalStateException("not initialized");
    }
    return address ->
        new SinkSupplier<T>(
            address.equals(writes) ? Optional.of(wanted) : Optional.empty(), values);
  }
}

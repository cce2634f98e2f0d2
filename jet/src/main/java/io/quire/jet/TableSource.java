package io.quire.jet;

import com.hazelcast.cluster.Address;
import com.hazelcast.function.FunctionEx;
import com.hazelcast.jet.core.ProcessorMetaSupplier;
import com.hazelcast.jet.core.ProcessorSupplier;
import io.quire.columns.ColumnMemory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.arrow.flight.FlightInfo;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.types.pojo.Field;

/**
 * Asks once, at the beginning of each execution of a job, what there is of a table, and deals it
 * out. So all processors read the same version, and no row twice.
 */
final class TableSource<T> implements ProcessorMetaSupplier {
  private static final long serialVersionUID = 1;

  private final QuireTables tables;
  private final String table;
  private final ArrayList<String> columns;
  private final FunctionEx<? super Row, ? extends T> projection;

  private transient List<Share> shares = List.of();

  TableSource(
      QuireTables tables,
      String table,
      List<String> columns,
      FunctionEx<? super Row, ? extends T> projection) {
    this.tables = tables;
    this.table = table;
    this.columns = new ArrayList<>(columns);
    this.projection = projection;
  }

  @Override
  public void init(Context context) {
    try (BufferAllocator memory = ColumnMemory.open(Long.MAX_VALUE)) {
      FlightInfo info =
          Nodes.ask(tables, table, memory, node -> node.info(tables.namespace(), table, columns));
      info.getSchemaOptional()
          .ifPresent(schema -> schema.getFields().forEach(field -> check(field, memory)));
      shares =
          info.getEndpoints().stream()
              .map(
                  endpoint ->
                      new Share(
                          endpoint.getTicket().getBytes(),
                          endpoint.getLocations().stream().map(at -> at.getUri()).toList()))
              .toList();
    }
  }

  /** Whether rows can have it. */
  private static void check(Field field, BufferAllocator memory) {
    try (FieldVector vector = field.createVector(memory)) {
      ColumnValues.of(vector);
    }
  }

  @Override
  public Function<? super Address, ? extends ProcessorSupplier> get(List<Address> members) {
    Map<Address, List<Share>> dealt = dealt(shares, members);
    return member ->
        new SourceSupplier<T>(tables, table, dealt.getOrDefault(member, List.of()), projection);
  }

  private record Hand(Address member, List<Share> shares) {}

  /** Each to a member on its own machine, if there is one; and to all about as many. */
  static Map<Address, List<Share>> dealt(List<Share> shares, List<Address> members) {
    List<Hand> all = members.stream().map(each -> new Hand(each, new ArrayList<>())).toList();
    for (Share share : shares) {
      List<Hand> near = all.stream().filter(hand -> near(share, hand.member)).toList();
      Hand fewest =
          Collections.min(
              near.isEmpty() ? all : near, Comparator.comparingInt(hand -> hand.shares.size()));
      fewest.shares.add(share);
    }
    return all.stream().collect(Collectors.toMap(Hand::member, Hand::shares));
  }

  private static boolean near(Share share, Address member) {
    return share.nodes().stream().anyMatch(node -> member.getHost().equals(node.getHost()));
  }
}

package io.quire.flight;

import io.quire.base.NodeId;
import io.quire.datasets.DatasetVersion;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.tables.TablePart;
import io.quire.tables.TableShare;
import io.quire.tables.Tables;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.arrow.flight.Criteria;
import org.apache.arrow.flight.FlightDescriptor;
import org.apache.arrow.flight.FlightEndpoint;
import org.apache.arrow.flight.FlightInfo;
import org.apache.arrow.flight.FlightStream;
import org.apache.arrow.flight.Location;
import org.apache.arrow.flight.NoOpFlightProducer;
import org.apache.arrow.flight.PutResult;
import org.apache.arrow.flight.SchemaResult;
import org.apache.arrow.flight.Ticket;
import org.apache.arrow.vector.types.pojo.Schema;

/** Answers the calls that are about reading, and takes uploads; all others are not implemented. */
final class TableProducer extends NoOpFlightProducer {
  /** Of what is asked; a path is bounded by the names that there are. */
  private static final int REQUEST_BYTES_MAX = 1 << 20;

  private static final Duration DEADLINE_EACH = Duration.ofSeconds(60);

  private final NodeId self;
  private final Namespaces namespaces;
  private final Tables tables;
  private final Streams streams;
  private final Uploads uploads;
  private final Counters counters;
  private final Duration patience;
  private final Duration idle;
  private final Supplier<Locations> locations;

  TableProducer(
      NodeId self,
      Namespaces namespaces,
      Tables tables,
      Streams streams,
      Uploads uploads,
      Counters counters,
      Duration patience,
      Duration idle,
      Supplier<Locations> locations) {
    this.self = self;
    this.namespaces = namespaces;
    this.tables = tables;
    this.streams = streams;
    this.uploads = uploads;
    this.counters = counters;
    this.patience = patience;
    this.idle = idle;
    this.locations = locations;
  }

  @Override
  public FlightInfo getFlightInfo(CallContext context, FlightDescriptor asked) {
    try {
      TableQuestion question = TableQuestion.of(small(asked));
      Caller caller = Caller.of(context);
      NsObject table = table(caller.in(namespaces), question);
      return info(caller.in(tables), table, question.columns(), asked);
    } catch (RuntimeException e) {
      throw Failure.of(e);
    }
  }

  @Override
  public SchemaResult getSchema(CallContext context, FlightDescriptor asked) {
    try {
      TableQuestion question = TableQuestion.of(small(asked));
      Caller caller = Caller.of(context);
      NsObject table = table(caller.in(namespaces), question);
      return new SchemaResult(caller.in(tables).schema(table, question.columns()));
    } catch (RuntimeException e) {
      throw Failure.of(e);
    }
  }

  /** Only batches may be long. */
  private static byte[] small(byte[] request) {
    if (request.length > REQUEST_BYTES_MAX) {
      throw new IllegalArgumentException(
          "request is too long: bytes=%d max=%d".formatted(request.length, REQUEST_BYTES_MAX));
    }
    return request;
  }

  private static FlightDescriptor small(FlightDescriptor asked) {
    if (asked.isCommand()) {
      small(asked.getCommand());
    }
    return asked;
  }

  private static NsObject table(Namespaces namespaces, TableQuestion question) {
    NsHandle namespace =
        question.namespace().map(name -> Found.namespace(namespaces, name)).orElse(NsHandle.ROOT);
    return Found.table(namespaces, namespace, question.name());
  }

  /** One endpoint for each node that has rows; one of nothing if there are none. */
  private FlightInfo info(
      Tables tables, NsObject table, List<String> columns, FlightDescriptor asked) {
    Schema schema = tables.schema(table, columns);
    List<TableShare> shares = tables.shares(table, columns);
    Map<NodeId, Location> where =
        locations.get().of(shares.stream().map(TableShare::owner).collect(Collectors.toSet()));
    DatasetVersion version = tables.version(table);
    List<FlightEndpoint> endpoints = new ArrayList<>();
    for (TableShare share : shares.isEmpty() ? List.of(nothing()) : shares) {
      TableTicket ticket =
          new TableTicket(
              table.xid(), new TablePart(version, share.owner(), 0), table.name(), columns);
      endpoints.add(
          new FlightEndpoint(
              new Ticket(ticket.toBytes()),
              // None means that this node is to be asked.
              Optional.ofNullable(where.get(share.owner())).stream().toArray(Location[]::new)));
    }
    return new FlightInfo(
        schema,
        asked,
        endpoints,
        shares.stream().mapToLong(TableShare::bytes).sum(),
        shares.stream().mapToLong(TableShare::rows).sum());
  }

  private TableShare nothing() {
    return new TableShare(self, 0, 0, 0);
  }

  @Override
  public void listFlights(
      CallContext context, Criteria criteria, StreamListener<FlightInfo> client) {
    try {
      String pattern = new String(small(criteria.getExpression()), StandardCharsets.UTF_8);
      Caller caller = Caller.of(context);
      Tables readable = caller.in(tables);
      new TableList(
              caller.in(namespaces),
              readable,
              pattern.isEmpty() ? NamePattern.ALL : NamePattern.of(pattern),
              context::isCancelled,
              (table, path) -> client.onNext(info(readable, table, List.of(), path)))
          .run();
      client.onCompleted();
    } catch (RuntimeException e) {
      client.onError(Failure.of(e));
    }
  }

  @Override
  public void getStream(CallContext context, Ticket ticket, ServerStreamListener client) {
    try {
      Calls.Call call = Calls.current();
      streams.admit(call);
      streams.start(
          stream(Caller.of(context), TableTicket.read(small(ticket.getBytes())), call, client));
    } catch (RuntimeException e) {
      client.error(Failure.of(e));
    }
  }

  @Override
  public Runnable acceptPut(
      CallContext context, FlightStream rows, StreamListener<PutResult> client) {
    Caller caller = Caller.of(context);
    return new Upload(
        caller,
        namespaces,
        tables,
        rows,
        Calls.current(),
        client,
        patience,
        idle,
        uploads,
        counters);
  }

  private RowStream stream(
      Caller caller, TableTicket ticket, Calls.Call call, ServerStreamListener client) {
    Tables readable = caller.in(tables);
    NsObject table =
        caller
            .in(namespaces)
            .lookup(ticket.xid())
            .filter(found -> !found.draining())
            .orElseThrow(() -> new Failure.NoSuchTable("table was deleted: name=" + ticket.name()));
    return new RowStream(
        ticket,
        readable.share(table, ticket.part(), ticket.columns()).rows(),
        () -> readable.read(table, ticket.part(), ticket.columns(), DEADLINE_EACH),
        readable.memory(),
        call,
        client,
        patience,
        counters);
  }
}

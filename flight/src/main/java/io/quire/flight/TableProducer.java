package io.quire.flight;

import io.quire.base.NodeId;
import io.quire.datasets.DatasetVersion;
import io.quire.ns.NamePage;
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
import org.apache.arrow.flight.CallStatus;
import org.apache.arrow.flight.Criteria;
import org.apache.arrow.flight.FlightDescriptor;
import org.apache.arrow.flight.FlightEndpoint;
import org.apache.arrow.flight.FlightInfo;
import org.apache.arrow.flight.Location;
import org.apache.arrow.flight.NoOpFlightProducer;
import org.apache.arrow.flight.SchemaResult;
import org.apache.arrow.flight.Ticket;
import org.apache.arrow.vector.types.pojo.Schema;

/** Answers the calls that are about reading; all others are not implemented. */
final class TableProducer extends NoOpFlightProducer {
  /** gRPC keeps what is listed until the client takes it. */
  static final int LISTED_MAX = 1_000;

  private static final int PAGE = 1_000;
  private static final Duration DEADLINE_EACH = Duration.ofSeconds(60);

  private final NodeId self;
  private final Namespaces namespaces;
  private final Tables tables;
  private final Streams streams;
  private final Counters counters;
  private final Duration patience;
  private final Supplier<Locations> locations;

  TableProducer(
      NodeId self,
      Namespaces namespaces,
      Tables tables,
      Streams streams,
      Counters counters,
      Duration patience,
      Supplier<Locations> locations) {
    this.self = self;
    this.namespaces = namespaces;
    this.tables = tables;
    this.streams = streams;
    this.counters = counters;
    this.patience = patience;
    this.locations = locations;
  }

  @Override
  public FlightInfo getFlightInfo(CallContext context, FlightDescriptor asked) {
    try {
      TableQuestion question = TableQuestion.of(asked);
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
      TableQuestion question = TableQuestion.of(asked);
      Caller caller = Caller.of(context);
      NsObject table = table(caller.in(namespaces), question);
      return new SchemaResult(caller.in(tables).schema(table, question.columns()));
    } catch (RuntimeException e) {
      throw Failure.of(e);
    }
  }

  private static NsObject table(Namespaces namespaces, TableQuestion question) {
    NsHandle namespace =
        question.namespace().map(name -> namespace(namespaces, name)).orElse(NsHandle.ROOT);
    return namespaces
        .lookup(namespace, question.name())
        .orElseThrow(() -> new Failure.NoSuchTable("no such table: name=" + question.name()));
  }

  private static NsHandle namespace(Namespaces namespaces, String name) {
    return namespaces
        .namespace(name)
        .orElseThrow(() -> new Failure.NoSuchTable("no such namespace: name=" + name));
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

  /** Tables of the root namespace that match a pattern. */
  @Override
  public void listFlights(
      CallContext context, Criteria criteria, StreamListener<FlightInfo> client) {
    try {
      String pattern = new String(criteria.getExpression(), StandardCharsets.UTF_8);
      list(context, pattern.isEmpty() ? NamePattern.ALL : NamePattern.of(pattern), client);
      client.onCompleted();
    } catch (RuntimeException e) {
      client.onError(Failure.of(e));
    }
  }

  private void list(CallContext context, NamePattern pattern, StreamListener<FlightInfo> client) {
    Namespaces names = Caller.of(context).in(namespaces);
    Tables readable = Caller.of(context).in(tables);
    int listed = 0;
    Optional<String> after = Optional.of("");
    while (after.isPresent()) {
      NamePage page = names.list(NsHandle.ROOT, pattern, after.get(), PAGE);
      for (NamePage.Listed name : page.names()) {
        Optional<NsObject> object = names.lookup(name.xid()).filter(found -> !found.draining());
        if (object.isEmpty() || !readable.isTable(object.get())) {
          continue;
        }
        if (context.isCancelled()) {
          throw CallStatus.CANCELLED.withDescription("the client has gone").toRuntimeException();
        }
        if (++listed > LISTED_MAX) {
          throw new Failure.Busy(
              "too many tables match: pattern=%s max=%d".formatted(pattern, LISTED_MAX));
        }
        client.onNext(info(readable, object.get(), List.of(), FlightDescriptor.path(name.name())));
      }
      after = page.next();
    }
  }

  @Override
  public void getStream(CallContext context, Ticket ticket, ServerStreamListener client) {
    try {
      Calls.Call call = Calls.current();
      streams.admit(call);
      streams.start(stream(Caller.of(context), TableTicket.read(ticket.getBytes()), call, client));
    } catch (RuntimeException e) {
      client.error(Failure.of(e));
    }
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

package io.quire.node;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.quire.ager.AgerStats;
import io.quire.ager.AgerStats.ClientStats;
import io.quire.ager.AgerStats.StoreStats;
import io.quire.flight.FlightStats;
import io.quire.flight.TableFlights;
import io.quire.lockserver.LockStats;
import io.quire.ns.NsStats;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * A node's figures in the text form that Prometheus reads. To count what the ager holds takes a
 * look at each extent, and what namespaces hold one at each object that was opened, so all their
 * figures of one answer come from one look.
 */
final class Metrics {
  static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Timer publish;
  private final Node node;
  private final Map<MultiGauge, ToDoubleFunction<ClientStats>> clients = new HashMap<>();
  private volatile AgerStats ager;
  private volatile NsStats namespaces;

  Metrics(Node node) {
    this.node = node;
    ager = node.ager().stats();
    namespaces = node.namespaces().stats();
    gauge("quire.view.epoch", node, n -> n.sessions().view().epoch());
    gauge("quire.view.members", node, n -> n.sessions().view().members().size());
    gauge("quire.ready", node, n -> n.ready() ? 1 : 0);
    gauge("quire.log.term", node, n -> n.log().status().term());
    gauge("quire.log.committed", node, n -> n.log().status().committed());
    gauge("quire.view.pause.last.seconds", node, n -> n.twoPhase().pauses().lastNanos() / 1e9);
    gauge(
        "quire.view.pause.longest.seconds", node, n -> n.twoPhase().pauses().longestNanos() / 1e9);
    gauge("quire.cells", node, n -> n.cells().count());
    namespaces("quire.ns.objects", NsStats::objects);
    namespaces("quire.ns.draining", NsStats::draining);
    namespaces("quire.ns.references", NsStats::references);
    namespaces("quire.ns.opens", NsStats::opens);
    namespaces("quire.ns.listings", NsStats::listings);
    namespaces("quire.ns.watches", NsStats::watches);
    locks("quire.locks.sessions", node, LockStats::sessions);
    locks("quire.locks.files", node, LockStats::files);
    locks("quire.locks.contents.bytes", node, LockStats::contentsBytes);
    locks("quire.locks.held", node, LockStats::holds);
    locks("quire.locks.lost", node, LockStats::lost);
    locks("quire.locks.waiters", node, LockStats::waiters);
    locks("quire.locks.events", node, LockStats::events);
    locks("quire.locks.requests", node, LockStats::requests);
    locks("quire.locks.requests.repeated", node, LockStats::repeated);
    ager("quire.memory.budget.bytes", AgerStats::budgetBytes);
    ager("quire.memory.accounted.bytes", AgerStats::accountedBytes);
    ager("quire.memory.pinned.bytes", AgerStats::pinnedBytes);
    ager("quire.extents", AgerStats::extents);
    ager("quire.extents.resident", AgerStats::residentExtents);
    ager("quire.page.ins", AgerStats::pageIns);
    ager("quire.evictions", AgerStats::evictions);
    ager.stores().forEach(store -> stores(store.uri()));
    client("quire.client.limit.bytes", ClientStats::limitBytes);
    client("quire.client.guaranteed.bytes", ClientStats::guaranteedBytes);
    client("quire.client.held.bytes", ClientStats::heldBytes);
    client("quire.client.pinned.bytes", ClientStats::pinnedBytes);
    client("quire.client.dirty.bytes", ClientStats::dirtyBytes);
    client("quire.client.page.ins", ClientStats::pageIns);
    client("quire.client.waits", ClientStats::waits);
    client("quire.client.refusals", ClientStats::refusals);
    node.flights().ifPresent(this::flights);
    publish =
        Timer.builder("quire.publish")
            .description("time of a create from the call to its return")
            .publishPercentiles(0.5, 0.99)
            .register(registry);
  }

  void published(long nanos) {
    publish.record(Duration.ofNanos(nanos));
  }

  /** One at a time. */
  synchronized String scrape() {
    ager = node.ager().stats();
    namespaces = node.namespaces().stats();
    clients.forEach(
        (gauge, figure) ->
            gauge.register(
                ager.clients().stream()
                    .map(each -> Row.of(Tags.of("client", each.name()), figure.applyAsDouble(each)))
                    .collect(Collectors.toList()),
                true));
    return registry.scrape();
  }

  private void namespaces(String name, ToDoubleFunction<NsStats> figure) {
    gauge(name, node, _ -> figure.applyAsDouble(namespaces));
  }

  private void ager(String name, ToDoubleFunction<AgerStats> figure) {
    gauge(name, node, _ -> figure.applyAsDouble(ager));
  }

  /** Clients come and go. */
  private void client(String name, ToDoubleFunction<ClientStats> figure) {
    clients.put(MultiGauge.builder(name).register(registry), figure);
  }

  private void stores(URI uri) {
    store("quire.store.capacity.bytes", uri, StoreStats::capacityBytes);
    store("quire.store.used.bytes", uri, StoreStats::usedBytes);
    store("quire.store.free.bytes", uri, StoreStats::freeBytes);
    store("quire.store.bad.bytes", uri, StoreStats::badBytes);
    store("quire.store.extents", uri, StoreStats::extents);
    store("quire.store.out.bytes", uri, StoreStats::bytesOut);
    store("quire.store.in.bytes", uri, StoreStats::bytesIn);
    store("quire.store.write.errors", uri, StoreStats::writeErrors);
    store("quire.store.read.errors", uri, StoreStats::readErrors);
    store("quire.store.corrupt.copies", uri, StoreStats::corruptCopies);
    store("quire.store.full", uri, store -> store.full() ? 1 : 0);
    store("quire.store.failing", uri, store -> store.failing().isPresent() ? 1 : 0);
  }

  /** A store has the same URI for as long as the node runs. */
  private void store(String name, URI uri, ToDoubleFunction<StoreStats> figure) {
    Gauge.builder(
            name,
            this,
            metrics ->
                metrics.ager.stores().stream()
                    .filter(store -> store.uri().equals(uri))
                    .mapToDouble(figure)
                    .sum())
        .tag("store", uri.toString())
        .register(registry);
  }

  private void locks(String name, Node node, ToDoubleFunction<LockStats> figure) {
    gauge(name, node, n -> figure.applyAsDouble(n.locks().stats()));
  }

  private void flights(TableFlights flights) {
    flight("quire.flight.streams.open", flights, FlightStats::open);
    flight("quire.flight.streams", flights, FlightStats::streams);
    flight("quire.flight.batches", flights, FlightStats::batches);
    flight("quire.flight.rows", flights, FlightStats::rows);
    flight("quire.flight.bytes", flights, FlightStats::bytes);
    flight("quire.flight.failed", flights, FlightStats::failed);
    flight("quire.flight.cancelled", flights, FlightStats::cancelled);
    flight("quire.flight.cut.off", flights, FlightStats::cutOff);
    flight("quire.flight.refused", flights, FlightStats::refused);
    flight("quire.flight.uploads.open", flights, FlightStats::uploadsOpen);
    flight("quire.flight.uploads", flights, FlightStats::uploads);
    flight("quire.flight.uploads.failed", flights, FlightStats::uploadsFailed);
  }

  private void flight(String name, TableFlights flights, ToDoubleFunction<FlightStats> figure) {
    Gauge.builder(name, flights, each -> figure.applyAsDouble(each.stats())).register(registry);
  }

  private void gauge(String name, Node node, ToDoubleFunction<Node> figure) {
    Gauge.builder(name, node, figure).register(registry);
  }
}

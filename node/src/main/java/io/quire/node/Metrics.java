package io.quire.node;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.quire.ager.AgerStats;
import io.quire.ager.AgerStats.StoreStats;
import io.quire.lockserver.LockStats;
import java.net.URI;
import java.time.Duration;
import java.util.function.ToDoubleFunction;

/** A node's figures in the text form that Prometheus reads. */
final class Metrics {
  static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Timer publish;

  Metrics(Node node) {
    gauge("quire.view.epoch", node, n -> n.sessions().view().epoch());
    gauge("quire.view.members", node, n -> n.sessions().view().members().size());
    gauge("quire.ready", node, n -> n.ready() ? 1 : 0);
    gauge("quire.log.term", node, n -> n.log().status().term());
    gauge("quire.log.committed", node, n -> n.log().status().committed());
    gauge("quire.view.pause.last.seconds", node, n -> n.twoPhase().pauses().lastNanos() / 1e9);
    gauge(
        "quire.view.pause.longest.seconds", node, n -> n.twoPhase().pauses().longestNanos() / 1e9);
    gauge("quire.cells", node, n -> n.cells().count());
    locks("quire.locks.sessions", node, LockStats::sessions);
    locks("quire.locks.files", node, LockStats::files);
    locks("quire.locks.contents.bytes", node, LockStats::contentsBytes);
    locks("quire.locks.held", node, LockStats::holds);
    locks("quire.locks.lost", node, LockStats::lost);
    locks("quire.locks.waiters", node, LockStats::waiters);
    locks("quire.locks.events", node, LockStats::events);
    locks("quire.locks.requests", node, LockStats::requests);
    locks("quire.locks.requests.repeated", node, LockStats::repeated);
    ager("quire.memory.budget.bytes", node, AgerStats::budgetBytes);
    ager("quire.memory.accounted.bytes", node, AgerStats::accountedBytes);
    ager("quire.memory.pinned.bytes", node, AgerStats::pinnedBytes);
    ager("quire.extents", node, AgerStats::extents);
    ager("quire.extents.resident", node, AgerStats::residentExtents);
    ager("quire.page.ins", node, AgerStats::pageIns);
    ager("quire.evictions", node, AgerStats::evictions);
    for (StoreStats store : node.ager().stats().stores()) {
      stores(node, store.uri());
    }
    publish =
        Timer.builder("quire.publish")
            .description("time of a create from the call to its return")
            .publishPercentiles(0.5, 0.99)
            .register(registry);
  }

  void published(long nanos) {
    publish.record(Duration.ofNanos(nanos));
  }

  String scrape() {
    return registry.scrape();
  }

  private void ager(String name, Node node, ToDoubleFunction<AgerStats> figure) {
    gauge(name, node, n -> figure.applyAsDouble(n.ager().stats()));
  }

  private void stores(Node node, URI uri) {
    store("quire.store.capacity.bytes", node, uri, StoreStats::capacityBytes);
    store("quire.store.used.bytes", node, uri, StoreStats::usedBytes);
    store("quire.store.free.bytes", node, uri, StoreStats::freeBytes);
    store("quire.store.bad.bytes", node, uri, StoreStats::badBytes);
    store("quire.store.extents", node, uri, StoreStats::extents);
    store("quire.store.out.bytes", node, uri, StoreStats::bytesOut);
    store("quire.store.in.bytes", node, uri, StoreStats::bytesIn);
    store("quire.store.write.errors", node, uri, StoreStats::writeErrors);
    store("quire.store.read.errors", node, uri, StoreStats::readErrors);
    store("quire.store.corrupt.copies", node, uri, StoreStats::corruptCopies);
    store("quire.store.full", node, uri, store -> store.full() ? 1 : 0);
    store("quire.store.failing", node, uri, store -> store.failing().isPresent() ? 1 : 0);
  }

  /** A store has the same URI for as long as the node runs. */
  private void store(String name, Node node, URI uri, ToDoubleFunction<StoreStats> figure) {
    Gauge.builder(
            name,
            node,
            n ->
                n.ager().stats().stores().stream()
                    .filter(store -> store.uri().equals(uri))
                    .mapToDouble(figure)
                    .sum())
        .tag("store", uri.toString())
        .register(registry);
  }

  private void locks(String name, Node node, ToDoubleFunction<LockStats> figure) {
    gauge(name, node, n -> figure.applyAsDouble(n.locks().stats()));
  }

  private void gauge(String name, Node node, ToDoubleFunction<Node> figure) {
    Gauge.builder(name, node, figure).register(registry);
  }
}

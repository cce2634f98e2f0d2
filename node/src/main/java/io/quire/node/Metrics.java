package io.quire.node;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.quire.ager.AgerStats;
import io.quire.lockserver.LockStats;
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

  private void locks(String name, Node node, ToDoubleFunction<LockStats> figure) {
    gauge(name, node, n -> figure.applyAsDouble(n.locks().stats()));
  }

  private void gauge(String name, Node node, ToDoubleFunction<Node> figure) {
    Gauge.builder(name, node, figure).register(registry);
  }
}

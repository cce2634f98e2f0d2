package io.quire.bench;

import io.quire.gvm.Transaction;
import io.quire.node.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.twopc.Outcome;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/** One of our nodes, used as who embeds it uses it. */
final class QuireNode implements Subject {
  private final Node node;
  private final AtomicLong runs = new AtomicLong();

  QuireNode(Node node) {
    this.node = node;
  }

  @Override
  public boolean leads() {
    return node.ready() && node.log().status().role().equals("LEADER");
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    String run = Long.toHexString(node.self().incarnation()) + "-" + runs.incrementAndGet() + "/";
    byte[] value = new byte[job.bytes()];
    return switch (job.kind()) {
      case PUBLISH_LATENCY -> ClosedLoop.latency(job, number -> create(run + number, value));
      case PUBLISH_RATE ->
          ClosedLoop.rate(job, Thread.ofVirtual().factory(), number -> create(run + number, value));
      case CELL_LATENCY -> ClosedLoop.latency(job, number -> get(put(run + number, value)));
      case CELL_RATE -> ClosedLoop.rate(job, number -> put(run + number, value));
      default -> throw new IllegalArgumentException("not for this subject: job=" + job);
    };
  }

  private void create(String name, byte[] value) {
    node.namespaces().create(NsHandle.ROOT, "/" + name, "bench", Lifetime.DURABLE, value);
  }

  private CompletableFuture<Outcome> put(String key, byte[] value) {
    return node.cells()
        .commit(
            Transaction.begin().absent("b/" + key).put("b/" + key, value).build(),
            Namespaces.DEADLINE)
        .thenApply(
            outcome -> {
              if (!(outcome instanceof Outcome.Committed)) {
                throw new IllegalStateException("not committed: outcome=" + outcome);
              }
              return outcome;
            });
  }

  private static void get(CompletableFuture<Outcome> outcome)
      throws InterruptedException, ExecutionException {
    outcome.get();
  }

  @Override
  public void close() {
    node.close();
  }
}

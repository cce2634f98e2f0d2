package io.quire.bench;

import io.quire.gvm.Transaction;
import io.quire.node.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.twopc.Outcome;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One of our nodes, used as who embeds it uses it. */
final class QuireNode implements Subject {
  private static final Duration FIRST_LOOKUP_MAX = Duration.ofMinutes(1);
  private static final int FILLERS = 256;
  private static final int LOOKED_UP = 10_000;

  private final Node node;
  private final NameJobs names;
  private final RemoteReads remote;
  private final AtomicLong runs = new AtomicLong();
  private @Nullable Published lookedUp;

  QuireNode(Node node) {
    this.node = node;
    names = new NameJobs(node);
    remote = new RemoteReads(node);
  }

  /** Objects that were made for a measurement. */
  record Published(String[] names, long[] xids) {}

  @Override
  public boolean leads() {
    return node.ready() && node.log().status().role().equals("LEADER");
  }

  @Override
  public Map<String, Double> run(Job job) throws Exception {
    String run = Long.toHexString(node.self().incarnation()) + "-" + runs.incrementAndGet() + "/";
    byte[] value = new byte[job.bytes()];
    return switch (job.kind()) {
      case PUBLISH_LATENCY -> ClosedLoop.latency(job, number -> create("/" + run + number, value));
      case PUBLISH_RATE ->
          ClosedLoop.rate(
              job, Thread.ofVirtual().factory(), number -> create("/" + run + number, value));
      case PUBLISH_GAP -> ClosedLoop.gap(job, number -> create("/" + run + number, value));
      case CELL_LATENCY -> ClosedLoop.latency(job, number -> get(put(run + number, value)));
      case CELL_RATE -> ClosedLoop.rate(job, number -> put(run + number, value));
      case FILL -> {
        fill(run, job.objects(), job.bytes());
        yield Map.of(job.row(), (double) job.objects());
      }
      case FIRST_LOOKUP -> {
        if (firstLookup() != null || node.cells().count() < job.objects()) {
          throw new IllegalStateException("objects are not back: cells=" + node.cells().count());
        }
        yield Map.of();
      }
      case LOOKUP -> {
        prepareLookups(run, job.bytes());
        yield Map.of(job.row(), Jmh.nanos(job, LookupBenchmark.class));
      }
      case LOOKUP_RATE -> {
        prepareLookups(run, job.bytes());
        yield Map.of(job.row(), Jmh.rate(job, LookupBenchmark.class, job.outstanding()));
      }
      case LOOKUP_BUSY -> {
        prepareLookups(run, job.bytes());
        yield busy(job, run);
      }
      case FILL_BATCH -> names.fill(job, run);
      case CREATE_BATCH -> names.createBatches(job, run);
      case DROP -> names.drop(job);
      case LIST -> names.list(job, run);
      case LOAD_EXTENTS -> remote.load(job);
      case REMOTE_READ -> remote.read(job);
      case TPCH -> {
        double scale = Double.parseDouble(job.variant());
        TpchTables tables = TpchTables.load(node, scale);
        yield TpchRounds.run(job, new TpchQueries(tables), TpchAnswers.of(scale));
      }
      case HEAP -> Map.of(job.row(), (double) usedBytes());
      default -> throw new IllegalArgumentException("not for this subject: job=" + job);
    };
  }

  /** A node that has just started may be too busy to stay in the view. */
  private @Nullable NsObject firstLookup() {
    long end = System.nanoTime() + FIRST_LOOKUP_MAX.toNanos();
    while (true) {
      try {
        return node.namespaces().lookup(NsHandle.ROOT, "/nothing").orElse(null);
      } catch (NsException.NotInView e) {
        if (System.nanoTime() - end > 0) {
          throw e;
        }
      }
    }
  }

  private void prepareLookups(String run, int bytes) throws Exception {
    if (lookedUp == null) {
      lookedUp = fill(run, LOOKED_UP, bytes);
    }
    LookupBenchmark.of(new LookupBenchmark.Subject(node.namespaces(), lookedUp));
  }

  private Map<String, Double> busy(Job job, String run) throws Exception {
    try (Publisher publisher = Publisher.start(node.namespaces(), "/" + run, job.bytes())) {
      double rate = Jmh.rate(job, LookupBenchmark.class, job.outstanding());
      return Map.of(job.row(), rate, "publishes", publisher.rate());
    }
  }

  private static long usedBytes() {
    System.gc();
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** Makes objects with names of 32 bytes. */
  private Published fill(String run, int count, int bytes) throws Exception {
    String[] names = new String[count];
    Arrays.setAll(names, i -> name(run, i));
    long[] xids = new long[count];
    byte[] value = new byte[bytes];
    AtomicInteger next = new AtomicInteger();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    CountDownLatch done = new CountDownLatch(FILLERS);
    for (int filler = 0; filler < FILLERS; filler++) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  for (int i = next.getAndIncrement();
                      i < count && failure.get() == null;
                      i = next.getAndIncrement()) {
                    xids[i] = create(names[i], value.clone()).xid();
                  }
                } catch (RuntimeException e) {
                  failure.set(e);
                }
                done.countDown();
              });
    }
    done.await();
    Throwable failed = failure.get();
    if (failed != null) {
      throw new IllegalStateException("cannot make the objects: " + failed, failed);
    }
    return new Published(names, xids);
  }

  /** One of 32 bytes, unless the number or the run is long. */
  static String name(String run, long number) {
    String start = "/" + run;
    String digits = String.valueOf(number);
    return start + "0".repeat(Math.max(0, 32 - start.length() - digits.length())) + digits;
  }

  private NsObject create(String name, byte[] value) {
    return node.namespaces().create(NsHandle.ROOT, name, "bench", Lifetime.DURABLE, value);
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

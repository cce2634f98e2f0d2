package io.quire.bench;

import io.quire.node.Node;
import io.quire.ns.Created;
import io.quire.ns.NamePage;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NewObject;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.Quota;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** What one of our nodes does for the rows of names: batches of objects, and lists of names. */
final class NameJobs {
  /** Names of which a list is measured. */
  static final int LISTED = 1_000;

  private static final String LIST = "listed";

  /** Objects that one call creates where that is not what is measured, and calls at a time. */
  private static final int BATCH = 1_000;

  private static final int CALLERS = 4;

  /** An object is a name and what is known by its id. */
  private static final int CELLS_EACH = 2;

  private static final Duration GONE_MAX = Duration.ofMinutes(5);
  private static final long LOOK_NANOS = 50_000_000;

  private final Node node;
  private final Namespaces namespaces;

  NameJobs(Node node) {
    this.node = node;
    namespaces = node.namespaces();
  }

  /** So many callers, each with one batch at a time. */
  Map<String, Double> createBatches(Job job, String run) throws Exception {
    NsHandle place = place(job.variant());
    byte[] value = new byte[job.bytes()];
    double calls =
        ClosedLoop.rate(
                job,
                Thread.ofVirtual().factory(),
                number -> create(place, run, number * job.objects(), job.objects(), value))
            .getOrDefault(job.row(), Double.NaN);
    return Map.of(job.row(), calls * job.objects());
  }

  /** As many as the job wants, of this node. */
  Map<String, Double> fill(Job job, String run) {
    fill(place(job.variant()), run, job.objects(), job.bytes());
    return Map.of(job.row(), (double) job.objects());
  }

  /** Waits until nothing is left of the objects. */
  Map<String, Double> drop(Job job) {
    if (namespaces.namespace(job.variant()).isPresent()) {
      NsHandle place = place(job.variant());
      long others = node.cells().count() - CELLS_EACH * namespaces.usage(place).objects();
      namespaces.destroyNamespace(place);
      long end = System.nanoTime() + GONE_MAX.toNanos();
      while (node.cells().count() > others) {
        if (System.nanoTime() - end > 0) {
          throw new IllegalStateException("objects stay: cells=" + node.cells().count());
        }
        LockSupport.parkNanos(LOOK_NANOS);
      }
    }
    return Map.of();
  }

  /** A list of a namespace, or, of the variant {@code floor}, of a tree of the same names. */
  Map<String, Double> list(Job job, String run) throws Exception {
    fillUp(place(LIST), run + "l", LISTED, job.bytes());
    fillUp(place("elsewhere"), run + "e", job.objects(), job.bytes());
    NsHandle listed = place(LIST);
    if (job.variant().equals("floor")) {
      TreeMap<String, Long> tree = new TreeMap<>();
      list(listed).names().forEach(each -> tree.put(each.name(), each.xid()));
      return ClosedLoop.latency(job, _ -> checked(new ArrayList<>(tree.entrySet()).size()));
    }
    return ClosedLoop.latency(job, _ -> checked(list(listed).names().size()));
  }

  private NamePage list(NsHandle listed) {
    return namespaces.list(listed, NamePattern.ALL, "", LISTED);
  }

  private static void checked(int found) {
    if (found != LISTED) {
      throw new IllegalStateException("names: found=" + found + " wanted=" + LISTED);
    }
  }

  private void fillUp(NsHandle place, String run, int count, int bytes) {
    fill(place, run, count - (int) namespaces.usage(place).objects(), bytes);
  }

  private void fill(NsHandle place, String run, int count, int bytes) {
    AtomicInteger next = new AtomicInteger();
    List<CompletableFuture<Void>> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      callers.add(
          CompletableFuture.runAsync(
              () -> {
                for (int from = next.getAndAdd(BATCH); from < count; from = next.getAndAdd(BATCH)) {
                  create(place, run, from, Math.min(BATCH, count - from), new byte[bytes]);
                }
              },
              task -> Thread.ofVirtual().start(task)));
    }
    try {
      callers.forEach(CompletableFuture::join);
    } catch (CompletionException e) {
      throw new IllegalStateException("cannot make the objects: " + e.getCause(), e);
    }
  }

  private void create(NsHandle place, String run, long first, int count, byte[] value) {
    List<NewObject> batch = new ArrayList<>(count);
    for (long number = first; number < first + count; number++) {
      batch.add(new NewObject(QuireNode.name(run, number), "bench", value));
    }
    for (Created created : namespaces.createAll(place, batch)) {
      if (!(created instanceof Created.Made)) {
        throw new IllegalStateException("not made: " + created);
      }
    }
  }

  /** The namespace of a name, made by whoever wants it first. */
  private NsHandle place(String name) {
    try {
      return namespaces
          .namespace(name)
          .orElseGet(() -> namespaces.createNamespace(name, Quota.NONE));
    } catch (NsException.NameTaken e) {
      return namespaces.namespace(name).orElseThrow();
    }
  }
}

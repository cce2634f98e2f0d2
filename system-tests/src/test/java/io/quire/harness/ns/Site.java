package io.quire.harness.ns;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.harness.CheckFailed;
import io.quire.harness.Deadline;
import io.quire.node.Node;
import io.quire.ns.Created;
import io.quire.ns.Lifetime;
import io.quire.ns.NamePage.Listed;
import io.quire.ns.NamePattern;
import io.quire.ns.Namespaces;
import io.quire.ns.NewObject;
import io.quire.ns.NsEvent;
import io.quire.ns.NsException;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.NsWatch;
import io.quire.ns.Quota;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One of several nodes that run a phase at once, and meet between its steps. */
final class Site {
  /** What nobody should have to wait for. */
  static final Duration SOON = Duration.ofSeconds(30);

  /** Nodes are not equally fast. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final Node node;
  private final String phase;
  private final List<String> all;
  private final int index;
  private final int threads = Runtime.getRuntime().availableProcessors();
  private int meetings;

  /** What a thread does. */
  interface Work<T> {
    T run(int thread) throws Exception;
  }

  Site(Node node, String phase, List<String> all) {
    this.node = node;
    this.phase = phase;
    this.all = all;
    index = all.indexOf(node.self().node().name());
  }

  Node node() {
    return node;
  }

  Namespaces names() {
    return node.namespaces();
  }

  /** The names of all nodes, the same everywhere. */
  List<String> all() {
    return all;
  }

  int index() {
    return index;
  }

  String self() {
    return all.get(index);
  }

  /** The node that comes so many after this one. */
  String next(int by) {
    return all.get((index + by) % all.size());
  }

  /** How many threads each node has. */
  int threads() {
    return threads;
  }

  /** On all nodes together. */
  int allThreads() {
    return threads * all.size();
  }

  /** The namespace of the phase, made by whoever is the first to want it. */
  NsHandle space() {
    try {
      return names().createNamespace(phase, Quota.NONE);
    } catch (NsException.NameTaken e) {
      return names().namespace(phase).orElseThrow();
    }
  }

  /**
   * Returns when all nodes have come as far as this: each makes an object that says so, and watches
   * for those of the others.
   */
  void meet() throws InterruptedException {
    String step = "meetings/%s/%d/".formatted(phase, ++meetings);
    NamePattern pattern = NamePattern.startingWith(step);
    Deadline deadline = Deadline.in(PATIENCE);
    try (NsWatch watch = names().watch(NsHandle.ROOT, pattern)) {
      names().create(NsHandle.ROOT, step + self(), "meeting", Lifetime.SESSION, new byte[0]);
      List<String> there = listed(NsHandle.ROOT, pattern);
      while (there.size() < all.size()) {
        CheckFailed.unless(
            watch.next(deadline.left()).isPresent(), "all nodes meet", "there=%s", there);
        there = listed(NsHandle.ROOT, pattern);
      }
    }
  }

  /** Does it on every thread at once. */
  <T> List<T> onThreads(Work<T> work) throws Exception {
    List<T> results = new ArrayList<>();
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<T>> running = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        int number = thread;
        running.add(pool.submit(() -> work.run(number)));
      }
      for (Future<T> each : running) {
        results.add(each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
      }
      return results;
    } catch (TimeoutException e) {
      throw new AssertionError("a thread did not end in time: phase=" + phase, e);
    } catch (ExecutionException e) {
      throw new AssertionError("on a thread: " + e.getCause(), e.getCause());
    } finally {
      pool.shutdownNow();
    }
  }

  /** Names that match, as of one moment. */
  List<String> listed(NsHandle space, NamePattern pattern) {
    return names().listAll(space, pattern).stream().map(Listed::name).toList();
  }

  List<String> listed(NsHandle space, String pattern) {
    return listed(space, NamePattern.of(pattern));
  }

  NsObject found(NsHandle space, String name) {
    return names().lookup(space, name).orElseThrow(() -> new AssertionError("absent: " + name));
  }

  /** Creates all of these; none of the names may be taken. */
  void createAll(NsHandle space, List<String> names) {
    List<NewObject> objects =
        names.stream().map(name -> new NewObject(name, "test", new byte[] {1})).toList();
    assertThat(names().createAll(space, objects)).hasOnlyElementsOfType(Created.Made.class);
  }

  /** Waits until the object of a watch is freed. */
  static void awaitFreed(NsWatch watch) throws InterruptedException {
    Deadline deadline = Deadline.in(SOON);
    NsEvent event = watch.next(deadline.left()).orElseThrow(() -> new AssertionError("not freed"));
    while (!(event instanceof NsEvent.Freed)) {
      event = watch.next(deadline.left()).orElseThrow(() -> new AssertionError("not freed"));
    }
  }
}

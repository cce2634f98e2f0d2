package io.quire.bench;

import io.quire.base.Address;
import io.quire.harness.ChildProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Processes with a {@link Subject} each, which can be killed and started again. Jobs go to the one
 * that leads, but for those that are for all.
 */
final class Group implements Contender.Running {
  private static final Duration START = Duration.ofSeconds(120);
  private static final Duration LEADER = Duration.ofSeconds(60);
  private static final Duration STOP = Duration.ofSeconds(10);

  /** For publishes to run evenly before a process is killed, and for them to go on afterwards. */
  private static final Duration BEFORE_KILL = Duration.ofSeconds(3);

  private static final Duration GAP_MAX = Duration.ofSeconds(15);

  private final Supplier<List<ChildProcess>> starter;
  private final List<JobClient> clients = new ArrayList<>();
  private List<ChildProcess> processes = List.of();
  private boolean filled;
  private boolean loaded;
  private int places;

  /**
   * Starts them.
   *
   * @param starter starts those that do not run, and answers with all, always in the same order
   */
  Group(Supplier<List<ChildProcess>> starter) {
    this.starter = starter;
    start();
  }

  private void start() {
    clients.forEach(JobClient::close);
    clients.clear();
    processes = starter.get();
    for (ChildProcess process : processes) {
      String line = process.awaitLine(Worker.READY, START);
      clients.add(new JobClient(Address.parse(line.substring(Worker.READY.length()))));
    }
  }

  @Override
  public Map<String, Double> run(Job job) {
    return switch (job.kind()) {
      case FAILOVER -> failover(job);
      case RESTART -> restart(job);
      case OBJECT_BYTES -> objectBytes(job);
      case CREATE_BATCH -> createBatch(job);
      case MILLION -> million(job);
      case REMOTE_READ -> remoteRead(job);
      default -> clients.get(leader()).run(job);
    };
  }

  private int leader() {
    int[] found = {-1};
    processes
        .getFirst()
        .await(
            "a leader of its group",
            () -> {
              for (int i = 0; i < clients.size() && found[0] < 0; i++) {
                found[0] = clients.get(i).leads() ? i : -1;
              }
              return found[0] >= 0;
            },
            LEADER);
    return found[0];
  }

  /** The longer of two: the leader dies, or another one while it publishes. */
  private Map<String, Double> failover(Job job) {
    int leader = leader();
    double leaders = gap(job, leader, (leader + 1) % processes.size());
    int other = (leader() + 1) % processes.size();
    double coordinators = gap(job, other, (other + 1) % processes.size());
    return Map.of(
        job.row(),
        Math.max(leaders, coordinators),
        "leader killed",
        leaders,
        "coordinator killed",
        coordinators);
  }

  private double gap(Job job, int victim, int survivor) {
    Job publish =
        job.withKind(Job.Kind.PUBLISH_GAP).lasting(0, BEFORE_KILL.plus(GAP_MAX).toMillis());
    JobClient dying = clients.get(victim);
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                dying.run(publish);
              } catch (BenchFailed e) {
                // It is killed meanwhile.
              }
            });
    CompletableFuture<Map<String, Double>> measured =
        CompletableFuture.supplyAsync(() -> clients.get(survivor).run(publish));
    long kill = System.nanoTime() + BEFORE_KILL.toNanos();
    while (System.nanoTime() - kill < 0) {
      LockSupport.parkNanos(kill - System.nanoTime());
    }
    processes.get(victim).kill9();
    Map<String, Double> found =
        measured.orTimeout(GAP_MAX.plusSeconds(60).toSeconds(), TimeUnit.SECONDS).join();
    start();
    return found.getOrDefault(job.row(), Double.NaN);
  }

  /** Fills it the first time. */
  private Map<String, Double> restart(Job job) {
    if (!filled && job.objects() > 0) {
      clients.get(leader()).run(job.withKind(Job.Kind.FILL));
    }
    filled = true;
    return Map.of(job.row(), killAndStart(job));
  }

  /** Seconds to the first lookup on all. */
  private double killAndStart(Job job) {
    processes.forEach(ChildProcess::kill9);
    long begun = System.nanoTime();
    start();
    clients.forEach(client -> client.run(job.withKind(Job.Kind.FIRST_LOOKUP)));
    return (System.nanoTime() - begun) / 1e9;
  }

  /** After a restart, so that nothing of the making of the objects is counted. */
  private Map<String, Double> objectBytes(Job job) {
    restart(job.withObjects(0));
    double without = heap(job);
    filled = false;
    restart(job);
    return Map.of(job.row(), (heap(job) - without) / job.objects());
  }

  /** By all at once, into a place of this run, which goes afterwards; their rates together. */
  private Map<String, Double> createBatch(Job job) {
    Job placed = job.withVariant("batch-" + ++places);
    double rate =
        onAll(placed).stream().mapToDouble(found -> found.getOrDefault(job.row(), 0.0)).sum();
    clients.get(leader()).run(placed.withKind(Job.Kind.DROP));
    return Map.of(job.row(), rate);
  }

  /** What was made by a run before goes first, so that there are never more. */
  private Map<String, Double> million(Job job) {
    clients.get(leader()).run(job.withKind(Job.Kind.DROP));
    killAndStart(job.withObjects(0));
    double without = heap(job);
    long begun = System.nanoTime();
    int each = Math.ceilDiv(job.objects(), clients.size());
    onAll(job.withKind(Job.Kind.FILL_BATCH).withObjects(each));
    double seconds = (System.nanoTime() - begun) / 1e9;
    double restart = killAndStart(job);
    double bytes = (heap(job) - without) / (each * clients.size());
    return Map.of(job.row(), seconds, job.row() + "-restart", restart, job.row() + "-bytes", bytes);
  }

  /** One loads, and the first that has to ask another for the bytes reads. */
  private Map<String, Double> remoteRead(Job job) {
    if (!loaded) {
      clients.get(leader()).run(job.withKind(Job.Kind.LOAD_EXTENTS));
      loaded = true;
    }
    for (JobClient client : clients) {
      Map<String, Double> found = client.run(job);
      if (found.containsKey(job.row())) {
        return found;
      }
    }
    throw new BenchFailed("nobody has to ask another for the bytes: job=" + job, null);
  }

  private List<Map<String, Double>> onAll(Job job) {
    List<CompletableFuture<Map<String, Double>>> asked =
        clients.stream()
            .map(client -> CompletableFuture.supplyAsync(() -> client.run(job), Group::begin))
            .toList();
    return asked.stream().map(Group::failedAsItself).toList();
  }

  private static void begin(Runnable task) {
    Thread.ofVirtual().start(task);
  }

  private static <T> T failedAsItself(CompletableFuture<T> asked) {
    try {
      return asked.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof BenchFailed failed ? failed : e;
    }
  }

  /** Of the middle one: one of them may keep a buffer for a while. */
  private double heap(Job job) {
    return Answer.median(
        clients.stream()
            .map(client -> client.run(job.withKind(Job.Kind.HEAP)).getOrDefault(job.row(), 0.0))
            .toList());
  }

  @Override
  public void close() {
    clients.forEach(JobClient::close);
    List<Thread> stopping =
        processes.stream()
            .map(process -> Thread.ofVirtual().start(() -> process.stop(STOP)))
            .toList();
    for (Thread thread : stopping) {
      try {
        thread.join(STOP.plusSeconds(5));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

package io.quire.harness.chaos;

import io.quire.ager.Ager;
import io.quire.ager.AgerConfig;
import io.quire.ager.AgerException;
import io.quire.ager.AgerStats;
import io.quire.ager.Copy;
import io.quire.ager.Pin;
import io.quire.ager.StoreConfig;
import io.quire.harness.Deadline;
import io.quire.harness.HdfsProcesses;
import io.quire.harness.Logs;
import io.quire.harness.chaos.AgerModel.Held;
import io.quire.sim.Dice;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A process with one ager and clients that use it. What earlier processes of the run made durable
 * is adopted first. It does what it is asked over {@link Control}.
 */
public final class AgerNode {
  static final long BUDGET_BYTES = 192 << 20;
  static final long HEAP_BYTES = 256 << 20;

  /** More than the flash holds, so that HDFS gets its share of what is spilled. */
  private static final long LIVE_BYTES_MAX = 640 << 20;

  private static final int CLIENTS = 4;
  private static final int CANNOT_START = 78;
  private static final Duration START_MAX = Duration.ofMinutes(2);
  private static final Duration CHECK_EACH = Duration.ofSeconds(30);
  private static final Duration PERSISTS_END = Duration.ofMinutes(2);
  private static final Duration RELEASE_MAX = Duration.ofSeconds(30);

  private final Orders orders;
  private final Ager ager;
  private final long bytesBefore;
  private final AgerJournal journal;
  private final AgerModel model;
  private final Semaphore persists = AgerClient.persists();
  private final List<Thread> clients = new ArrayList<>();
  private final AtomicBoolean over = new AtomicBoolean();
  private final AtomicLong peakResident = new AtomicLong();

  private AgerNode(Orders orders, Ager ager, AgerJournal journal, long bytesBefore) {
    this.orders = orders;
    this.bytesBefore = bytesBefore;
    this.ager = ager;
    this.journal = journal;
    model = new AgerModel(orders.problems());
  }

  /**
   * What a process is told.
   *
   * @param directory for control socket, journal and log
   * @param run the how-manieth process of the run it is
   * @param seed of the run
   * @param flash URI of the store for spilled copies
   * @param hdfs URI of the store for durable ones
   */
  record Orders(Path directory, int run, long seed, String flash, String hdfs) {
    static Orders parse(String[] words) {
      return new Orders(
          Path.of(words[0]),
          Integer.parseInt(words[1]),
          Long.parseLong(words[2]),
          words[3],
          words[4]);
    }

    String[] words() {
      return new String[] {directory.toString(), "" + run, "" + seed, flash, hdfs};
    }

    Path socket() {
      return directory.resolve("control");
    }

    Path journal() {
      return directory.resolve("journal");
    }

    Path problems() {
      return directory.resolve("problems");
    }

    StoreConfig durableStore() {
      return new StoreConfig(
          URI.create(hdfs), Long.MAX_VALUE, true, HdfsProcesses.clientSettings());
    }
  }

  /** Runs until it is killed or asked to leave; the arguments are {@link Orders}. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Orders orders = Orders.parse(arguments);
    Logs.toFile(orders.directory.resolve("quire.log"));
    List<StoreConfig> stores =
        List.of(StoreConfig.parse(orders.flash, Long.MAX_VALUE, false), orders.durableStore());
    long bytesBefore = anonymousBytes();
    Ager ager;
    try {
      ager = Ager.open(AgerConfig.of(BUDGET_BYTES, stores, "chaos-" + orders.run));
    } catch (AgerException e) {
      System.out.println("cannot start: " + e.getMessage());
      Runtime.getRuntime().halt(CANNOT_START);
      return;
    }
    AgerNode node = new AgerNode(orders, ager, AgerJournal.append(orders.journal()), bytesBefore);
    node.start();
    TimeUnit.DAYS.sleep(Long.MAX_VALUE);
  }

  static boolean couldNotStart(int exitCode) {
    return exitCode == CANNOT_START;
  }

  private void start() throws IOException {
    for (Map.Entry<Long, Copy> each : AgerJournal.load(orders.journal()).entrySet()) {
      Copy copy = each.getValue();
      model.add(new Held(each.getKey(), ager.adopt(copy), copy));
    }
    Dice seeds = new Dice(orders.seed ^ orders.run);
    for (int i = 1; i <= CLIENTS; i++) {
      AgerClient client =
          new AgerClient(
              ager,
              model,
              journal,
              new Dice(seeds.nextLong()),
              LIVE_BYTES_MAX,
              persists,
              over::get);
      clients.add(Thread.ofPlatform().name("client-" + i).start(client::run));
    }
    Thread.ofPlatform().daemon().name("watch").start(this::watch);
    Control.serve(orders.socket(), this::answer);
  }

  /** That memory stays within the budget, whoever looks. */
  private void watch() {
    while (true) {
      try {
        AgerStats stats = ager.stats();
        if (stats.accountedBytes() > stats.budgetBytes()) {
          model.violation(
              "memory beyond the budget: accountedBytes=%d budgetBytes=%d"
                  .formatted(stats.accountedBytes(), stats.budgetBytes()));
        }
        peakResident.accumulateAndGet(anonymousBytes() - bytesBefore, Math::max);
        TimeUnit.MILLISECONDS.sleep(100);
      } catch (IllegalStateException | InterruptedException | IOException e) {
        return;
      }
    }
  }

  /**
   * Of the process, but for pages of files and what the JVM has for classes and code. The heap is
   * touched at start.
   */
  private static long anonymousBytes() throws IOException {
    long classesAndCode =
        ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage().getCommitted();
    long anonymous =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("RssAnon:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
            .findFirst()
            .orElse(0);
    return anonymous - classesAndCode;
  }

  private Object answer(String request) {
    String[] words = request.split(" ");
    return switch (words[0]) {
      case "status" -> status();
      case "damage" -> {
        model.damage(Integer.parseInt(words[1]));
        yield Map.of("known", true);
      }
      case "stop" -> stop();
      case "check" -> check();
      case "leave" -> leave();
      default -> Map.of("unknown", request);
    };
  }

  private Map<String, Object> status() {
    Map<String, Object> status = new LinkedHashMap<>();
    status.put("run", orders.run);
    status.put("operations", model.operations());
    status.put("refused", model.refusals());
    status.put("excused", model.excused());
    status.put("peakResident", peakResident.get());
    return status;
  }

  /** Ends the clients, and waits for the copies that they asked for. */
  private Map<String, Object> stop() {
    over.set(true);
    try {
      Deadline.in(START_MAX).join(clients, "clients end");
      if (!AgerClient.persistsAreOver(persists, PERSISTS_END)) {
        model.violation(
            "copies were asked for, and neither made nor refused: limit=" + PERSISTS_END);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      model.violation("clients do not come to an end: " + e.getMessage());
    }
    return status();
  }

  /** Every extent is readable once all stores are well. */
  private Map<String, Object> check() {
    for (Held held : model.all()) {
      try (Pin pin = pinWhole(held)) {
        long wrong = AgerContents.firstWrong(pin.segment(), held.key);
        if (wrong >= 0) {
          model.violation("wrong bytes at the end: key=%d offset=%d".formatted(held.key, wrong));
        }
        model.operation();
      } catch (AgerException.ExtentLost e) {
        model.lost(held, e);
        ager.drop(held.extent);
      } catch (AgerException e) {
        model.violation(
            "not readable though all stores are well: key=%d why=%s"
                .formatted(held.key, e.getMessage()));
      }
    }
    return status();
  }

  /** Stores that were down may be left alone for a while yet. */
  private Pin pinWhole(Held held) {
    Deadline deadline = Deadline.in(CHECK_EACH);
    while (true) {
      try {
        return ager.pin(held.extent, CHECK_EACH);
      } catch (AgerException e) {
        if (!e.retryable() || deadline.left().isZero()) {
          throw e;
        }
      }
    }
  }

  /** Drops all, looks for what is left over, and closes. */
  private Map<String, Object> leave() {
    List<String> leaks = new ArrayList<>();
    for (Held held : model.all()) {
      ager.drop(held.extent);
    }
    Deadline deadline = Deadline.in(RELEASE_MAX);
    boolean empty = deadline.await(() -> leftOver(ager.stats()).isEmpty());
    if (!empty) {
      leaks.add(leftOver(ager.stats()));
    }
    finishContainers().ifPresent(leaks::add);
    ager.close();
    return Map.of("leaks", leaks);
  }

  /**
   * A container whose DataNode died cannot be finished and is given up; the call after that finds
   * none that is open.
   */
  private Optional<String> finishContainers() {
    Deadline deadline = Deadline.in(RELEASE_MAX);
    while (true) {
      try {
        ager.flushDurable(CHECK_EACH);
        return Optional.empty();
      } catch (AgerException.StoreUnavailable e) {
        if (deadline.left().isZero()) {
          return Optional.of("containers are not finished: " + e.getMessage());
        }
      }
    }
  }

  private static String leftOver(AgerStats stats) {
    boolean none =
        stats.extents() == 0
            && stats.accountedBytes() == 0
            && stats.pinnedBytes() == 0
            && stats.dirtyBytes() == 0;
    return none
        ? ""
        : "all was dropped: extents=%d accountedBytes=%d pinnedBytes=%d dirtyBytes=%d"
            .formatted(
                stats.extents(), stats.accountedBytes(), stats.pinnedBytes(), stats.dirtyBytes());
  }
}

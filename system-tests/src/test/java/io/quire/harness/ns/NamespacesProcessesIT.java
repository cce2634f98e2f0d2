package io.quire.harness.ns;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.harness.JavaCommand;
import io.quire.harness.LocalCluster;
import io.quire.harness.LocalCluster.Worker;
import io.quire.harness.Reaper;
import io.quire.harness.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Namespaces on three nodes, each a process of its own ({@link NamespacesNode}), all of them at
 * work at once. The sizes are those of tests that another system was shipped with; what these did
 * in one process, or with names that nobody else wanted, is done here by all nodes with the same
 * names. {@code -Dquire.ns.huge=256} for all of the huge objects.
 */
@Timeout(60 * 60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.MethodName.class)
class NamespacesProcessesIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int HUGE = Integer.getInteger(HugeObjects.COUNT, 8);

  /** Of each node; of huge objects there is half as much again at a time. */
  private static final long MEMORY = 64 << 20;

  private static final Duration LIMIT = Duration.ofMinutes(3).plusSeconds(5 * HUGE);
  private static final int IDS = 1_000;

  /** Of all nodes. */
  private static final int THREADS = 3 * Runtime.getRuntime().availableProcessors();

  private final Workspace workspace = Workspace.open("namespaces");
  private final Reaper reaper = Reaper.open();
  private LocalCluster cluster;

  @RegisterExtension
  final AfterTestExecutionCallback keepsFiles =
      test -> test.getExecutionException().ifPresent(e -> workspace.keep(e.toString()));

  @BeforeAll
  void start() {
    cluster =
        LocalCluster.start(
            directory(),
            reaper,
            new LocalCluster.Settings(3, MEMORY, List.of("flash"), "384m"),
            config ->
                JavaCommand.of(NamespacesNode.class.getName(), config.toString())
                    .withOptions(
                        // They are started again and again, and none runs for long.
                        "-XX:TieredStopAtLevel=1", "-D%s=%d".formatted(HugeObjects.COUNT, HUGE)));
  }

  @AfterAll
  void stop() {
    reaper.close();
    workspace.close();
  }

  private Path directory() {
    return workspace.directory("cluster");
  }

  /** Asks all nodes at once; the first failure is thrown without waiting for the others. */
  private <T> List<T> onAll(Function<Worker, T> ask) throws InterruptedException {
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    try {
      CompletionService<T> asked = new ExecutorCompletionService<>(threads);
      cluster.workers().forEach(worker -> asked.submit(() -> ask.apply(worker)));
      List<T> answers = new ArrayList<>();
      for (int i = 0; i < cluster.workers().size(); i++) {
        answers.add(asked.take().get());
      }
      return answers;
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    } finally {
      threads.shutdownNow();
    }
  }

  /** Runs a phase on all nodes at once; answers the figures of each. */
  private List<JsonNode> run(String phase) throws InterruptedException {
    String all = cluster.workers().stream().map(Worker::name).collect(Collectors.joining(","));
    List<JsonNode> figures =
        onAll(
            worker -> {
              worker.client().get("/phase?name=" + phase + "&all=" + all);
              String done = NamespacesNode.done(phase);
              String line = worker.process().awaitLine(done, LIMIT);
              JsonNode told = json(line.substring(line.indexOf(done) + done.length()));
              assertThat(told.path("failed").asText()).as(worker.name()).isEmpty();
              return told;
            });
    System.out.println(phase + " " + figures);
    return figures;
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long sum(List<JsonNode> figures, String name) {
    return figures.stream().mapToLong(each -> each.path(name).asLong()).sum();
  }

  @Test
  void n1_everyPairOfModes_heldByEachNodeAndWantedByEach() throws Exception {
    List<JsonNode> figures = run("n1");
    assertThat(sum(figures, "admitted")).isEqualTo(3 * 3 * 4);
    assertThat(sum(figures, "denied")).isEqualTo(3 * 3 * 12);
  }

  @Test
  void n2_whatIsNoName_isRefusedEverywhereAndChangesNothing() throws Exception {
    assertThat(sum(run("n2"), "refused")).isEqualTo(81L * THREADS);
  }

  @Test
  void n3_deletedByOneNodeWhileOpenOnAnother_isAsTheMatrixSaysOnTheThird() throws Exception {
    run("n3");
  }

  @Test
  void n4_createUpdateDeleteLookUpAndList_onAllThreadsOfAllNodes() throws Exception {
    assertThat(sum(run("n4"), "objects")).isEqualTo(512L * THREADS);
  }

  @Test
  void n5_allThreadsWantTheSameNames_eachHasOneWinnerAndAllOthersAreTold() throws Exception {
    List<JsonNode> figures = run("n5");
    assertThat(sum(figures, "won")).isEqualTo(1_024);
    assertThat(sum(figures, "taken")).isEqualTo(2_048L * THREADS - 1_024);
    assertThat(sum(figures, "close")).as("lost names that were free before").isGreaterThan(100);
    assertThat(sum(figures, "deleted")).isEqualTo(1_024);
  }

  @Test
  void n6_listsOfNames_haveExactlyThoseThatThereAre() throws Exception {
    assertThat(run("n6")).allMatch(node -> node.path("names").asInt() == 256 * THREADS);
  }

  @Test
  void n7_hugeObjects_arePublishedReadReplacedAndFreed() throws Exception {
    List<JsonNode> figures = run("n7");
    assertThat(sum(figures, "objects")).isEqualTo(3L * HUGE);
    assertThat(sum(figures, "pagedOutBytes")).isGreaterThan(MEMORY);
  }

  @Test
  void n8_deletionByPattern_takesWhatMatchesAndEachOnce() throws Exception {
    assertThat(sum(run("n8"), "deleted")).isEqualTo(3 * 512);
  }

  @Test
  void n9_tables_arePublishedListedAndTakenBack() throws Exception {
    assertThat(sum(run("n9"), "won")).isEqualTo(1);
  }

  /** All nodes die; then all die and the counter is gone. */
  @Test
  void xids_overRestartsOfAllAndALostCounter_areNeverGivenTwice() throws Exception {
    List<Long> given = new ArrayList<>();
    List<JsonNode> first = ids("first", given);
    restart();
    ids("second", given);
    for (JsonNode each : first) {
      String name = each.path("under").asText() + "/0";
      for (Worker worker : cluster.workers()) {
        assertThat(Objects.requireNonNull(worker.client().stat(name), name).path("xid"))
            .isEqualTo(each.path("made").get(0));
      }
    }
    assertThat(cluster.workers().getFirst().client().get("/lose-counter").path("outcome").asText())
        .startsWith("Committed");
    restart();
    ids("third", given);
    assertThat(given).hasSize(3 * 3 * 2 * IDS).doesNotHaveDuplicates();
  }

  private List<JsonNode> ids(String round, List<Long> given) throws InterruptedException {
    List<JsonNode> all =
        onAll(
            worker ->
                worker
                    .client()
                    .get("/ids?count=%d&under=%s/%s".formatted(IDS, round, worker.name())));
    for (JsonNode each : all) {
      each.path("reserved").forEach(id -> given.add(Long.parseLong(id.asText(), 16)));
      each.path("made").forEach(id -> given.add(Long.parseLong(id.asText(), 16)));
    }
    return all;
  }

  private void restart() {
    cluster.workers().forEach(worker -> worker.process().kill9());
    cluster.startAll();
  }
}

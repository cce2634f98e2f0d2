package io.quire.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.base.Rules;
import io.quire.harness.Screen;
import io.quire.harness.chaos.AgerChaos;
import io.quire.harness.chaos.AgerChaosOptions;
import io.quire.harness.chaos.AgerChaosReport;
import io.quire.harness.chaos.Chaos;
import io.quire.harness.chaos.ChaosOptions;
import io.quire.harness.chaos.ChaosReport;
import io.quire.harness.chaos.FaultKind;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code quire chaos}. */
@Command(
    name = "chaos",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Does harm to real processes under load, and checks what clients saw.",
      "Area protocol, a cluster of nodes: clients on every node create, update, rename, delete,"
          + " list and read objects and run transactions on several cells. Faults hit at random,"
          + " also several at once and during recovery. Then: every key's history has an order that"
          + " one copy could have given, nothing acknowledged is lost, no transaction is there by"
          + " half, every node holds the same, nothing is left over.",
      "Area names, the same cluster: clients use quotas, transactions over several namespaces, many"
          + " creates at once, modes of opening, objects that go with their last close, listings"
          + " page by page, trees, watches and histories. Who has an object open alone counts in"
          + " it; watches must tell all that was acknowledged.",
      "Area tables, the same cluster: clients load tables from CSV, ask those of all others and"
          + " drop them. Answers are exact or errors; in the end every table is whole on every"
          + " node, and nothing is left of those that were dropped.",
      "Area ager, a process with small memory, flash and HDFS: clients make, pin, scan, copy and"
          + " drop extents and compare every byte. Process, DataNode and NameNode are killed and"
          + " paused, flash is filled, fails, and its bits are flipped. Then: no wrong byte, no"
          + " extent lost of which there was a copy, memory within its budget, nothing is left"
          + " over.",
      "Exit code 0 only if all of that held.",
      "The seed draws faults and workload. When real processes feel them, no seed decides: the same"
          + " seed does the same harm, and may show another thing."
    })
final class ChaosCommand implements Callable<Integer> {
  private static final double MINUTES_DEFAULT = 5;

  /** Enough for any number of kills that is meant. */
  private static final double MINUTES_OF_KILLS = 24 * 60;

  /** What is harmed. */
  enum Area {
    PROTOCOL,
    NAMES,
    TABLES,
    AGER
  }

  @Option(
      names = "--area",
      paramLabel = "AREA",
      description = "protocol, names, tables or ager (default: protocol)")
  private Area area = Area.PROTOCOL;

  @Option(
      names = "--minutes",
      paramLabel = "M",
      description = "for how long faults hit (default: 5; with --kills the most it may take)")
  private @Nullable Double minutes;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "of faults and workload (default: random)")
  private @Nullable Long seed;

  @Option(names = "--nodes", paramLabel = "N", description = "3 or 5, which all vote (default: 3)")
  private @Nullable Integer nodes;

  @Option(
      names = "--faults",
      paramLabel = "KINDS",
      split = ",",
      description =
          "kill, pause, partition, disk, clock (default: all). Partitions and disks need root:"
              + " they are network namespaces and mounts, made and removed by this command. An ager"
              + " knows kill, pause and disk")
  private @Nullable Set<FaultKind> faults;

  @Option(
      names = "--kills",
      paramLabel = "N",
      description = "instead: N times kill -9, each as soon as the cluster has recovered")
  private int kills;

  @Option(
      names = "--target",
      paramLabel = "WHO",
      description =
          "whom --kills hits: leader (of the log), coordinator (who has most changes of clients"
              + " under way) or either (default)")
  private ChaosOptions.@Nullable Killed target;

  @Option(
      names = "--break",
      paramLabel = "RULE",
      description =
          "break a rule of the protocol on all nodes, to see that the checks notice:"
              + " ${COMPLETION-CANDIDATES}")
  private Set<Rules.Rule> broken = EnumSet.noneOf(Rules.Rule.class);

  @Option(names = "--json", description = "write one JSON object")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    PrintStream words = json ? System.err : System.out;
    Screen screen = new Screen(words, System.console() != null && System.console().isTerminal());
    return switch (area) {
      case PROTOCOL -> cluster(io.quire.harness.chaos.Area.PROTOCOL, screen);
      case NAMES -> cluster(io.quire.harness.chaos.Area.NAMES, screen);
      case TABLES -> cluster(io.quire.harness.chaos.Area.TABLES, screen);
      case AGER -> ager(screen);
    };
  }

  private int cluster(io.quire.harness.chaos.Area of, Screen screen) throws Exception {
    ChaosOptions options = options(of);
    screen.line("seed %d, %d nodes", options.seed(), options.nodes());
    try (Chaos chaos = new Chaos(options, screen)) {
      ChaosReport report = chaos.run();
      show(screen, report.json(), report.table());
      if (!report.good()) {
        report.problems().forEach(problem -> screen.line("%s", problem));
        screen.line("histories, images and logs are kept in %s", chaos.directory());
        screen.line("replay: %s", report.replay());
      }
      return report.good() ? 0 : 1;
    }
  }

  private int ager(Screen screen) throws Exception {
    AgerChaosOptions options = agerOptions();
    screen.line("seed %d", options.seed());
    try (AgerChaos chaos = new AgerChaos(options, screen)) {
      AgerChaosReport report = chaos.run();
      show(screen, report.json(), report.table());
      if (!report.good()) {
        report.problems().forEach(problem -> screen.line("%s", problem));
        screen.line("journals and logs are kept in %s", chaos.directory());
        screen.line("replay: %s", report.replay());
      }
      return report.good() ? 0 : 1;
    }
  }

  private void show(Screen screen, Map<String, Object> object, Map<String, String> table)
      throws IOException {
    if (json) {
      System.out.println(new ObjectMapper().writeValueAsString(object));
    }
    screen.blank();
    table.forEach((label, text) -> screen.line("%-24s %s", label, text));
  }

  private Duration length(double minutesDefault) {
    return Duration.ofMillis((long) ((minutes == null ? minutesDefault : minutes) * 60_000));
  }

  private long drawnSeed() {
    return seed == null ? ThreadLocalRandom.current().nextLong(1L << 48) : seed;
  }

  private AgerChaosOptions agerOptions() {
    if (nodes != null || kills > 0 || target != null || !broken.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "not for --area ager: --nodes, --kills, --target, --break");
    }
    try {
      return new AgerChaosOptions(
          length(MINUTES_DEFAULT),
          drawnSeed(),
          faults == null ? AgerChaosOptions.POSSIBLE : faults);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private ChaosOptions options(io.quire.harness.chaos.Area of) {
    try {
      return new ChaosOptions(
          of,
          length(kills > 0 ? MINUTES_OF_KILLS : MINUTES_DEFAULT),
          drawnSeed(),
          nodes == null ? ChaosOptions.NODES_DEFAULT : nodes,
          faults == null ? of.faults() : faults,
          kills,
          target == null ? ChaosOptions.Killed.EITHER : target,
          broken);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}

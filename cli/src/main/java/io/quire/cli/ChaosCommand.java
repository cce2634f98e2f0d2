package io.quire.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.base.Rules;
import io.quire.harness.Screen;
import io.quire.harness.chaos.Chaos;
import io.quire.harness.chaos.ChaosOptions;
import io.quire.harness.chaos.ChaosReport;
import io.quire.harness.chaos.FaultKind;
import java.io.PrintStream;
import java.time.Duration;
import java.util.EnumSet;
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
      "Does harm to a cluster of real processes under load, and checks what clients saw.",
      "Clients on every node create, update, rename, delete, list and read objects and run"
          + " transactions on several cells. Faults hit at random, also several at once and during"
          + " recovery. Then: every key's history has an order that one copy could have given, nothing"
          + " acknowledged is lost, no transaction is there by half, every node holds the same, nothing"
          + " is left over. Exit code 0 only if all of that held.",
      "The seed draws faults and workload. When real processes feel them, no seed decides: the same"
          + " seed does the same harm, and may show another thing."
    })
final class ChaosCommand implements Callable<Integer> {
  private static final double MINUTES_DEFAULT = 5;

  /** Enough for any number of kills that is meant. */
  private static final double MINUTES_OF_KILLS = 24 * 60;

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
  private int nodes = ChaosOptions.NODES_DEFAULT;

  @Option(
      names = "--faults",
      paramLabel = "KINDS",
      split = ",",
      description =
          "kill, pause, partition, disk, clock (default: all). Partitions and disks need root:"
              + " they are network namespaces and mounts, made and removed by this command")
  private Set<FaultKind> faults = EnumSet.allOf(FaultKind.class);

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
  private ChaosOptions.Killed target = ChaosOptions.Killed.EITHER;

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
    ChaosOptions options = options();
    PrintStream words = json ? System.err : System.out;
    Screen screen = new Screen(words, System.console() != null && System.console().isTerminal());
    screen.line("seed %d, %d nodes", options.seed(), options.nodes());
    try (Chaos chaos = new Chaos(options, screen)) {
      ChaosReport report = chaos.run();
      if (json) {
        System.out.println(new ObjectMapper().writeValueAsString(report.json()));
      }
      screen.blank();
      report.table().forEach((label, text) -> screen.line("%-24s %s", label, text));
      if (report.good()) {
        return 0;
      }
      report.problems().forEach(problem -> screen.line("%s", problem));
      screen.line("histories, images and logs are kept in %s", chaos.directory());
      screen.line("replay: %s", report.replay());
      return 1;
    }
  }

  private ChaosOptions options() {
    try {
      double length = minutes != null ? minutes : kills > 0 ? MINUTES_OF_KILLS : MINUTES_DEFAULT;
      return new ChaosOptions(
          Duration.ofMillis((long) (length * 60_000)),
          seed == null ? ThreadLocalRandom.current().nextLong(1L << 48) : seed,
          nodes,
          faults,
          kills,
          target,
          broken);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}

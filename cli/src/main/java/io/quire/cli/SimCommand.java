package io.quire.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.harness.Screen;
import io.quire.worlds.LockSimulation;
import io.quire.worlds.ProtocolSimulation;
import io.quire.worlds.SimulationRun;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quire sim}. */
@Command(
    name = "sim",
    mixinStandardHelpOptions = true,
    description = {
      "Runs the protocol in simulated worlds that do harm, and checks what clients saw.",
      "Crashes, pauses, partitions, lost, late and repeated messages, leader changes, snapshots;"
          + " then linearizability, no lost write, no half transaction, nobody stuck. A seed"
          + " decides everything: the same seed runs the same way."
    })
final class SimCommand implements Callable<Integer> {
  private static final int SHOWN = 5;

  @Option(names = "--seeds", paramLabel = "N", description = "how many worlds (default: 1000)")
  private int seeds = 1_000;

  @Option(names = "--seed", paramLabel = "S", description = "the first of them (default: random)")
  private @Nullable Long seed;

  @Option(
      names = "--locks",
      description = "instead, worlds whose clients hold locks and change files under them")
  private boolean locks;

  @Option(
      names = "--sweep",
      description = "instead, every fault at every message, write and entry of one short script")
  private boolean sweep;

  @Option(names = "--case", paramLabel = "C", description = "one world of a sweep, as printed")
  private @Nullable String sweptCase;

  @Option(names = "--trace", description = "with --seed: tell of everything that happens in it")
  private boolean trace;

  @Option(names = "--json", description = "write one JSON object")
  private boolean json;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    if (seeds < 1) {
      throw new IllegalArgumentException("too few: seeds=" + seeds + " min=1");
    }
    long from = seed == null ? ThreadLocalRandom.current().nextLong(1L << 48) : seed;
    if (locks && (sweep || sweptCase != null)) {
      throw new IllegalArgumentException(
          "there is no sweep of locks: --locks without --sweep and --case");
    }
    if (trace) {
      ProtocolSimulation.Result result =
          locks
              ? LockSimulation.trace(from, out::println)
              : ProtocolSimulation.trace(from, out::println);
      out.println("seed " + from + ": " + result.events() + " events, no violation");
      return 0;
    }
    boolean terminal = System.console() != null && System.console().isTerminal();
    Screen.Bar bar = new Screen(System.err, terminal).bar("worlds");
    SimulationRun run =
        run(from, (done, of, bad) -> bar.at(done, of, "%d done, %d broken".formatted(done, bad)));
    bar.done("%d done, %d broken".formatted(run.seeds(), run.violations().size()));
    if (json) {
      out.println(new ObjectMapper().writeValueAsString(run.json()));
    } else {
      out.println(
          "%d worlds from seed %d, %d events: %d violations"
              .formatted(run.seeds(), from, run.events(), run.violations().size()));
      run.violations().entrySet().stream()
          .limit(SHOWN)
          .forEach(
              violation ->
                  out.println(
                      "replay: ./quire sim %s   %s"
                          .formatted(violation.getKey(), violation.getValue())));
    }
    return run.violations().isEmpty() ? 0 : 1;
  }

  private SimulationRun run(long from, SimulationRun.Watcher watcher) throws InterruptedException {
    if (sweptCase != null) {
      return SimulationRun.sweptCase(sweptCase);
    }
    if (sweep) {
      return SimulationRun.sweep(from, watcher);
    }
    return locks
        ? SimulationRun.locks(from, seeds, watcher)
        : SimulationRun.of(from, seeds, watcher);
  }
}

package io.quire.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quire.harness.ProtocolSimulation;
import io.quire.harness.SimulationRun;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

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
      names = "--sweep",
      description = "instead, every fault at every message, write and entry of one short script")
  private boolean sweep;

  @Option(names = "--case", paramLabel = "C", description = "one world of a sweep, as printed")
  private @Nullable String sweptCase;

  @Option(names = "--trace", description = "with --seed: tell of everything that happens in it")
  private boolean trace;

  @Option(names = "--json", description = "write one JSON object")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    if (seeds < 1) {
      throw new IllegalArgumentException("too few: seeds=" + seeds + " min=1");
    }
    long from = seed == null ? ThreadLocalRandom.current().nextLong(1L << 48) : seed;
    if (trace) {
      ProtocolSimulation.Result result = ProtocolSimulation.trace(from, System.out::println);
      System.out.println("seed " + from + ": " + result.events() + " events, no violation");
      return 0;
    }
    SimulationRun.Watcher watcher =
        (done, bad) -> System.err.print("\r  %d worlds, %d violations".formatted(done, bad));
    SimulationRun run =
        sweptCase != null
            ? SimulationRun.sweptCase(sweptCase)
            : sweep ? SimulationRun.sweep(from, watcher) : SimulationRun.of(from, seeds, watcher);
    System.err.println();
    if (json) {
      System.out.println(new ObjectMapper().writeValueAsString(run.json()));
    } else {
      System.out.println(
          "%d worlds from seed %d, %d events: %d violations"
              .formatted(run.seeds(), from, run.events(), run.violations().size()));
      run.violations().entrySet().stream()
          .limit(SHOWN)
          .forEach(
              violation ->
                  System.out.println(
                      "replay: quire sim %s   %s"
                          .formatted(violation.getKey(), violation.getValue())));
    }
    return run.violations().isEmpty() ? 0 : 1;
  }
}

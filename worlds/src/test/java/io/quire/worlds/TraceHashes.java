package io.quire.worlds;

import io.quire.base.Rules;
import java.util.List;
import java.util.stream.LongStream;

/** Runs seeds on all processors at once and prints the hash of each trace. */
final class TraceHashes {
  private TraceHashes() {}

  public static void main(String[] args) {
    of(Integer.parseInt(args[0])).forEach(System.out::println);
  }

  static List<String> of(int seeds) {
    return LongStream.rangeClosed(1, seeds)
        .parallel()
        .mapToObj(seed -> seed + " " + ProtocolSimulation.run(seed, Rules.ALL).traceHash())
        .toList();
  }
}

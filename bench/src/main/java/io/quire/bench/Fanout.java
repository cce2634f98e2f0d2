package io.quire.bench;

import io.quire.harness.Reaper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Plays {@link FanoutModel} in this process. */
record Fanout() implements Contender {
  static final List<Integer> NODES = List.of(3, 10, 30, 100);

  private static final int ARMS = 4;

  @Override
  public String name() {
    return "fanout";
  }

  @Override
  public String settings() {
    return "a model, in this process: " + FanoutModel.Costs.DEFAULT;
  }

  @Override
  public Running start(Path directory, Reaper reaper) {
    return new Running() {
      @Override
      public Map<String, Double> run(Job job) {
        Map<String, Double> figures = new TreeMap<>();
        for (int nodes : NODES) {
          FanoutModel.Cost cost = cost(job.variant(), nodes, job.outstanding());
          figures.put(job.row() + "-" + nodes, cost.micros());
          figures.put(job.row() + "-" + nodes + "-cpu", cost.busiestMicros());
        }
        figures.put(
            job.row(),
            cost(job.variant(), 100, job.outstanding()).busiestMicros()
                / cost(job.variant(), 10, job.outstanding()).busiestMicros());
        return figures;
      }

      @Override
      public void close() {
        // Nothing runs.
      }
    };
  }

  private static FanoutModel.Cost cost(String design, int nodes, int transactions) {
    FanoutModel.Costs costs = FanoutModel.Costs.DEFAULT;
    return switch (design) {
      case "star" -> FanoutModel.star(costs, nodes, transactions);
      case "tree" -> FanoutModel.tree(costs, nodes, ARMS, transactions);
      default -> throw new IllegalArgumentException("no such design: variant=" + design);
    };
  }
}

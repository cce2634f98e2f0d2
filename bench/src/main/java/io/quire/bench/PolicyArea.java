package io.quire.bench;

import io.quire.bench.Question.Better;
import io.quire.bench.Question.Entrant;
import io.quire.bench.Question.Row;
import java.util.ArrayList;
import java.util.List;

/** Who is evicted when nobody has declared a scan. */
final class PolicyArea implements Area {
  /** Of the ids of all rows, before the name of the trace. */
  static final String PREFIX = "trace-";

  private static final String NONE = "none: a replay, nothing is stored";
  private static final Processes REPLAYS =
      Processes.of("replays", Worker.System.REPLAYS, 1, 0, "one process, one policy at a time");

  @Override
  public String name() {
    return "policy";
  }

  @Override
  public String title() {
    return "Who is evicted when nothing was declared: hit rates on traces, by memory.";
  }

  @Override
  public List<Question> questions() {
    return Traces.ALL.stream().map(PolicyArea::question).toList();
  }

  private static Question question(TraceSource trace) {
    String id = PREFIX + trace.name();
    String memory = trace.memory() == 0 ? "25%" : trace.memory() + " extents";
    List<Row> rows = new ArrayList<>();
    rows.add(row(id, "0.97 of the best of the peers but S3-FIFO and SIEVE; memory " + memory));
    for (int percent : TraceSubject.PERCENTS) {
      rows.add(row(id + "-" + percent, "the same; memory for " + percent + "% of what is used"));
    }
    Job job = Job.of(Job.Kind.REPLAY, id, 1, 0);
    List<Entrant> entrants =
        TraceSubject.names().stream()
            .map(policy -> new Entrant(policy, REPLAYS, job.withVariant(policy), false))
            .toList();
    return new Question(id, "hit rate: " + trace.what(), rows, entrants);
  }

  private static Row row(String id, String goal) {
    return new Row(id, "% hit", Better.HIGHER, goal, NONE);
  }
}

package io.quire.cli;

import io.quire.bench.Area;
import io.quire.bench.Areas;
import io.quire.bench.BenchRun;
import io.quire.bench.Curves;
import io.quire.bench.Question;
import io.quire.bench.Report;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code quire bench}. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures an area of Quire and its peers, in turn, on this machine.",
      "All of them run as processes here, at equal durability. What each row means is in"
          + " docs/benchmarks.md. Figures count only on a machine that does nothing else."
    },
    footer = {
      "%nExamples:",
      "  quire bench protocol --list",
      "  quire bench protocol --only publish-p50,append-3n --runs 3",
      "  quire bench names --only create-batch,list-1000",
      "  quire bench ager --only pin,loop-gbs",
      "  quire bench protocol --json > protocol.json",
      "  quire bench tpch --scale 1 --json",
      "  quire bench policy --runs 1 --only trace-loop,trace-zigzag --curves docs/paging"
    })
final class BenchCommand implements Callable<Integer> {
  private static final int RUNS = 5;

  @Parameters(
      paramLabel = "AREA",
      description = "protocol, names, ager, datasets, alloc, policy, tpch")
  private String area = "";

  @Option(
      names = "--only",
      paramLabel = "ID",
      split = ",",
      description = "ask these only (default: all); see --list")
  private List<String> only = List.of();

  @Option(names = "--list", description = "tell what can be asked, and ask nothing")
  private boolean list;

  @Option(
      names = "--runs",
      paramLabel = "N",
      description = "how often each is asked, up to 100 (default: 5; 1 if quick)")
  private int runs;

  @Option(
      names = "--quick",
      description = "short runs: shows that it works; the figures are worth little")
  private boolean quick;

  @Option(names = "--json", description = "write one JSON object")
  private boolean json;

  @Option(
      names = "--curves",
      paramLabel = "DIR",
      description = "draw the rows that belong together, as SVG, into this directory")
  private @Nullable Path curves;

  @Option(
      names = "--scale",
      paramLabel = "FACTOR",
      description = "tpch only: how much data, 0.001 to 3 (default: 1)")
  private @Nullable Double scale;

  @Option(
      names = "--nodes",
      paramLabel = "N",
      description = "tpch only: nodes of ours, which share the memory, 1 to 8 (default: 1)")
  private @Nullable Integer nodes;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    List<Question> questions = chosen();
    if (list) {
      PrintWriter out = spec.commandLine().getOut();
      questions.forEach(
          question -> out.println("%-16s %s".formatted(question.id(), question.what())));
      return 0;
    }
    int times = runs != 0 ? runs : quick ? 1 : RUNS;
    try (BenchRun run = run(questions, times)) {
      Report report;
      try {
        report = run.run(area);
      } catch (RuntimeException e) {
        System.err.println("quire: logs and data are in " + run.keepFiles("the run failed"));
        throw e;
      }
      if (curves != null) {
        Curves.draw(report.json(), curves)
            .forEach(file -> System.err.println("bench: drew " + file));
      }
      if (json) {
        System.out.println(report.json());
      } else {
        report.table().forEach(System.out::println);
      }
      return report.wrong() ? 1 : 0;
    }
  }

  private BenchRun run(List<Question> questions, int times) {
    try {
      return new BenchRun(questions, times, quick, line -> System.err.println("bench: " + line));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private List<Question> chosen() {
    try {
      Area found = area();
      return only.isEmpty()
          ? found.questions()
          : only.stream().map(id -> named(found, id)).toList();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private Area area() {
    Area found = Areas.named(area);
    if (scale == null && nodes == null) {
      return found;
    }
    if (!found.name().equals("tpch")) {
      throw new IllegalArgumentException("--scale and --nodes are for tpch only: area=" + area);
    }
    return Areas.tpch(scale == null ? 1 : scale, nodes == null ? 1 : nodes);
  }

  private static Question named(Area area, String id) {
    return area.questions().stream()
        .filter(question -> question.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no such question: id=%s known=%s"
                        .formatted(id, area.questions().stream().map(Question::id).toList())));
  }
}

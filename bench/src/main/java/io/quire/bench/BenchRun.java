package io.quire.bench;

import io.quire.bench.Contender.Running;
import io.quire.bench.Contender.Unavailable;
import io.quire.bench.Question.Entrant;
import io.quire.bench.Question.Row;
import io.quire.harness.ChildProcessException;
import io.quire.harness.Reaper;
import io.quire.harness.Workspace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/*
 * All who take part in a question run at the same time, and are asked one after the other, ours first,
 * then the peers, then ours again: what the machine does meanwhile meets all of them alike, and the
 * idle ones cost next to nothing. Between questions only those are kept that a later one asks.
 */
/** Asks the questions of an area. One use. */
public final class BenchRun implements AutoCloseable {
  /**
   * How long each part of a measurement lasts, in milliseconds, and what objects are divided by.
   */
  record Times(long firstWarmUp, long warmUp, long measured, int fewer) {
    static final Times FULL = new Times(20_000, 2_000, 4_000, 1);
    static final Times QUICK = new Times(1_000, 200, 1_000, 50);
  }

  private static final int REASON_LINES = 4;

  private final List<Question> questions;
  private final int runs;
  private final Times times;
  private final Consumer<String> progress;
  private final Workspace workspace = Workspace.open("bench");
  private final Reaper reaper = Reaper.open();
  private final Map<Contender, Running> running = new HashMap<>();
  private final Map<Contender, String> unavailable = new HashMap<>();
  private final Map<String, String> skipped = new LinkedHashMap<>();
  private final Map<Entrant, Boolean> warm = new HashMap<>();

  /**
   * @param questions to ask, in order
   * @param runs of each, one at least
   * @param quick whether it may be short, and the figures poor
   * @param progress is told what is done
   */
  public BenchRun(List<Question> questions, int runs, boolean quick, Consumer<String> progress) {
    if (runs < 1 || runs > 100) {
      throw new IllegalArgumentException("runs out of range: runs=" + runs + " allowed=1..100");
    }
    this.questions = List.copyOf(questions);
    this.runs = runs;
    this.times = quick ? Times.QUICK : Times.FULL;
    this.progress = progress;
  }

  /** Asks them all. */
  public Report run(String area) {
    List<Answer> answers = new ArrayList<>();
    for (int i = 0; i < questions.size(); i++) {
      answers.addAll(ask(questions.get(i)));
      Set<Contender> later =
          questions.subList(i + 1, questions.size()).stream()
              .flatMap(question -> question.entrants().stream())
              .map(Entrant::contender)
              .collect(Collectors.toSet());
      stopAllBut(later);
    }
    return new Report(area, Machine.description(), runs, answers, skipped);
  }

  private List<Answer> ask(Question question) {
    Map<Entrant, List<Map<String, Double>>> figures = new LinkedHashMap<>();
    Map<String, String> absent = new LinkedHashMap<>();
    for (Entrant entrant : question.entrants()) {
      String why = start(entrant.contender(), figures.isEmpty());
      if (why != null && figures.isEmpty()) {
        skipped.put(question.id(), why);
        return List.of();
      }
      if (why == null) {
        figures.put(entrant, new ArrayList<>());
      } else {
        absent.put(entrant.name(), why);
      }
    }
    for (int run = 1; run <= runs; run++) {
      for (Entrant entrant : List.copyOf(figures.keySet())) {
        boolean first = warm.put(entrant, true) == null;
        Job job =
            entrant
                .job()
                .lasting(first ? times.firstWarmUp() : times.warmUp(), times.measured())
                .withFewerObjects(times.fewer());
        String told;
        try {
          Map<String, Double> found = running(entrant.contender()).run(job);
          figures.getOrDefault(entrant, new ArrayList<>()).add(found);
          told = text(found);
        } catch (BenchFailed e) {
          if (entrant == question.entrants().getFirst()) {
            throw e;
          }
          // A peer that fails says nothing of the others.
          told = "failed: " + firstLines(e);
          figures.remove(entrant);
          absent.put(entrant.name(), told);
        }
        progress.accept(
            "%s run %d of %d: %s %s".formatted(question.id(), run, runs, entrant.name(), told));
      }
    }
    return question.rows().stream().map(row -> answer(row, question, figures, absent)).toList();
  }

  /** Of a message with a stack trace, what says what happened. */
  private static String firstLines(Exception failure) {
    return String.valueOf(failure.getMessage())
        .lines()
        .filter(line -> !line.startsWith("\tat ") && !line.startsWith("\t... "))
        .limit(REASON_LINES)
        .collect(Collectors.joining("; "));
  }

  private static String text(Map<String, Double> figures) {
    return figures.entrySet().stream()
        .filter(entry -> !Verdict.isAbout(entry.getKey()))
        .sorted(Map.Entry.comparingByKey())
        .map(entry -> entry.getKey() + "=" + Report.number(entry.getValue()))
        .collect(Collectors.joining(" "));
  }

  private static Answer answer(
      Row row,
      Question question,
      Map<Entrant, List<Map<String, Double>>> figures,
      Map<String, String> absent) {
    Entrant ours = question.entrants().getFirst();
    List<Double> own = List.of();
    Map<String, List<Double>> peers = new LinkedHashMap<>();
    Map<String, List<Double>> aside = new LinkedHashMap<>();
    for (Map.Entry<Entrant, List<Map<String, Double>>> entry : figures.entrySet()) {
      List<Double> found =
          entry.getValue().stream()
              .filter(each -> each.containsKey(row.id()))
              .map(each -> each.getOrDefault(row.id(), Double.NaN))
              .toList();
      if (entry.getKey() == ours) {
        own = found;
      } else if (!found.isEmpty()) {
        (entry.getKey().aside() ? aside : peers).put(entry.getKey().name(), found);
      }
    }
    if (own.isEmpty()) {
      throw new BenchFailed("no figure of ours: row=" + row.id() + " absent=" + absent, null);
    }
    Map<String, List<Map<String, Double>>> others = new LinkedHashMap<>();
    figures.forEach(
        (entrant, found) -> {
          if (entrant != ours) {
            others.put(entrant.name(), found);
          }
        });
    return new Answer(
        row,
        own,
        peers,
        aside,
        absent,
        Verdict.of(row.id(), figures.getOrDefault(ours, List.of()), others));
  }

  /**
   * Starts it unless it runs; answers why not if it cannot. That ours starts is not in question.
   */
  private @Nullable String start(Contender contender, boolean ours) {
    if (!running.containsKey(contender) && !unavailable.containsKey(contender)) {
      progress.accept("starting %s (%s)".formatted(contender.name(), contender.settings()));
      try {
        running.put(contender, contender.start(workspace.directory(contender.name()), reaper));
      } catch (Unavailable | ChildProcessException e) {
        if (ours && e instanceof ChildProcessException failure) {
          throw failure;
        }
        String why = firstLines(e).toLowerCase(Locale.ROOT);
        progress.accept(contender.name() + " cannot run here: " + why);
        unavailable.put(contender, why);
      }
    }
    return unavailable.get(contender);
  }

  private Running running(Contender contender) {
    Running found = running.get(contender);
    if (found == null) {
      throw new IllegalStateException("not started: contender=" + contender.name());
    }
    return found;
  }

  private void stopAllBut(Set<Contender> kept) {
    for (Contender contender : List.copyOf(running.keySet())) {
      if (!kept.contains(contender)) {
        running(contender).close();
        running.remove(contender);
      }
    }
  }

  /** Keeps what the processes wrote, for somebody to see why it failed; answers where it is. */
  public Path keepFiles(String why) {
    workspace.keep(why);
    return workspace.path();
  }

  /** Ends all processes and removes their files. */
  @Override
  public void close() {
    stopAllBut(Set.of());
    reaper.close();
    workspace.close();
  }
}

package io.quire.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The rows of an area with their figures. */
public final class Report {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String area;
  private final String machine;
  private final int runs;
  private final List<Answer> answers;
  private final Map<String, String> skipped;

  /**
   * @param skipped questions that could not be asked here, and why
   */
  Report(String area, String machine, int runs, List<Answer> answers, Map<String, String> skipped) {
    this.area = area;
    this.machine = machine;
    this.runs = runs;
    this.answers = List.copyOf(answers);
    this.skipped = new LinkedHashMap<>(skipped);
  }

  /** One object; figures are medians, a peer that could not run is absent, with the reason. */
  public ObjectNode json() {
    ObjectNode all = JSON.createObjectNode().put("area", area).put("machine", machine);
    if (answers.stream().anyMatch(answer -> answer.verdict().isPresent())) {
      all.put("verified", !wrong());
    }
    ArrayNode rows = all.putArray("rows");
    for (Answer answer : answers) {
      ObjectNode row =
          rows.addObject()
              .put("id", answer.row().id())
              .put("unit", answer.row().unit())
              .put("better", answer.row().better().name().toLowerCase(Locale.ROOT))
              .put("ours", rounded(Answer.median(answer.ours())));
      ObjectNode peers = row.putObject("peers");
      answer.peers().forEach((name, figures) -> peers.put(name, rounded(Answer.median(figures))));
      row.put("runs", runs)
          .put("spread", rounded(Answer.spread(answer.ours())))
          .put("durability", answer.row().durability());
      answer
          .verdict()
          .ifPresent(
              verdict ->
                  row.put("verified", verdict.verified())
                      .put("verified_against", String.join(", ", verdict.against())));
      if (!answer.absent().isEmpty()) {
        ObjectNode absent = row.putObject("absent");
        answer.absent().forEach(absent::put);
      }
    }
    if (!skipped.isEmpty()) {
      ObjectNode left = all.putObject("skipped");
      skipped.forEach(left::put);
    }
    return all;
  }

  /** Whether an answer was not what it was compared with, or was compared with nothing. */
  public boolean wrong() {
    return answers.stream()
        .flatMap(answer -> answer.verdict().stream())
        .anyMatch(verdict -> !verdict.verified());
  }

  /** For people. */
  public List<String> table() {
    List<String> lines = new ArrayList<>();
    lines.add(machine);
    lines.add(
        "medians of %d runs, ours and the peers in turn; spread is that of ours".formatted(runs));
    for (Answer answer : answers) {
      Question.Row row = answer.row();
      lines.add("");
      lines.add(
          "%-20s %s   %s is better; wanted: %s"
              .formatted(
                  row.id(), row.unit(), row.better().name().toLowerCase(Locale.ROOT), row.goal()));
      lines.add("  durability: " + row.durability());
      lines.add(
          "  %-28s %14s   spread %.0f%%"
              .formatted(
                  "ours",
                  number(Answer.median(answer.ours())),
                  100 * Answer.spread(answer.ours())));
      answer.verdict().ifPresent(verdict -> lines.add("  answers: " + text(verdict)));
      answer
          .peers()
          .forEach(
              (name, figures) ->
                  lines.add(
                      "  %-28s %14s   ours is %s times as good"
                          .formatted(
                              name,
                              number(Answer.median(figures)),
                              number(answer.advantage(name)))));
      answer
          .aside()
          .forEach(
              (name, figures) ->
                  lines.add("  %-28s %14s".formatted(name, number(Answer.median(figures)))));
      answer
          .absent()
          .forEach((name, why) -> lines.add("  %-28s cannot run here: %s".formatted(name, why)));
    }
    skipped.forEach(
        (id, why) -> {
          lines.add("");
          lines.add("%-20s cannot be asked here: %s".formatted(id, why));
        });
    return lines;
  }

  private static String text(Verdict verdict) {
    if (verdict.against().isEmpty()) {
      return "compared with nothing";
    }
    String against = String.join(", ", verdict.against());
    return (verdict.verified() ? "equal to those of: " : "NOT those of all of: ") + against;
  }

  /** Three digits and more, and no more than a reader needs. */
  static String number(double value) {
    double size = Math.abs(value);
    String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f";
    return String.format(Locale.ROOT, format, value);
  }

  private static double rounded(double value) {
    return Double.parseDouble(String.format(Locale.ROOT, "%.4g", value));
  }
}

package io.quire.bench;

import java.util.List;

/**
 * What is measured, by whom, and the rows that it gives.
 *
 * @param id as it is named on the command line
 * @param what is measured, in one sentence
 * @param rows that each answer gives a figure for; the first has the id of the question
 * @param entrants who take part, ours first; they are asked in turn
 */
public record Question(String id, String what, List<Row> rows, List<Entrant> entrants) {
  public Question {
    rows = List.copyOf(rows);
    entrants = List.copyOf(entrants);
    if (entrants.isEmpty() || rows.isEmpty()) {
      throw new IllegalArgumentException("nobody to ask, or nothing: id=" + id);
    }
  }

  /** Which way is good. */
  public enum Better {
    LOWER,
    HIGHER
  }

  /**
   * A line of the table.
   *
   * @param id unique in the area
   * @param unit of the figures
   * @param better which way is good
   * @param goal what is wanted, in words
   * @param durability what has happened, everywhere, to what a call reported as done
   */
  public record Row(String id, String unit, Better better, String goal, String durability) {}

  /**
   * Takes part in a question.
   *
   * @param name in the table
   * @param contender whose processes are asked
   * @param job what they are asked; it answers with figures by the ids of the rows, and may leave
   *     out those that it has no answer for
   * @param aside whether it is told beside the peers, being none
   */
  public record Entrant(String name, Contender contender, Job job, boolean aside) {}
}

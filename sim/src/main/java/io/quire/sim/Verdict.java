package io.quire.sim;

/** What a checker says of a history. */
public sealed interface Verdict {
  /** Nothing speaks against it. */
  record Good() implements Verdict {}

  /** No correct system can have answered so; the explanation is for people. */
  record Bad(String explanation) implements Verdict {}

  /** The search grew too large to say. */
  record Undecided(String why) implements Verdict {}

  /** Throws an {@link AssertionError} unless good. */
  default void orThrow() {
    switch (this) {
      case Good _ -> {}
      case Bad(String explanation) -> throw new AssertionError(explanation);
      case Undecided(String why) -> throw new AssertionError("undecided: " + why);
    }
  }
}

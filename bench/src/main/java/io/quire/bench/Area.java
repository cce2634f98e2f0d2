package io.quire.bench;

import java.util.List;

/** A part of Quire that has questions of its own; one class for each, named in {@link Areas}. */
public interface Area {
  /** As it is named on the command line. */
  String name();

  /** What it is about, in one sentence. */
  String title();

  /** In the order in which they are asked. */
  List<Question> questions();
}

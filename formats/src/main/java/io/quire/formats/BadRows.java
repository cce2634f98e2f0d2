package io.quire.formats;

/**
 * Takes the rows that could not be read, in their order; one row of one split once. Called on the
 * thread that reads; what it throws goes to that thread's caller.
 */
@FunctionalInterface
public interface BadRows {
  /** Forgets them; they are counted all the same. */
  BadRows IGNORED = _ -> {};

  /**
   * Takes one, before the rows of the batch that it stands among are given. It should be quick: the
   * reader waits for it.
   */
  void bad(BadRow row);
}

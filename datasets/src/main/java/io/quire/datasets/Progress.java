package io.quire.datasets;

/** Is told how far a load or a scan has come, by the thread that called it. Must be quick. */
@FunctionalInterface
public interface Progress {
  /** Tells nobody. */
  Progress NONE = (_, _, _) -> {};

  /**
   * Something was done.
   *
   * @param done parts, extents of lines or row groups so far; it falls when a node dies and its
   *     parts are to be loaded again
   * @param total how many there are, or -1 while that is not known
   * @param bytes of extents so far
   */
  void made(long done, long total, long bytes);

  /**
   * An attempt before broke off, and what it had finished is kept; told once, before anything else,
   * if anything is kept. It counts as done.
   *
   * @param parts how many
   * @param total how many there are
   * @param bytes of their extents
   */
  default void kept(long parts, long total, long bytes) {}
}

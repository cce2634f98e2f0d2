package io.quire.ager;

/** What is known of the future use of an extent, where no scan tells it. */
public enum Advice {
  /** Nothing. */
  NORMAL,
  /** It is read now, as {@link Ager#prefetch} does; ends DONT_NEED. */
  WILL_NEED,
  /**
   * It is written at once, as long as stores take what they are given, and its memory goes before
   * that of all others whose advice is another, once it has a copy; also if an open scan wants it.
   * Ends when it is pinned or read again, but for pins of a scan.
   */
  DONT_NEED,
  /** Its memory goes after that of all others, but before anybody is refused. */
  KEEP
}

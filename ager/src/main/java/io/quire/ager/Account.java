package io.quire.ager;

/** What one client may hold and holds, in pages. Guarded by the lock of {@link Memory}. */
final class Account {
  /** Unsigned in a byte of each extent. */
  final int number;

  ClientConfig config;
  int limitPages;
  int guaranteedPages;

  /** Of drafts and extents that have a place in memory, or for which one is being made. */
  int heldPages;

  long dirtyBytes;
  long pageIns;
  long waits;
  long refusals;
  boolean closed;

  Account(int number, ClientConfig config) {
    this.number = number;
    this.config = config;
  }

  /** Of what is guaranteed to it, what it would not use if it held so much more. */
  int unusedPages(int more) {
    return Math.max(0, guaranteedPages - heldPages - more);
  }

  /** What it holds beyond what is guaranteed to it. */
  int sparePages() {
    return heldPages - guaranteedPages;
  }

  long heldBytes() {
    return (long) heldPages * Runs.PAGE_BYTES;
  }

  long limitBytes() {
    return (long) limitPages * Runs.PAGE_BYTES;
  }
}

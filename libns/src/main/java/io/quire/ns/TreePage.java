package io.quire.ns;

import java.util.List;
import java.util.Optional;

/**
 * What lies right below a directory, in order, as of one moment. Directories are not made: they are
 * what names have in common up to a slash. A name may be an object and a directory; it is listed as
 * both then, {@code a} and {@code a/}.
 *
 * @param entries those that were asked for
 * @param next the path after which the next page begins; empty if this was the last one
 */
public record TreePage(List<Entry> entries, Optional<String> next) {
  /** An object or a directory. */
  public sealed interface Entry {
    /** All of the name; of a directory with the slash at its end. */
    String path();
  }

  /** An object. */
  public record Leaf(String path, long xid) implements Entry {}

  /** There is at least one object below it. */
  public record Directory(String path) implements Entry {}

  /** Copies the list. */
  public TreePage {
    entries = List.copyOf(entries);
  }
}

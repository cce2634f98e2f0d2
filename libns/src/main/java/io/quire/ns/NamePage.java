package io.quire.ns;

import java.util.List;
import java.util.Optional;

/**
 * Names in order, as of one moment.
 *
 * @param names those that were asked for
 * @param next the name after which the next page begins; empty if this was the last one. There may
 *     be a next page though this one has fewer names than were allowed, even none
 */
public record NamePage(List<Listed> names, Optional<String> next) {
  /** A name and the id it stands for. */
  public record Listed(String name, long xid) {}

  /** Copies the list. */
  public NamePage {
    names = List.copyOf(names);
  }
}

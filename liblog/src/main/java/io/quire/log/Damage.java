package io.quire.log;

import io.quire.base.Position;
import java.nio.file.Path;

/**
 * A part of a node's log that is not what was written.
 *
 * @param path the file
 * @param offset in bytes, where it begins
 * @param first index of the first Raft entry that cannot be read because of it; -1 if the file
 *     holds no entries
 * @param last index of the last such entry
 * @param reason what was found and what was wanted
 */
public record Damage(Path path, long offset, long first, long last, String reason) {
  /** The position of the first record that cannot be read. */
  public long position() {
    return first < 0 ? Position.NONE : Position.of(first, 0);
  }

  @Override
  public String toString() {
    String entries =
        first < 0
            ? ""
            : " position=" + Position.text(position()) + " entries=" + first + "-" + last;
    return "path=" + path + " offset=" + offset + entries + " reason=" + reason;
  }
}

package io.quire.ns;

import java.util.List;

/**
 * An operation, in numbers that do not depend on nodes: objects and namespaces are called by the
 * number of their creation, what is open by that of its opening. Namespace 0 is the root. Each
 * value is written once, so it tells whose it is.
 */
sealed interface Op {
  /** What a caller knows of an object. */
  record Seen(int object, int space, String name, long version, boolean draining) {}

  /**
   * @param creator the incarnation, if it lives that long
   */
  record Create(int object, int space, String name, int value, Lifetime lifetime, long creator)
      implements Op {}

  record Update(Seen seen, int value) implements Op {}

  /** Gives another name, in this namespace or another. */
  record Move(Seen seen, int space, String name) implements Op {}

  record DeleteSeen(Seen seen) implements Op {}

  record Unchanged(Seen seen) implements Op {}

  /** All of them, or none. */
  record Together(List<Op> changes) implements Op {}

  record Delete(int space, String name) implements Op {}

  record DeleteMatching(int space, String prefix) implements Op {}

  record Lookup(int space, String name) implements Op {}

  record LookupId(int object) implements Op {}

  record Names(int space) implements Op {}

  record Tree(int space, String directory) implements Op {}

  record UsageOf(int space) implements Op {}

  record Refer(int opening, int space, String name, long by) implements Op {}

  record ReferId(int opening, int object, long by) implements Op {}

  record Open(int opening, int space, String name, OpenMode mode, long by) implements Op {}

  record OpenId(int opening, int object, OpenMode mode, long by) implements Op {}

  record UpdateOpen(int opening, Seen seen, int value) implements Op {}

  record Close(int opening) implements Op {}

  record CreateSpace(int space, String name, Quota quota) implements Op {}

  record Limit(int space, Quota quota) implements Op {}

  record Destroy(int space) implements Op {}

  record FindSpace(String name) implements Op {}

  record Spaces() implements Op {}

  /** Whether, if it fails, a part of it may have happened. */
  default boolean inParts() {
    return this instanceof DeleteMatching
        || this instanceof Destroy
        || this instanceof Open
        || this instanceof OpenId;
  }

  /** How many bytes a value has. */
  static int length(int value) {
    return 4 + (value & 3) * 20;
  }
}

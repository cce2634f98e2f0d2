package io.quire.gvm;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The last changes of all cells, in log order: what watches are served from, and what leads back
 * from the cells to an earlier position. It holds at most {@value #CHANGES_MAX} changes of {@value
 * #BYTES_MAX} bytes; the oldest go first. What lies before {@link #oldest} is not here: it would
 * have to be made from a snapshot and preserved entries of the log. On the loop.
 */
final class History {
  static final int CHANGES_MAX = 16_384;
  static final long BYTES_MAX = 32L << 20;

  private final TreeMap<Long, List<Change>> commits = new TreeMap<>();
  private long oldest;
  private int count;
  private long bytes;

  /** Every change after this position is here. */
  long oldest() {
    return oldest;
  }

  void add(long position, List<Change> changes) {
    if (changes.isEmpty()) {
      return;
    }
    commits.put(position, changes);
    count += changes.size();
    for (Change change : changes) {
      bytes += change.bytes();
    }
    while (count > CHANGES_MAX || bytes > BYTES_MAX) {
      Map.Entry<Long, List<Change>> first = commits.pollFirstEntry();
      oldest = first.getKey();
      count -= first.getValue().size();
      for (Change change : first.getValue()) {
        bytes -= change.bytes();
      }
    }
  }

  /** The cells were replaced as of a position: how they came there is not known. */
  void restart(long position) {
    commits.clear();
    count = 0;
    bytes = 0;
    oldest = position;
  }

  /** What was committed after the position, the first first. */
  NavigableMap<Long, List<Change>> after(long position) {
    return commits.tailMap(position, false);
  }

  /** Throws unless every change after the position is here. */
  void require(String doing, long position) {
    if (position < oldest) {
      throw new GvmException.TooOld(doing, position, oldest);
    }
  }

  /** The newest change of the key that is here. */
  Optional<Change> last(String key) {
    for (List<Change> changes : commits.descendingMap().values()) {
      for (Change change : changes) {
        if (change.key().equals(key)) {
          return Optional.of(change);
        }
      }
    }
    return Optional.empty();
  }

  /** Changes of a prefix after a position, whole transactions, some more than {@code most}. */
  List<Change> after(String prefix, long position, int most) {
    List<Change> found = new ArrayList<>();
    for (List<Change> changes : after(position).values()) {
      if (found.size() >= most) {
        break;
      }
      for (Change change : changes) {
        if (change.key().startsWith(prefix)) {
          found.add(change);
        }
      }
    }
    return found;
  }
}

package io.quire.log;

import io.quire.base.LogBook;
import io.quire.base.LogBook.Retention;
import io.quire.base.Position;
import io.quire.log.Archive.Kept;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Says which archived segments may go: those that the retention, or a trim, gives up and that
 * nobody needs.
 *
 * @param gone in the order of the log; always the oldest ones
 * @param holds who needs what, the one that needs the oldest entry first
 */
record LogKeeping(List<Kept> gone, List<LogHold> holds) {

  /**
   * Decides.
   *
   * @param archived what is kept, in the order of the log
   * @param live index of the first entry that Ratis has: it and what follows stay
   * @param snapshots indexes of the snapshots that are kept
   * @param book what the cluster wants
   * @param nowMillis the wall clock
   */
  static LogKeeping of(
      List<Kept> archived, long live, List<Long> snapshots, LogBook.State book, long nowMillis) {
    List<LogHold> holds = holds(snapshots, book, nowMillis);
    long needed = live;
    for (LogHold hold : holds) {
      needed = Math.min(needed, Position.index(hold.position()));
    }
    int given = givenUp(archived, book, nowMillis);
    List<Kept> gone = new ArrayList<>();
    for (Kept segment : archived.subList(0, given)) {
      if (segment.last() >= needed) {
        break;
      }
      gone.add(segment);
    }
    return new LogKeeping(List.copyOf(gone), holds);
  }

  private static List<LogHold> holds(List<Long> snapshots, LogBook.State book, long nowMillis) {
    List<LogHold> holds = new ArrayList<>();
    if (snapshots.size() < 2) {
      holds.add(new LogHold("the second snapshot, which is still to be taken", Position.NONE));
    } else {
      long older = snapshots.stream().min(Long::compare).orElse(-1L);
      holds.add(new LogHold("snapshot " + older, Position.of(older + 1, 0)));
    }
    for (Map.Entry<String, LogBook.Bookmark> mark : book.bookmarks().entrySet()) {
      if (mark.getValue().expiresMillis() >= nowMillis) {
        holds.add(new LogHold("bookmark " + mark.getKey(), mark.getValue().position()));
      }
    }
    holds.sort((one, other) -> Long.compare(one.position(), other.position()));
    return List.copyOf(holds);
  }

  /** How many of the oldest the retention, or a trim, gives up. */
  private static int givenUp(List<Kept> archived, LogBook.State book, long nowMillis) {
    Retention retention = book.retention();
    long records = 0;
    long bytes = 0;
    for (int i = archived.size() - 1; i >= 0; i--) {
      Kept segment = archived.get(i);
      boolean tooMany = retention.records() > 0 && records >= retention.records();
      boolean tooLarge = retention.bytes() > 0 && bytes >= retention.bytes();
      boolean tooOld =
          retention.ageMillis() > 0 && segment.writtenMillis() < nowMillis - retention.ageMillis();
      boolean trimmed = segment.last() < Position.index(book.floor());
      if (tooMany || tooLarge || tooOld || trimmed) {
        return i + 1;
      }
      records += segment.records();
      bytes += segment.bytes();
    }
    return 0;
  }
}

package io.quire.gvm;

import io.quire.lockserver.Session;
import org.jspecify.annotations.Nullable;

/*
 * One linearizable read, in the steps that the protocol names, so that a simulation can let the world
 * turn between them:
 *
 *   begin    the session is noted before anything is looked at
 *   look     the record; the marks in it are what must be waited for, marks that come later are not
 *   finish   the record again if there were marks; then, last, the clock and the session
 *
 * Why the answer is not old: a transaction that took effect at p had marked its keys on every
 * incarnation in the view at p. This incarnation was one of them, and then the marks were here until
 * the log (or a hint of it) told the outcome; or it joined after p and has applied p before it has a
 * session; or it had been taken out of the view, and then its lease had run out first.
 */
final class CellRead {
  private final CellStore store;
  private final Session session;
  final String key;
  private final Session.Token begun;
  private Cell seen = Cell.ABSENT;
  private long ahead = -1;

  private CellRead(CellStore store, Session session, String key, Session.Token begun) {
    this.store = store;
    this.session = session;
    this.key = key;
    this.begun = begun;
  }

  static CellRead begin(CellStore store, Session session, String key) {
    Session.Token begun = session.token();
    if (begun == null) {
      throw new GvmException.NotInView("reading: key=" + key);
    }
    return new CellRead(store, session, key, begun);
  }

  /** Whether the read need not wait. */
  boolean look() {
    Versioned glanced = store.glance(Place.of(key));
    if (glanced != CellStore.UNSETTLED) {
      seen = glanced == null ? Cell.ABSENT : Cell.of(glanced);
      return true;
    }
    seen = store.cell(key);
    return seen.marks().isEmpty();
  }

  /** Whether all transactions that were under way at {@link #look} are settled. */
  boolean settled() {
    return !store.cell(key).marks().anyBefore(seen.marks().end());
  }

  /**
   * Whether all that was under way or shown ahead at {@link #look} has also been applied here, so
   * that the applied cells, which are those of one moment, hold it.
   */
  boolean applied() {
    if (!settled()) {
      return false;
    }
    if (ahead < 0) {
      ahead = store.cell(key).shownVersion();
    }
    return ahead <= store.lastCommitted();
  }

  @Nullable Versioned finish() {
    Cell answer = seen.marks().isEmpty() ? seen : store.cell(key);
    if (!session.valid(begun)) {
      throw new GvmException.NotInView("reading: key=" + key);
    }
    return answer.visible();
  }
}

package io.quire.datasets;

import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.Reservation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * That this node makes what belongs to a load. If that is durable it stands in the log, as a
 * reservation of the load's id: then the extents that were made are somebody's until the load is
 * published or given up, whoever dies meanwhile, and who publishes it has to hold the reservation
 * still. Confined to the thread of the coordinator.
 */
final class Claim {
  private static final Logger LOG = LoggerFactory.getLogger(Claim.class);

  /** Of all parts, what is noted at once. */
  private static final int NOTES = 16;

  private static final Duration NOTE_EVERY = Duration.ofSeconds(1);

  private final Namespaces namespaces;
  private final long xid;
  private final @Nullable LoadNote begun;
  private @Nullable Reservation reservation;

  /** Whether a change of the reservation was begun of which it is not known what came of it. */
  private boolean unsure;

  private boolean lost;
  private int noted;
  private Deadline nextNote = Deadline.in(NOTE_EVERY);

  private Claim(
      Namespaces namespaces,
      long xid,
      @Nullable LoadNote begun,
      @Nullable Reservation reservation) {
    this.namespaces = namespaces;
    this.xid = xid;
    this.begun = begun;
    this.reservation = reservation;
    noted = begun == null ? 0 : begun.finished().size();
  }

  /** Of what is not durable: it goes with the memory of those who have it. */
  static Claim unreserved(Namespaces namespaces, long xid) {
    return new Claim(namespaces, xid, null, null);
  }

  /**
   * Of what is durable.
   *
   * @param begun as it stands in the reservation
   */
  static Claim of(Namespaces namespaces, Reservation reservation, LoadNote begun) {
    return new Claim(namespaces, reservation.xid(), begun, reservation);
  }

  /** The id of the load. */
  long xid() {
    return xid;
  }

  /** The parts that an attempt before had finished. */
  Map<Integer, List<ExtentInfo>> finishedBefore() {
    return begun == null ? Map.of() : begun.finished();
  }

  /**
   * The reservation, if there is one.
   *
   * @throws DatasetsException.LoadAborted if others have taken it, or ended it
   */
  Optional<Reservation> reservation() {
    if (unsure) {
      look();
    }
    if (lost) {
      throw lost();
    }
    return Optional.ofNullable(reservation);
  }

  DatasetsException.LoadAborted lost() {
    lost = true;
    return new DatasetsException.LoadAborted(
        "others went on with the load, or gave it up, while this node was away: load="
            + Long.toHexString(xid));
  }

  /** Finds out what came of a change of which we were not told. */
  private void look() {
    Reservation found = namespaces.reservation(xid).orElse(null);
    Reservation before = reservation;
    unsure = false;
    if (found == null || before == null || found.holder() != before.holder()) {
      lost = true;
    } else {
      reservation = found;
    }
  }

  /**
   * Notes the parts that are finished, if there are some more of them: about a sixteenth of all at
   * once, and once in a second at most. If it cannot be noted now it is later, or never.
   *
   * @param finished how many
   * @param parts all that are, each with copies
   * @throws DatasetsException.LoadAborted if others have taken the load, or ended it
   */
  void note(int finished, Supplier<Map<Integer, List<ExtentInfo>>> parts) {
    LoadNote note = begun;
    if (note == null || !note.repeatable() || !nextNote.passed()) {
      return;
    }
    if (finished - noted < Math.max(1, note.parts() / NOTES)) {
      return;
    }
    nextNote = Deadline.in(NOTE_EVERY);
    try {
      Reservation held = reservation().orElse(null);
      byte[] bytes = note.with(parts.get()).toBytes().orElse(null);
      if (held != null && bytes != null) {
        reservation = noted(held, bytes);
        noted = finished;
      }
    } catch (NsException.StaleHandle e) {
      throw lost();
    } catch (NsException e) {
      LOG.debug("finished parts not noted: load={}", Long.toHexString(xid), e);
    }
  }

  private Reservation noted(Reservation held, byte[] bytes) {
    unsure = true;
    try {
      Reservation now = namespaces.note(held, bytes);
      unsure = false;
      return now;
    } catch (NsException.Indeterminate e) {
      throw e;
    } catch (NsException e) {
      unsure = false;
      throw e;
    }
  }

  /** It was published, and the reservation ended with that. */
  void published() {
    reservation = null;
  }

  /**
   * Gives the load up. Does nothing if it was published or given up before.
   *
   * @return whether nobody will publish it, so that what was made may go. If not, somebody else
   *     goes on with it, or it is not known; then it is given up when nobody goes on with it
   */
  boolean end() {
    Reservation held = reservation;
    if (lost || held == null) {
      return !lost;
    }
    try {
      Reservation now = reservation().orElse(held);
      namespaces.end(now);
      reservation = null;
      return true;
    } catch (NsException.StaleHandle | DatasetsException.LoadAborted e) {
      lost = true;
    } catch (NsException | IllegalStateException e) {
      LOG.info("load is given up later: load={}", Long.toHexString(xid), e);
      unsure = true;
    }
    return false;
  }
}

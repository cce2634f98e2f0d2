package io.quire.datasets;

import io.quire.base.Member;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsException;
import io.quire.ns.Reservation;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loads of the cluster that make something durable, as they stand in the log: begun, gone on
 * with where they broke off, and given up when nobody does that. A load has broken off when its
 * coordinator is not in the view, or says that it does not load it. Any thread that may wait.
 */
final class Claims {
  private static final Logger LOG = LoggerFactory.getLogger(Claims.class);
  private static final int ATTEMPTS_MAX = 3;

  private final Members members;
  private final Namespaces namespaces;
  private final Set<Long> loading;
  private final DatasetsConfig config;
  private final OrphanConfig orphans;

  /** Since when a load has been seen broken off, by its reservation. */
  private final Map<Broken, Long> brokenSince = new ConcurrentHashMap<>();

  private record Broken(long xid, long version) {}

  /**
   * @param namespaces those of the node
   * @param loading the loads that this node coordinates
   */
  Claims(
      Members members,
      Namespaces namespaces,
      Set<Long> loading,
      DatasetsConfig config,
      OrphanConfig orphans) {
    this.members = members;
    this.namespaces = namespaces;
    this.loading = loading;
    this.config = config;
    this.orphans = orphans;
  }

  /**
   * Begins a load under an id of its own, or goes on with the same one where it broke off. What
   * broke off under the same name and is another one is given up.
   *
   * @param wanted what is asked for; nothing of it is finished
   * @return with the id among the loads of this node, where the caller leaves it until its load
   *     ends
   */
  Claim open(Publication.Target target, LoadNote wanted) {
    if (target.lifetime() == Lifetime.SESSION) {
      long xid = namespaces.reserveXid();
      loading.add(xid);
      return Claim.unreserved(namespaces, xid);
    }
    boolean creates = target instanceof Publication.NewObject;
    for (Reservation found : namespaces.reservations()) {
      LoadNote note = LoadNote.read(found.note()).orElse(null);
      if (note != null && (same(note, wanted) || (creates && sameName(note, found, wanted)))) {
        Claim taken = takenOver(found, note, same(note, wanted));
        if (taken != null) {
          return taken;
        }
      }
    }
    return begun(creates, wanted);
  }

  private static boolean same(LoadNote note, LoadNote wanted) {
    return note.repeatable() && Arrays.equals(note.request(), wanted.request());
  }

  private static boolean sameName(LoadNote note, Reservation found, LoadNote wanted) {
    return note.object() == found.xid()
        && note.namespace() == wanted.namespace()
        && note.name().equals(wanted.name());
  }

  /** Null if it has not broken off, others were faster, or it is only to be given up. */
  private @Nullable Claim takenOver(Reservation found, LoadNote note, boolean goOn) {
    if (!brokeOff(found) || !loading.add(found.xid())) {
      return null;
    }
    Claim taken = null;
    try {
      if (goOn) {
        taken = Claim.of(namespaces, namespaces.note(found, found.note()), note);
        LOG.info(
            "going on with a load that broke off: load={} name={} parts={} finished={}",
            found.xidText(),
            note.name(),
            note.parts(),
            note.finished().size());
      } else {
        giveUp(found);
      }
      return taken;
    } catch (NsException.StaleHandle e) {
      LOG.debug("others were faster: load={}", found.xidText(), e);
      return null;
    } catch (NsException.Indeterminate e) {
      throw new DatasetsException.LoadAborted("load cannot go on: " + e.getMessage());
    } finally {
      if (taken == null) {
        loading.remove(found.xid());
      }
    }
  }

  private Claim begun(boolean creates, LoadNote wanted) {
    for (int attempt = 1; ; attempt++) {
      long xid = namespaces.reserveXid();
      LoadNote note =
          new LoadNote(
              creates ? xid : wanted.object(),
              wanted.namespace(),
              wanted.name(),
              wanted.request(),
              wanted.parts(),
              Map.of());
      loading.add(xid);
      boolean reserved = false;
      try {
        byte[] bytes = note.toBytes().orElseThrow();
        Claim begun = Claim.of(namespaces, namespaces.reserve(xid, bytes), note);
        reserved = true;
        return begun;
      } catch (NsException.Indeterminate e) {
        // It may stand there, and nobody works under it: then it is found broken off.
        if (attempt == ATTEMPTS_MAX) {
          throw new DatasetsException.LoadAborted("load cannot begin: " + e.getMessage());
        }
      } finally {
        if (!reserved) {
          loading.remove(xid);
        }
      }
    }
  }

  /** Whether nobody works on it, as far as can be told. */
  boolean brokeOff(Reservation found) {
    try {
      return !isActive(found.xid(), found.holder());
    } catch (RuntimeException e) {
      LOG.debug("cannot tell whether a load goes on: load={}", found.xidText(), e);
      return false;
    }
  }

  /**
   * Whether a coordinator is in the view and says that it works on a load.
   *
   * @throws RuntimeException if that cannot be told
   */
  boolean isActive(long xid, long coordinator) {
    Member member = members.view().member(coordinator);
    if (member == null) {
      return false;
    }
    Call question = new Call.Active(xid);
    try {
      Deadline deadline = Deadline.in(config.callDeadline().plusSeconds(1));
      Await.value("asking", members.call(member, question, config.callDeadline()), deadline);
      return true;
    } catch (Refusal e) {
      return e.reason() != Refusal.Reason.GONE && e.reason() != Refusal.Reason.NOT_ME;
    }
  }

  /**
   * Gives up loads that broke off, if nobody has gone on with them for long enough. The first
   * member of the view does it for all.
   */
  void expire() {
    if (!leads()) {
      brokenSince.clear();
      return;
    }
    Map<Broken, Reservation> broken = new HashMap<>();
    for (Reservation found : namespaces.reservations()) {
      if (brokeOff(found)) {
        broken.put(new Broken(found.xid(), found.version()), found);
      }
    }
    brokenSince.keySet().retainAll(broken.keySet());
    broken.forEach(
        (key, found) -> {
          long since = brokenSince.computeIfAbsent(key, _ -> System.nanoTime());
          if (System.nanoTime() - since > keepNanos(found)) {
            giveUp(found);
          }
        });
  }

  /** Whether this node does for the cluster what one has to do. */
  boolean leads() {
    List<Member> all = members.view().members();
    return !all.isEmpty() && members.isSelf(all.getFirst());
  }

  private long keepNanos(Reservation found) {
    boolean worth =
        LoadNote.read(found.note())
            .filter(note -> note.repeatable() && !note.finished().isEmpty())
            .isPresent();
    return (worth ? orphans.keepLoads() : config.orphanGrace()).toNanos();
  }

  /**
   * Gives up all loads that have broken off, at once.
   *
   * @return how many
   */
  int giveUpBroken() {
    int count = 0;
    for (Reservation found : namespaces.reservations()) {
      if (brokeOff(found) && giveUp(found)) {
        count++;
      }
    }
    return count;
  }

  /** How many loads stand in the log whose coordinators are gone. */
  int broken() {
    return (int) namespaces.reservations().stream().filter(this::brokeOff).count();
  }

  private boolean giveUp(Reservation found) {
    try {
      namespaces.end(found);
      LOG.info("gave up a load that broke off: load={}", found.xidText());
      return true;
    } catch (NsException e) {
      LOG.debug("load not given up: load={}", found.xidText(), e);
      return false;
    }
  }
}

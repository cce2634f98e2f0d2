package io.quire.ager;

import io.quire.ager.Frame.Phase;
import io.quire.ager.Frame.Stored;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Says which spilled copies should lie in another store. Guarded by the lock of {@link Memory}.
 *
 * <p><b>Down.</b> A store that takes places again at once, and has less than a sixteenth of its
 * room left, gives its coldest copies to the next store that takes them, until it has an eighth
 * left. So what is new goes to the fast store also when that has been full. What a declared scan
 * will want stays: when everything is read in turn, no place for it is better than another.
 *
 * <p><b>Files.</b> A store that gets room back a file at a time gives the one of which least is
 * needed to the next store, if it is as full as that; and writes anew what is needed of a file if
 * that is less than half, so it never takes much more than twice what is needed.
 *
 * <p><b>Up.</b> What was read from a slow store, and had been used before, goes to a faster one
 * while that has more than an eighth left; and beyond that, if its use before the last is more
 * recent than the last use of what is coldest there. Then the two change places, and it pays: one
 * was used twice since the other was used once. A loop over everything fails that test, so it moves
 * nothing to and fro.
 *
 * <p>What is coldest is judged by a sample, so that neither costs more with more extents.
 *
 * <p>Moving has a share: for each byte that is read or written for pins and page-outs a quarter of
 * a byte may be read or written for moves.
 */
final class Tiers {
  /** One byte moved for so many others. */
  static final int SHARE = 4;

  /** What may be saved up. A move may overdraw by its own size. */
  static final long BURST_BYTES = 64 << 20;

  private static final long BATCH_BYTES = 4 << 20;
  private static final int LOOKS = 512;

  /** How many are looked at for what lies in one file. */
  private static final int LOOKS_FOR_FILE = 8192;

  private static final int CANDIDATES_MAX = 256;
  private static final int CANDIDATES_AT_ONCE = 16;

  /** A last use of this has never been. */
  private static final int NEVER = 0;

  /**
   * Copies that should lie in another store. Those that are in memory are pinned, and marked as
   * being written.
   *
   * @param down whether to a slower store, because there is little room in theirs
   * @param absent have to be read first
   */
  record Move(int to, boolean down, List<Extent> resident, List<Extent> absent) {}

  /** One of a sample, as it was used when it was looked at. */
  private record Cold(Extent extent, int lastUse) {}

  /** One that was read again, and when it was used before that. */
  private record Candidate(Extent extent, int usedBefore) {}

  /** A file that is to be given back, and how many were looked at since one was found there. */
  private static final class Emptying {
    final int from;
    final int to;
    final long file;
    int looked;
    boolean found;

    Emptying(int from, int to, long file) {
      this.from = from;
      this.to = to;
      this.file = file;
    }
  }

  private final Table table;
  private final Victims victims;
  private final List<Store> stores;
  private final boolean[] draining;
  private final ArrayDeque<Candidate> candidates = new ArrayDeque<>();
  private long creditBytes;
  private int hand;
  private int handForFile;
  private @Nullable Emptying emptying;
  private boolean filesFirst;

  Tiers(Table table, Victims victims, List<Store> stores) {
    this.table = table;
    this.victims = victims;
    this.stores = stores;
    draining = new boolean[stores.size()];
  }

  /** So many bytes were read or written for others. */
  void worked(long bytes) {
    creditBytes = Math.min(BURST_BYTES, creditBytes + bytes / SHARE);
  }

  /** It was read because somebody wanted it, and had been used then. */
  void pagedIn(Extent extent, int usedBefore) {
    if (usedBefore == NEVER || storeOf(extent) == 0) {
      return;
    }
    if (candidates.size() >= CANDIDATES_MAX) {
      candidates.remove();
    }
    candidates.add(new Candidate(extent, usedBefore));
  }

  private int storeOf(Extent extent) {
    Stored durable = extent.durable();
    return extent.place != Place.NOWHERE || durable == null
        ? extent.placeStore
        : stores.indexOf(durable.store());
  }

  /** What is to be moved next; null if nothing is, or if moving has had its share. */
  @Nullable Move next() {
    if (creditBytes <= 0) {
      return null;
    }
    filesFirst = !filesFirst;
    Move move = filesFirst ? empty() : null;
    if (move == null) {
      move = up();
    }
    if (move == null) {
      move = down();
    }
    if (move == null && !filesFirst) {
      move = empty();
    }
    if (move != null) {
      charge(move.resident, 2);
      charge(move.absent, 3);
    }
    return move;
  }

  /** What is moved is written and verified, and before that it may have to be read. */
  private void charge(List<Extent> extents, int times) {
    for (Extent extent : extents) {
      creditBytes -= times * extent.bytes();
    }
  }

  // ---- up

  private @Nullable Move up() {
    List<Extent> taken = new ArrayList<>();
    long bytes = 0;
    int to = -1;
    for (int i = 0; i < CANDIDATES_AT_ONCE && bytes < BATCH_BYTES; i++) {
      Candidate candidate = candidates.peek();
      if (candidate == null) {
        break;
      }
      int better = movable(candidate.extent) ? betterStore(candidate) : -1;
      if (better >= 0 && to >= 0 && better != to) {
        break;
      }
      candidates.remove();
      if (better >= 0 && take(candidate.extent)) {
        to = better;
        taken.add(candidate.extent);
        bytes += candidate.extent.footprint();
      }
    }
    return taken.isEmpty() ? null : new Move(to, false, taken, List.of());
  }

  private static boolean movable(Extent extent) {
    return extent.slot != Frame.NO_SLOT
        && !extent.dropped()
        && !extent.writing()
        && extent.clean()
        && extent.phase() == Phase.RESIDENT;
  }

  private static boolean take(Extent extent) {
    if (extent.tryPinUnseen()) {
      extent.writing(true);
      return true;
    }
    return false;
  }

  /** A faster store that takes it, where it pays; or -1. */
  private int betterStore(Candidate candidate) {
    Extent extent = candidate.extent;
    long bytes = extent.footprint() + StoreHeader.BYTES;
    int from = storeOf(extent);
    for (int to = 0; to < from; to++) {
      Store store = stores.get(to);
      if (!store.takes(bytes)) {
        continue;
      }
      if (store.freeBytes() - bytes > store.roomBytes() / 8) {
        return to;
      }
      List<Extent> sample = sample(to, 1);
      if (!sample.isEmpty() && candidate.usedBefore - sample.getFirst().lastUse() > 0) {
        return to;
      }
    }
    return -1;
  }

  // ---- down

  private @Nullable Move down() {
    for (int from = 0; from < stores.size() - 1; from++) {
      Store store = stores.get(from);
      if (store.freesAtOnce() && isTight(from)) {
        Move move = down(from);
        if (move != null) {
          return move;
        }
      }
    }
    return null;
  }

  private boolean isTight(int number) {
    Store store = stores.get(number);
    long wanted = store.roomBytes() / (draining[number] ? 8 : 16);
    draining[number] = store.freeBytes() < wanted;
    return draining[number];
  }

  /** What has to go until there is room enough. */
  private long missing(int number) {
    Store store = stores.get(number);
    return store.roomBytes() / 8 - store.freeBytes();
  }

  private @Nullable Move down(int from) {
    List<Extent> coldest = sample(from, Math.min(BATCH_BYTES, missing(from)));
    if (coldest.isEmpty()) {
      return null;
    }
    long bytes = 0;
    for (Extent extent : coldest) {
      bytes += extent.footprint() + StoreHeader.BYTES;
    }
    for (int to = from + 1; to < stores.size(); to++) {
      if (stores.get(to).takes(bytes)) {
        List<Extent> resident = new ArrayList<>();
        List<Extent> absent = new ArrayList<>();
        for (Extent extent : coldest) {
          if (extent.phase() == Phase.ABSENT) {
            absent.add(extent);
          } else if (take(extent)) {
            resident.add(extent);
          }
        }
        return new Move(to, true, resident, absent);
      }
    }
    return null;
  }

  // ---- files

  private @Nullable Move empty() {
    Emptying now = emptying == null ? nextToEmpty() : emptying;
    emptying = now;
    if (now == null) {
      return null;
    }
    List<Extent> resident = new ArrayList<>();
    List<Extent> absent = new ArrayList<>();
    long bytes = 0;
    int looks = Math.min(LOOKS_FOR_FILE, table.top());
    for (int i = 0; i < looks && bytes < BATCH_BYTES; i++) {
      handForFile = handForFile + 1 < table.top() ? handForFile + 1 : 0;
      now.looked++;
      Extent extent = table.find(handForFile);
      if (extent == null
          || !isThere(extent, now.from)
          || !stores.get(now.from).isIn(extent.place, now.file)) {
        continue;
      }
      if (extent.phase() == Phase.ABSENT) {
        absent.add(extent);
      } else if (take(extent)) {
        resident.add(extent);
      } else {
        continue;
      }
      bytes += extent.footprint() + StoreHeader.BYTES;
    }
    if (bytes > 0) {
      now.looked = 0;
      now.found = true;
      return new Move(now.to, true, resident, absent);
    }
    if (now.looked > table.top()) {
      emptying = null;
      if (!now.found) {
        // What is left of it cannot be moved now. To look for it again has to be earned.
        creditBytes -= BATCH_BYTES;
      }
    }
    return null;
  }

  private @Nullable Emptying nextToEmpty() {
    for (int from = 0; from < stores.size(); from++) {
      Store store = stores.get(from);
      if (store.freesAtOnce()) {
        continue;
      }
      int next = from + 1 < stores.size() && isTight(from) ? nextThatTakes(from) : -1;
      OptionalLong file = store.toEmpty(next < 0);
      if (file.isPresent()) {
        return new Emptying(from, next < 0 ? from : next, file.getAsLong());
      }
    }
    return null;
  }

  private int nextThatTakes(int from) {
    for (int to = from + 1; to < stores.size(); to++) {
      if (stores.get(to).takes(BATCH_BYTES)) {
        return to;
      }
    }
    return -1;
  }

  /** The coldest copies in a store of those that are looked at now, about so many bytes. */
  private List<Extent> sample(int store, long wantedBytes) {
    List<Cold> found = new ArrayList<>();
    int looks = Math.min(LOOKS, table.top());
    for (int i = 0; i < looks; i++) {
      hand = hand + 1 < table.top() ? hand + 1 : 0;
      Extent extent = table.find(hand);
      if (extent != null && isThere(extent, store) && !victims.isWanted(extent)) {
        found.add(new Cold(extent, extent.lastUse()));
      }
    }
    found.sort(Comparator.comparing(Cold::lastUse, Integer::compareUnsigned));
    List<Extent> coldest = new ArrayList<>();
    long bytes = 0;
    for (Cold cold : found) {
      if (bytes >= wantedBytes) {
        break;
      }
      bytes += cold.extent.footprint();
      coldest.add(cold.extent);
    }
    return coldest;
  }

  private static boolean isThere(Extent extent, int store) {
    boolean still = extent.phase() == Phase.ABSENT || extent.idle();
    return still
        && extent.place != Place.NOWHERE
        && extent.placeStore == store
        && !extent.suspect()
        && !extent.writing()
        && !extent.dropped();
  }
}

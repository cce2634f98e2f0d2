package io.quire.ager;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * Who goes first among extents of which nobody has said when they will be needed. Four policies are
 * simulated over all extents, each as if it had the whole budget; the memory follows the one that
 * would have missed least.
 *
 * <p>The owner tells each use, and what is in memory. 53 bytes for each slot, all told. Each call
 * takes constant time, but for arrays that grow and for victims that are refused. Not thread-safe;
 * sees no clock: time is what is used.
 */
final class Experts {
  /*
   * No single policy is safe: on a loop over more than memory LRU hits nothing, on a walk back and
   * forth LIRS hits nothing, and MRU nothing on most else. But each is good where the others are bad.
   *
   * Following. Room is made by an extent that the leader's ghost does not hold; there is one whenever
   * the memory is full and the leader holds the extent that comes in. So each miss of ours that is a
   * hit of the leader's brings the memory closer to its ghost, and as long as it leads
   *
   *     our misses <= its misses + what it held and we did not when it took over,
   *
   * all in pages. The last is a budget at most (A. Fiat and others, "Competitive paging algorithms",
   * Journal of Algorithms 1991, for the combination of policies; R. Gramacy and others, "Adaptive
   * caching by refetching", NIPS 2002, for doing it by whatever is read anyway). A new leader evicts
   * nothing and reads nothing. What it does not hold goes when room is needed, those first whom the
   * others would not hold either, and the least recently used of these.
   *
   * For that, each extent in memory is in the list of those whom the same ghosts hold. A change of
   * the leader is a change of the order in which the 16 lists are asked, and moves nothing.
   *
   * Choosing. This is a metrical task system: a state for each policy, a budget the price of a change
   * (A. Borodin, N. Linial, M. Saks, Journal of the ACM 1992). Of each is known by how many pages it
   * lies behind the best. Nobody lies further behind than FORGIVEN budgets: whoever was bad long ago
   * is soon as good as any. The leader goes when it lies behind by more than a margin. Small margins
   * learn fast, and would let two policies that lead in turn empty the memory again and again; so the
   * margin begins at a hundredth of the budget, doubles with each change up to a budget, and is
   * halved when as much as CALM budgets was used without one. So changes cost a budget each, and all
   * but a few are paid for by a budget that the old leader has missed more than the new one.
   *
   * Beginning. While nothing was used twice nobody is better. MRU leads first, and those for whom
   * recency counts have a handicap: what came first stays, which is right for loops and costs next to
   * nothing on a walk back and forth, where LRU would run ahead by a budget at each turn and MRU make
   * good for it before the next. LIRS has none. It takes over as soon as something is used often.
   *
   * All weights were chosen on the traces that ship with Caffeine's simulator 3.2.4.
   */
  private static final int LRU = 0;
  private static final int LIRS = 1;
  private static final int TINY_LFU = 2;
  private static final int MRU = 3;
  private static final int COUNT = 4;

  static final int NONE = SlotLists.NONE;

  /** So many lists of slots, from 0 on: one for each set of ghosts. */
  static final int LISTS = 1 << COUNT;

  private static final int[] ALONE = {0};

  /** In {@code holders}, besides the bits of the ghosts. */
  private static final int RESIDENT = LISTS;

  /** In tenths of the budget. */
  private static final long HANDICAP = 13;

  private static final int FORGIVEN = 6;
  private static final int MARGIN_SHARE = 100;
  private static final int CALM = 50;

  private final GhostSpace space;
  private final Ghost[] ghosts;
  private final ClientLists residents;

  /** By slot: one bit for each ghost that holds it, and whether it is in one of our lists. */
  private byte[] holders = {};

  private final long[] behind = new long[COUNT];
  private final long[] missedPages = new long[COUNT];
  private final int[] ranking = {LRU, TINY_LFU, LIRS, MRU};
  private int leader = MRU;
  private long margin;
  private long calmPages;
  private long usedPages;
  private long switches;

  /**
   * @param budgetPages what extents may take in memory
   */
  Experts(int budgetPages) {
    this(budgetPages, new ClientLists(1, LISTS, _ -> 0, _ -> 0));
  }

  /**
   * As {@link #Experts(int)}.
   *
   * @param lists of which the first {@link #LISTS} kinds are for those in memory; others may keep
   *     there, in more of them, what they have not told to be so
   */
  Experts(int budgetPages, ClientLists lists) {
    residents = lists;
    space = new GhostSpace(budgetPages);
    ghosts =
        new Ghost[] {
          new Lru(space, slot -> held(slot, LRU, false)),
          new Lirs(space, slot -> held(slot, LIRS, false)),
          new TinyLfu(space, slot -> held(slot, TINY_LFU, false)),
          new Mru(space, slot -> held(slot, MRU, false))
        };
    margin = marginMin();
    behind[LRU] = HANDICAP * budgetPages / 10;
    behind[TINY_LFU] = HANDICAP * budgetPages / 10;
  }

  /** More or less memory from now on. What the ghosts hold follows within the next uses. */
  void budget(int budgetPages) {
    space.budget(budgetPages);
  }

  /**
   * An extent is used, be it in memory or not.
   *
   * @param pages its size, one at least; the same until it is removed
   */
  void access(int slot, int pages) {
    learn(slot, pages);
    usedPages += pages;
    for (int each = 0; each < COUNT; each++) {
      boolean hit = ghosts[each].holds(slot);
      ghosts[each].access(slot);
      if (!hit) {
        missedPages[each] += pages;
        behind[each] += pages;
        held(slot, each, ghosts[each].holds(slot));
      }
    }
    if (isResident(slot)) {
      residents.moveLast(kind(slot), kind(slot), slot);
    }
    choose(pages);
  }

  private void learn(int slot, int pages) {
    if (slot >= holders.length) {
      holders = SlotArrays.grown(holders, slot + 1);
    }
    if (pages < 1 || (holders[slot] != 0 && pages != space.pages(slot))) {
      throw new IllegalArgumentException(
          "size is not that of the extent: slot=%d found=%d wanted=%d"
              .formatted(slot, pages, space.pages(slot)));
    }
    space.pages(slot, pages);
  }

  private void held(int slot, int ghost, boolean now) {
    int before = holders[slot];
    int after = now ? before | 1 << ghost : before & ~(1 << ghost);
    if (after != before) {
      holders[slot] = (byte) after;
      if (isResident(slot)) {
        residents.moveLast(before & ~RESIDENT, kind(slot), slot);
      }
    }
  }

  /** Whether it was said to be in memory. */
  boolean isResident(int slot) {
    return slot < holders.length && (holders[slot] & RESIDENT) != 0;
  }

  /** Which ghosts hold it. */
  private int kind(int slot) {
    return holders[slot] & ~RESIDENT;
  }

  /** Whether it was used since it was made. */
  boolean knows(int slot) {
    return space.knows(slot);
  }

  private void choose(int pages) {
    calmPages += pages;
    if (calmPages > (long) CALM * space.budget()) {
      calmPages = 0;
      margin = Math.max(marginMin(), margin / 2);
    }
    int best = leader;
    for (int each = 0; each < COUNT; each++) {
      best = behind[each] < behind[best] ? each : best;
    }
    long least = behind[best];
    for (int each = 0; each < COUNT; each++) {
      behind[each] = Math.min(behind[each] - least, (long) FORGIVEN * space.budget());
    }
    if (behind[leader] > margin) {
      leader = best;
      switches++;
      calmPages = 0;
      margin = Math.min(space.budget(), 2 * margin);
    }
  }

  private long marginMin() {
    return Math.max(1, space.budget() / MARGIN_SHARE);
  }

  /** This extent is in memory from now on. It was used before. */
  void resident(int slot) {
    if (!isResident(slot)) {
      residents.addLast(kind(slot), slot);
      holders[slot] |= RESIDENT;
    }
  }

  /** This extent is not in memory any more. */
  void absent(int slot) {
    if (isResident(slot)) {
      residents.remove(kind(slot), slot);
      holders[slot] &= ~RESIDENT;
    }
  }

  /** The slot is of no extent any more, and may be used for another. */
  void remove(int slot) {
    if (slot < holders.length) {
      absent(slot);
      for (Ghost ghost : ghosts) {
        ghost.remove(slot);
      }
      holders[slot] = 0;
      space.forget(slot);
    }
  }

  /**
   * Who goes next of what is in memory; {@link #NONE} if all are refused. It stays resident until
   * the owner says otherwise. Whoever is refused is asked again after all others of its kind.
   */
  int victim(IntPredicate evictable) {
    return victim(ALONE, evictable);
  }

  /** As {@link #victim(IntPredicate)}, of these clients only. */
  int victim(int[] clients, IntPredicate evictable) {
    rank();
    for (int wish = 0; wish < 1 << COUNT; wish++) {
      int kind = 0;
      for (int i = 0; i < COUNT; i++) {
        kind |= (wish >> i & 1) << ranking[i];
      }
      int slot = residents.first(kind, clients, evictable);
      if (slot != NONE) {
        return slot;
      }
    }
    return NONE;
  }

  /** The leader's word counts most, so it comes last; then whoever lies least behind. */
  private void rank() {
    for (int i = 1; i < COUNT; i++) {
      int each = ranking[i];
      int at = i;
      for (; at > 0 && before(each, ranking[at - 1]); at--) {
        ranking[at] = ranking[at - 1];
      }
      ranking[at] = each;
    }
  }

  private boolean before(int one, int other) {
    return other == leader || (one != leader && behind[one] > behind[other]);
  }

  /**
   * What has happened so far.
   *
   * @param leader the policy that is followed
   * @param switches how often another one took over
   * @param usedPages of all uses
   * @param missedPages what each policy would have read
   */
  record Figures(String leader, long switches, long usedPages, Map<String, Long> missedPages) {}

  Figures figures() {
    Map<String, Long> missed = new LinkedHashMap<>();
    for (int each = 0; each < COUNT; each++) {
      missed.put(ghosts[each].name(), missedPages[each]);
    }
    return new Figures(ghosts[leader].name(), switches, usedPages, missed);
  }

  /** Whether the policy that is followed would have it in memory. */
  boolean leaderHolds(int slot) {
    return ghosts[leader].holds(slot);
  }

  /** What the policy that is followed would have missed so far. */
  long leaderMissedPages() {
    return missedPages[leader];
  }
}

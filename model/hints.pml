/*
 * Outcome hints: what is shown ahead of the log cannot reorder what a reader sees. docs/hints.md has the
 * proof; this is the same in a form that a machine searches.
 *
 * The log is given: put, delete, put if absent, put, of one key. All four were promised by this node, which is
 * behind. Their hints arrive in any order, at any time, again and again, or never; the node applies in between;
 * once it is given a snapshot. The cell is that of libgvm's `Cell`: an applied value, and beside it what was
 * shown and the position of that.
 *
 * Checked
 *   a reader that takes unmarked records never goes back: what it sees stands in the log where it says, and
 *   nothing it saw before is newer;
 *   the mark of a transaction leaves only when its effect, or a newer one, can be seen;
 *   what is applied is a function of the log alone, whatever was shown.
 */

#define BIT(x) (1 << (x))
#define HAS(set, x) (((set) & (x)) != 0)
#define LAST 4

/* Position p of the log: what it makes of the cell. 3 is "put if absent", and it is absent. */
#define AFTER(p) ((p) == 2 -> 0 : (p))

byte value, shown, shownAt;
byte marks, promised;   /* transactions by their positions, 1 to 4 */
byte applied;
bit asked[5];
bit snapshots = 1;

#define VISIBLE (shownAt > value -> shown : value)

/* What position the visible record speaks of. A cell that is absent has no version of its own: it is as new as
   the log is applied. */
#define NEWEST (shownAt > applied -> shownAt : applied)

inline settle(p) { marks = marks & ~BIT(p); promised = promised & ~BIT(p) }

inline write(v, p) {
  value = v;
  if :: shownAt <= p -> shownAt = 0; shown = 0 :: else fi
}

#ifdef BUG_HINT_AFTER_APPLY
#define COUNTS(p) true
#else
#define COUNTS(p) (HAS(promised, BIT(p)) && p > applied)
#endif
#ifdef BUG_OLDER_HINT_SHOWN
#define NEWER(p) true
#else
#define NEWER(p) (p > value && p > shownAt)
#endif
#ifdef BUG_CONDITION_ON_HINT
#define ABSENT (VISIBLE == 0)
#else
#define ABSENT (value == 0)
#endif

inline hint(p) {
  if
  :: COUNTS(p) && (HAS(marks, BIT(p)) || NEWER(p)) ->
       marks = marks & ~BIT(p);
#ifdef BUG_HINT_OVER_VALUE
       value = AFTER(p)
#else
       if :: NEWER(p) -> shown = AFTER(p); shownAt = p :: else fi
#endif
  :: else
  fi
}

/* A snapshot of position p: what was shown beyond it stays. */
inline install(p) {
  snapshots--;
  applied = p;
#ifdef BUG_SNAPSHOT_DROPS_SHOWN
  shown = 0; shownAt = 0;
#endif
  write(AFTER(p), p);
  settle(1); settle(2); settle(3);
  if :: p == LAST -> settle(4) :: else fi
}

/* A mark leaves when its effect, or that of a newer entry, can be seen. */
#define SEEN(p) (!asked[p] || HAS(marks, BIT(p)) || NEWEST >= p)

active proctype Loop() {
  /* prepares come one by one, in any order, each before its entry is applied here; those that never come were
     asked of a member that has left */
end:
  do
  :: d_step { applied < LAST ->
         applied++;
         if
         :: applied == 3 && !ABSENT -> skip
         :: else -> write(AFTER(applied), applied)
         fi;
         settle(applied);
         /* agreement: this is what the log says, here as on every node */
         assert(value == AFTER(applied)) }
  :: d_step { !asked[1] && applied < 1 -> asked[1] = 1; marks = marks | 2; promised = promised | 2 }
  :: d_step { !asked[2] && applied < 2 -> asked[2] = 1; marks = marks | 4; promised = promised | 4 }
  :: d_step { !asked[3] && applied < 3 -> asked[3] = 1; marks = marks | 8; promised = promised | 8 }
  :: d_step { !asked[4] && applied < 4 -> asked[4] = 1; marks = marks | 16; promised = promised | 16 }
  :: d_step { assert(SEEN(1) && SEEN(2) && SEEN(3) && SEEN(4)); hint(1) }
  :: d_step { hint(2) }
  :: d_step { hint(3) }
  :: d_step { hint(4) }
  :: d_step { applied < LAST && snapshots > 0 -> install(LAST) }
  :: d_step { applied < LAST - 1 && snapshots > 0 -> install(LAST - 1) }
  od
}

/* Reads again and again; a record with marks is waited for, so only one without is answered. `floor` is the
   newest position seen, as far as answers tell: a value is the position of its put, absence is the beginning
   or the delete at 2. */
active proctype Reader() {
  byte floor;
end:
  do
  :: d_step { marks == 0 && VISIBLE != 0 && VISIBLE != floor -> assert(VISIBLE >= floor); floor = VISIBLE }
  :: d_step { marks == 0 && VISIBLE == 0 && floor != 0 && floor != 2 -> assert(2 >= floor); floor = 2 }
  od
}

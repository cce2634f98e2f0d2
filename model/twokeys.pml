/*
 * Two keys in one transaction: nobody sees half of it.
 *
 * Both transactions here write x and y. A member marks both keys before it votes, but one after the other, and
 * it commits them one after the other: each key is one record that is replaced as a whole (rules 4, 31), and a
 * thread that reads may run between any two replacements. What keeps the halves together are the marks: whoever
 * reads y after it saw the new x finds either the new y or a mark on y.
 *
 * Node 0 coordinates and applies; node 1 is the one that is read, by
 *   - a thread that reads x and then y, each as a read of its own, and one that reads y and then x:
 *     the second answer is not older than the first, nor than anything known before it began;
 *   - the node's own loop, which answers both keys as of one moment (Cells.onLoop): both of one transaction.
 *
 * Crashes and changes of the view are those of protocol.pml. Here appends are lost, aborts are lost, hints and
 * snapshots come at any time.
 */

#ifndef TXNS
#define TXNS 2
#endif
#ifndef HINTS
#define HINTS 1
#endif
#ifndef SNAPSHOTS
#define SNAPSHOTS 1
#endif
#define X 0
#define Y 1
#define BIT(t) (1 << (t))
#define HAS(set, x) (((set) & (x)) != 0)
#define LOG (2 * TXNS + 1)

#define TXN 0
#define RESOLVE 4
byte entry[LOG];
byte last;

/* ---- node 0, the first to apply ---- */
byte effectAt[TXNS];    /* where each took effect, known once node 0 has applied it */
byte ahead, decidedThere, newestThere;

/* ---- node 1: two cells, and what it promised ---- */
byte value[2], shown[2], shownAt[2], marks[2];
byte applied, decided, promised;
byte lastCommitted;     /* position of the last transaction applied */

/* ---- transactions ---- */
mtype = { PREPARING, APPENDING, DONE };
mtype phase[TXNS] = PREPARING;
byte voted, sent = 3, inFlight, resolves, aborts, hints;

byte newest;            /* position of the newest write that was acknowledged or answered: ghost */

bit busy;               /* node 1's loop is in the middle of a task */
#define AT_REST (!busy)
#define VISIBLE(k) (shownAt[k] > value[k] -> shown[k] : value[k])

inline put(what) { assert(last < LOG); entry[last] = what; last++ }
inline raise(p) { if :: p > newest -> newest = p :: else fi }
inline unmark(k, set) { marks[k] = marks[k] & ~(set) }

/* Node 0 applies; outcomes are a function of the log, and node 1 must come to the same. */
proctype There() {
end:
  do
  :: d_step { ahead < last ->
         ahead++;
         if
         :: entry[ahead - 1] >= RESOLVE -> decidedThere = decidedThere | BIT(entry[ahead - 1] - RESOLVE)
         :: entry[ahead - 1] < RESOLVE && !HAS(decidedThere, BIT(entry[ahead - 1])) ->
              decidedThere = decidedThere | BIT(entry[ahead - 1]);
              effectAt[entry[ahead - 1]] = ahead;
              newestThere = ahead
         :: else
         fi }
  od
}

/* One key is written: value and version in one replacement, and the mark with them (rule 31). */
inline write(k, position, set) {
  value[k] = position;
  if :: shownAt[k] <= position -> shownAt[k] = 0; shown[k] = 0 :: else fi;
  unmark(k, set)
}

inline showAhead(k, position, set) {
  if :: position > value[k] && position > shownAt[k] -> shownAt[k] = position; shown[k] = position :: else fi;
  unmark(k, set)
}

/* The loop of node 1. Threads that read run between the steps of a task, other tasks do not. */
active proctype Here() {
  byte t, position, v;
rest:
  busy = 0;
end:
  do
  /* a prepare: both keys are marked, then it votes */
  :: d_step { HAS(sent, 1) -> t = 0; sent = sent & ~1 ; busy = 1 } -> goto prepare
#if TXNS > 1
  :: d_step { HAS(sent, 2) -> t = 1; sent = sent & ~2 ; busy = 1 } -> goto prepare
#endif
  :: d_step { HAS(aborts, promised) -> t = promised & aborts ; busy = 1 } -> goto drop
  :: d_step { HAS(promised & ~resolves, 1) -> resolves = resolves | 1; put(RESOLVE) }
#if TXNS > 1
  :: d_step { HAS(promised & ~resolves, 2) -> resolves = resolves | 2; put(RESOLVE + 1) }
#endif
  :: d_step { applied < last -> applied++; t = entry[applied - 1] ; busy = 1 } -> goto apply
#if HINTS
  :: d_step { HAS(hints & promised, 1) && effectAt[0] > applied && (HAS(marks[X] | marks[Y], 1)) -> t = 0 ; busy = 1 } -> goto hint
#if TXNS > 1
  :: d_step { HAS(hints & promised, 2) && effectAt[1] > applied && (HAS(marks[X] | marks[Y], 2)) -> t = 1 ; busy = 1 } -> goto hint
#endif
#endif
#if SNAPSHOTS
  :: d_step { applied < ahead -> position = ahead; v = newestThere; decided = decidedThere ; busy = 1 } -> goto install
#endif
  od;

prepare:
  if
  :: HAS(decided, BIT(t)) -> t = 0; goto rest
  :: else
  fi;
#ifdef BUG_VOTE_AFTER_FIRST_KEY
  d_step { marks[X] = marks[X] | BIT(t); promised = promised | BIT(t); voted = voted | BIT(t) };
  d_step { marks[Y] = marks[Y] | BIT(t); t = 0 };
#else
  marks[X] = marks[X] | BIT(t);
  d_step { marks[Y] = marks[Y] | BIT(t); promised = promised | BIT(t); voted = voted | BIT(t); t = 0 };
#endif
  goto rest;

drop:                   /* t is a set here: what is let go of */
  unmark(X, t);
  d_step { unmark(Y, t); promised = promised & ~t; t = 0 };
  goto rest;

apply:
  if
  :: d_step { t >= RESOLVE -> t = BIT(t - RESOLVE); decided = decided | t ; busy = 1 } -> goto drop
  :: d_step { t < RESOLVE && HAS(decided, BIT(t)) -> t = BIT(t) ; busy = 1 } -> goto drop
  :: d_step { t < RESOLVE && !HAS(decided, BIT(t)) ->
         decided = decided | BIT(t);
         lastCommitted = applied;
#ifdef BUG_UNMARK_FIRST
         unmark(X, BIT(t)); unmark(Y, BIT(t));
#endif
         write(X, applied, BIT(t)) }
  fi;
  d_step { write(Y, applied, BIT(t)); promised = promised & ~BIT(t); assert(effectAt[t] == 0 || effectAt[t] == applied); t = 0 };
  goto rest;

hint:
  skip;
#ifdef BUG_HINT_UNMARKS_FIRST
  d_step { unmark(X, BIT(t)); unmark(Y, BIT(t)) };
#endif
  d_step { showAhead(X, effectAt[t], BIT(t)) };
  d_step { showAhead(Y, effectAt[t], BIT(t)); t = 0 };
  goto rest;

install:                /* rule 34: decided, then the cells one by one, then the marks */
  skip;
#ifdef BUG_INSTALL_UNMARKS_FIRST
  d_step { unmark(X, decided); unmark(Y, decided) };
#endif
  d_step { write(X, v, 0) };
  d_step { write(Y, v, 0); applied = position; lastCommitted = position; t = decided; position = 0; v = 0 };
  goto drop
}

/* Node 0's coordinator: both transactions may be under way at once. */
proctype Coordinator(byte t) {
  do
  :: d_step { phase[t] == PREPARING && HAS(voted, BIT(t)) -> phase[t] = APPENDING; inFlight = inFlight | BIT(t) }
  :: d_step { phase[t] == PREPARING -> phase[t] = DONE; aborts = aborts | BIT(t) }
  :: d_step { HAS(inFlight, BIT(t)) -> put(t); inFlight = inFlight & ~BIT(t) }
  :: d_step { HAS(inFlight, BIT(t)) && t == 0 -> inFlight = inFlight & ~BIT(t) }
  :: d_step { phase[t] == APPENDING && effectAt[t] != 0 -> phase[t] = DONE; hints = hints | BIT(t); raise(effectAt[t]) }
  :: d_step { phase[t] == APPENDING && !HAS(resolves | inFlight, BIT(t)) && effectAt[t] == 0 -> resolves = resolves | BIT(t); put(RESOLVE + t) }
  :: d_step { phase[t] == APPENDING && HAS(decidedThere, BIT(t)) && effectAt[t] == 0 && !HAS(inFlight, BIT(t)) -> phase[t] = DONE }
  :: phase[t] == DONE -> break
  od
}

/* A thread of node 1 that reads one key and then the other, each linearizably (rules 44 to 47). */
proctype Reader(byte first) {
  byte k, floor, seen, v;
  k = first;
  do
  :: d_step { floor = newest; seen = marks[k]; v = VISIBLE(k) };
     if
     :: seen == 0
     :: d_step { seen != 0 && !HAS(marks[k], seen) -> v = VISIBLE(k); seen = 0 }
     fi;
     d_step { assert(v >= floor); raise(v); floor = 0; v = 0; seen = 0 };
     if
     :: k == first -> k = 1 - first
     :: k != first -> break
     fi
  od
}

/* Cells.onLoop: both keys as of one moment. It waits for the marks it saw, and until what was shown to others
   ahead of the log has been applied; then it answers from the applied cells, in one step of the loop. */
proctype LoopReader() {
  byte floor, seenX, seenY, aheadOf;
  d_step { floor = newest; seenX = marks[X]; seenY = marks[Y] };
  d_step { AT_REST && !HAS(marks[X], seenX) && !HAS(marks[Y], seenY) ->
      aheadOf = (shownAt[X] > shownAt[Y] -> shownAt[X] : shownAt[Y]);
      seenX = 0; seenY = 0 };
#ifdef BUG_LOOP_READS_SHOWN
  d_step { assert(VISIBLE(X) == VISIBLE(Y)) }
#elif defined(BUG_LOOP_READ_WAITS_FOR_NOTHING_SHOWN)
  d_step { AT_REST -> assert(value[X] == value[Y]); assert(value[X] >= floor) }
#else
  d_step { AT_REST && aheadOf <= lastCommitted -> assert(value[X] == value[Y]); assert(value[X] >= floor); raise(value[X]) }
#endif
}

init {
  atomic {
    run There();
    run Coordinator(0);
#if TXNS > 1
    run Coordinator(1);
#endif
    run Reader(X);
#ifndef ONE_READER
    run Reader(Y);
#endif
#if LOOP
    run LoopReader()
#endif
  }
}

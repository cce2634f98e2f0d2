/*
 * Prepare on every member, decide in the log, learn from the log.
 *
 * Three nodes hold a copy of one key. A change asks every member of the view to mark the key, and only
 * when all have done so does it go into the log. All nodes apply the log in the same order, each by
 * itself, and each works out on its own what came of an entry. A reader answers from its node's own
 * copy, without a message: a mark makes it wait, and a lease that ran out makes it refuse.
 *
 * What is checked
 *   agreement      nodes that applied the same entries are in the same state          `agreeAt`
 *   outcomes       what a caller was told is what happened, and happens once          `tookEffect`, `tell`
 *   fresh reads    an answer is not older than anything that was answered, or
 *                  acknowledged, before the read began; so nothing acknowledged
 *                  is lost                                                            `answer`
 *   nobody stuck   every execution ends with all readers and coordinators done        no invalid end state
 *
 * How to read it. One d_step is one task of a node's loop, which nothing interrupts; in a reader, which is
 * a thread of its own, it is one step of a read. Rules are those of docs/guarantees.md. The log is taken
 * for granted: one sequence that only grows. An entry on its way into it may come late, twice, or never.
 * Time is left out: that a lease ran out is an event, and leader.pml looks at the rest.
 *
 * The nodes have parts, to keep the number of states small. Node 0 may crash for good. Node 1 stays, and
 * leads. Node 2 is the one to whom things happen: its lease runs out, it is expired and joins again, it
 * crashes and comes back, it lags and is given a snapshot. Two of three are always there.
 *
 * The first transaction puts, the second deletes if there is something to delete, the third puts.
 * Macros say how many transactions and how much harm there is; `check` lists what is run.
 */

#ifndef TXNS
#define TXNS 1          /* transactions: 1 to 3 */
#endif
#ifndef OWNER0
#define OWNER0 0        /* which node coordinates the first, second, third */
#endif
#ifndef OWNER1
#define OWNER1 1
#endif
#ifndef OWNER2
#define OWNER2 0
#endif
#ifndef READS1
#define READS1 1        /* reads by a thread of node 1, and of node 2 */
#endif
#ifndef READS2
#define READS2 1
#endif
#ifndef CRASHES
#define CRASHES 0       /* of node 0 and node 2 together, one at a time */
#endif
#ifndef LAPSES
#define LAPSES 0        /* how often node 2's lease may run out */
#endif
#ifndef JOINS
#define JOINS 0         /* how often node 2 may join again */
#endif
#ifndef SNAPSHOTS
#define SNAPSHOTS 0     /* how often node 2 may be given a snapshot */
#endif
#ifndef LATE_PREPARES
#define LATE_PREPARES 0 /* how many prepares arrive a second time */
#endif
#ifndef LOST_APPENDS
#define LOST_APPENDS 0  /* how many appends never reach the log */
#endif
#ifndef TWICE_APPENDS
#define TWICE_APPENDS 0 /* how many appends reach it twice */
#endif
#ifndef HINTS
#define HINTS 0         /* whether there are outcome hints */
#endif
#ifndef ABORTS
#define ABORTS 1        /* whether aborts may arrive; they may be lost in any case */
#endif
#ifndef PATIENT
#define PATIENT 0       /* whether members ask for RESOLVE only where nothing else is under way: fewer states */
#endif

#ifndef WITHOUT0
#define WITHOUT0 0      /* whether node 0 is not there: fewer states, for what happens between the other two */
#endif

#define NODES 3
/* The longest log there can be. A run that needs more fails, it does not stop short. */
#define LOG (2 * TXNS + TWICE_APPENDS + 2 * JOINS + LAPSES + CRASHES + 1)

/* ---- incarnations (rule 1). A set of members is a set of these bits. ---- */
#define INC0 1
#define INC1 2
#define INC2 4          /* node 2, first process */
#define INC2B 8         /* node 2, after a restart */

#if WITHOUT0
#define FOUNDERS (INC1 | INC2)
#else
#define FOUNDERS (INC0 | INC1 | INC2)
#endif

/* ---- the log (rule 2). Positions count from 1. ---- */
#define TXN 0
#define RESOLVE 1
#define EXPIRE 2
#define JOIN 3
byte entry[LOG];        /* what it is, and whom it is about: a transaction (TXN, RESOLVE) or an incarnation */
byte extra[LOG];        /* TXN: the set of transactions below its low watermark; EXPIRE: the tenure that ends */
byte last;              /* position of the last entry */

/* ---- a node ---- */
byte self[NODES];       /* its incarnation */
bit up[NODES];
byte applied[NODES];    /* position of the last entry applied */
byte epoch[NODES];      /* its view (rule 3): the epoch, */
byte members[NODES];    /*   the incarnations in it, */
byte made[NODES];       /*   and where node 2's tenure began */
byte decided[NODES];    /* transactions that are decided (rule 6) */
byte value[NODES];      /* the cell (rule 4): position of the put that is in it, 0 for absent, */
byte marks[NODES];      /*   the transactions that a reader must wait for, */
byte shown[NODES];      /*   and, apart from it (rule 7), what a hint showed ahead of the log: the value, */
byte shownAt[NODES];    /*   and the position it has; 0 if there was no hint */
byte promised[NODES];   /* transactions it said yes to and that are not settled here */
byte token[NODES];      /* its session (rule 8): position of its join, 0 if it is not in the view. Founders: 1 */
bit lease[NODES];       /* whether its deadline is still ahead, by its own clock */
bit busy;               /* node 2's loop is in the middle of installing a snapshot */

/* ---- a transaction: its attempt, as its coordinator knows it, and its messages ---- */
mtype = { IDLE, PREPARING, APPENDING, SETTLED, DEAD };
mtype phase[TXNS] = IDLE;
byte home[TXNS];           /* the coordinator's incarnation */
byte epochOf[TXNS];        /* the epoch it names, */
byte asked[TXNS];          /*   and the incarnations of that view */
byte yes[TXNS];            /* who voted yes */
byte prepares[TXNS];       /* to whom a prepare is on its way */
byte lateMark[NODES];   /* only with a planted bug: votes that went out before the mark */
byte aborts;            /* transactions of which an abort is out */
byte inFlight;          /* transactions that are on their way into the log */
byte lowOf[TXNS];          /* transactions below the low watermark that the append carries */
byte resolves;          /* transactions for which somebody appended RESOLVE */
byte hints;             /* transactions of which a hint is out */

/* ---- the leader's table of leases, on node 1 ---- */
byte expiring;          /* incarnations whose expiry was submitted and is not applied here */
byte expiryInFlight;    /* those whose entry has not reached the log */
byte judged;            /* the tenure of node 2 that is meant */
byte grant;             /* a grant on its way to node 2: the tenure it is for */

/* ---- what can still go wrong ---- */
byte crashes = CRASHES, lapses = LAPSES, joins = JOINS, snapshots = SNAPSHOTS;
byte latePrepares = LATE_PREPARES, lostAppends = LOST_APPENDS, twiceAppends = TWICE_APPENDS;

/* ---- what only the checks know ---- */
mtype = { NOTHING, COMMITTED, REJECTED, NEVER, INDETERMINATE };
mtype told[TXNS] = NOTHING; /* what the caller was told */
byte effectAt[TXNS];       /* where it took effect, 0 if nowhere; known when the first node has applied it */
byte rejected;          /* transactions whose condition failed */
byte newest;            /* position of the newest write that was acknowledged or answered */
short stateAt[LOG + 1]; /* the state at each position, as the first node that was there had it */

#define BIT(t) (1 << (t))
#define WHAT(position) (entry[position - 1] & 3)
#define ABOUT(position) (entry[position - 1] >> 2)
#define HAS(set, x) (((set) & (x)) != 0)
#define VISIBLE(n) (shownAt[n] > value[n] -> shown[n] : value[n])
#define IN_VIEW(n) HAS(members[n], self[n])

inline take(set, x) { set = set & ~(x) }

inline put(what, about, more) {
  assert(last < LOG);
  entry[last] = what | (about) << 2;
  extra[last] = more;
  last++
}

/* ======================================= checks ======================================= */

/* Agreement: whoever is at a position has the state that the first one there had. */
inline agreeAt(n) {
  if
  :: stateAt[applied[n]] == 0 ->
       stateAt[applied[n]] = value[n] | decided[n] << 4 | members[n] << 7 | epoch[n] << 11
  :: else ->
       assert(stateAt[applied[n]] == (value[n] | decided[n] << 4 | members[n] << 7 | epoch[n] << 11))
  fi
}

/* A transaction takes effect at one place, and never after somebody was told that it did not. */
inline tookEffect(t, position) {
  assert(effectAt[t] == 0 || effectAt[t] == position);
  assert(!HAS(rejected, BIT(t)));
  assert(told[t] != NEVER && told[t] != REJECTED);
  effectAt[t] = position
}

inline raise(position) {
  if :: position > newest -> newest = position :: else fi
}

/* What the caller is told, once. */
inline tell(t, what) {
  if
  :: told[t] != NOTHING -> skip
  :: else ->
       told[t] = what;
       assert(told[t] != NEVER || effectAt[t] == 0);
       if :: what == COMMITTED -> raise(effectAt[t]) :: else fi
  fi
}

#if TXNS > 2
#define IS_PUT(v) (v == effectAt[0] || v == effectAt[2])
#else
#define IS_PUT(v) (v == effectAt[0])
#endif
#if TXNS > 1
#define DELETED effectAt[1]
#else
#define DELETED 0
#endif

/* A read that began when `floor` was the newest write known answers v. Absent is as new as the delete. */
inline answer(v, floor) {
  if
  :: v != 0 -> assert(IS_PUT(v)); assert(v >= floor); raise(v)
  :: v == 0 && floor == 0 -> skip
  :: v == 0 && floor != 0 -> assert(DELETED >= floor); raise(DELETED)
  fi
}

/* ======================================= marks ======================================== */

inline letGo(n, set) { take(marks[n], set); take(promised[n], set); take(lateMark[n], set) }

/* Rules 20 and 26: a view was applied. What was asked for in an older one is void if it is not in the log
   before the view; so is what a coordinator asked for in this one that is not in it. */
inline sweep(n) {
  if :: epochOf[0] < epoch[n] || epochOf[0] == epoch[n] && !HAS(members[n], home[0]) -> letGo(n, 1) :: else fi;
#if TXNS > 1
  if :: epochOf[1] < epoch[n] || epochOf[1] == epoch[n] && !HAS(members[n], home[1]) -> letGo(n, 2) :: else fi;
#endif
#if TXNS > 2
  if :: epochOf[2] < epoch[n] || epochOf[2] == epoch[n] && !HAS(members[n], home[2]) -> letGo(n, 4) :: else fi;
#endif
  skip
}

/* Rules 19 to 23: refuse, or mark and vote, in one step. A refusal is no vote: its coordinator may abort at
   any time anyway. What is promised already is voted for again and not marked again: a hint may have taken
   the mark away. A prepare for another incarnation does not get here. */
inline prepare(n, t) {
#ifdef BUG_SWEEP_EARLY
  if :: epochOf[t] > epoch[n] -> marks[n] = 0; promised[n] = 0 :: else fi;
#endif
  if
  :: epochOf[t] < epoch[n] -> skip
#ifndef BUG_MARK_DECIDED
  :: epochOf[t] >= epoch[n] && HAS(decided[n], BIT(t)) -> skip
#endif
  :: else ->
       yes[t] = yes[t] | self[n];
#ifdef BUG_VOTE_FIRST
       lateMark[n] = lateMark[n] | BIT(t)
#else
       if :: !HAS(promised[n], BIT(t)) -> marks[n] = marks[n] | BIT(t) :: else fi;
       promised[n] = promised[n] | BIT(t)
#endif
  fi
}

/* ====================================== coordinator =================================== */

inline settle(t) { phase[t] = SETTLED }

/* Own log says that the attempt will never take effect. */
inline dead(n, t) {
  if
  :: phase[t] == PREPARING || phase[t] == APPENDING -> if :: home[t] == self[n] -> tell(t, NEVER); settle(t) :: else fi
  :: else
  fi
}

/* Own log shows what came of it. */
inline known(n, t, what) {
  if
  :: phase[t] == PREPARING || phase[t] == APPENDING -> if :: home[t] == self[n] -> tell(t, what); settle(t) :: else fi
  :: else
  fi
}

/* The view moved: what was prepared in the old one, or is not in the log before the new one, is void. */
inline coordinatorSeesView(n) {
#ifndef BUG_NO_FENCE
  if :: epochOf[0] < epoch[n] -> dead(n, 0) :: else fi;
#if TXNS > 1
  if :: epochOf[1] < epoch[n] -> dead(n, 1) :: else fi;
#endif
#if TXNS > 2
  if :: epochOf[2] < epoch[n] -> dead(n, 2) :: else fi;
#endif
#endif
  skip
}

/* ======================================= applying ===================================== */

/* The log wrote the cell (rule 31); what was shown up to there has come true. The mark goes with it. */
inline write(n, v, position) {
  value[n] = v;
  if :: shownAt[n] <= position -> shownAt[n] = 0; shown[n] = 0 :: else fi
}

#ifdef BUG_NO_FENCE
#define FENCED(n, t) false
#define OUTSIDER(n, t) false
#else
#define FENCED(n, t) (epochOf[t] != epoch[n])
#define OUTSIDER(n, t) (!HAS(members[n], home[t]))
#endif
#ifdef BUG_APPLIED_TWICE
#define AGAIN(n, t) false
#else
#define AGAIN(n, t) HAS(decided[n], BIT(t))
#endif
#ifdef BUG_CONDITION_ON_HINT
#define PRESENT(n) (VISIBLE(n) != 0)
#else
#define PRESENT(n) (value[n] != 0)
#endif

/* Rules 24, 29, 30: a transaction is void, or its condition is evaluated on the applied value. */
inline applyTxn(n, t, low) {
  if
  :: FENCED(n, t) -> dead(n, t)
  :: !FENCED(n, t) && (OUTSIDER(n, t) || AGAIN(n, t)) -> dead(n, t)
  :: else ->
       decided[n] = decided[n] | BIT(t) | low;
       if
       :: t != 1 -> write(n, applied[n], applied[n]); tookEffect(t, applied[n]); known(n, t, COMMITTED)
       :: t == 1 && PRESENT(n) -> write(n, 0, applied[n]); tookEffect(t, applied[n]); known(n, t, COMMITTED)
       :: else -> assert(effectAt[t] == 0); rejected = rejected | BIT(t); known(n, t, REJECTED)
       fi
  fi;
  letGo(n, BIT(t))
}

/* Rules 25, 32: what is not decided is dead from here on. A coordinator that is gone needs no memory: the
   fence makes its entries void. */
inline applyResolve(n, t) {
  if :: !HAS(decided[n], BIT(t)) -> dead(n, t) :: else fi;
  if :: HAS(members[n], home[t]) -> decided[n] = decided[n] | BIT(t) :: else fi;
  letGo(n, BIT(t))
}

/* This node's session follows the view: another tenure is another token, and has no lease yet. */
inline sessionSeesView(n) {
  if
  :: !IN_VIEW(n) -> token[n] = 0; lease[n] = 0
  :: IN_VIEW(n) && n == 2 && token[n] != made[n] -> token[n] = made[n]; lease[n] = 0
  :: else
  fi
}

inline viewChanged(n) {
  epoch[n]++;
  sweep(n);
  coordinatorSeesView(n);
#ifndef BUG_SAME_SESSION
  sessionSeesView(n);
#endif
  if :: n == 1 -> expiring = expiring & members[n] :: else fi
}

/* Rule 41: an expiry ends the tenure it names and no later one. */
inline applyExpire(n, inc, tenure) {
  if
  :: HAS(members[n], inc) && (!HAS(inc, INC2 | INC2B) || made[n] == tenure) ->
       take(members[n], inc);
       viewChanged(n)
  :: else
  fi
}

/* Rule 42: a join is refused while the node has a session, unless that is its dead predecessor's. */
inline applyJoin(n, inc) {
  if
  :: HAS(members[n], inc) || inc == INC2 && HAS(members[n], INC2B) -> skip
  :: else ->
       take(members[n], INC2);
       members[n] = members[n] | inc;
       made[n] = applied[n];
       viewChanged(n)
  fi
}

/* Rule 33: one entry at a time. */
inline apply(n) {
  applied[n]++;
  if
  :: WHAT(applied[n]) == TXN -> applyTxn(n, ABOUT(applied[n]), extra[applied[n] - 1])
  :: WHAT(applied[n]) == RESOLVE -> applyResolve(n, ABOUT(applied[n]))
  :: WHAT(applied[n]) == EXPIRE -> applyExpire(n, ABOUT(applied[n]), extra[applied[n] - 1])
  :: WHAT(applied[n]) == JOIN -> applyJoin(n, ABOUT(applied[n]))
  fi;
  agreeAt(n);
#ifdef BUG_SAME_SESSION
  if :: n == 2 && token[n] == 0 && applied[n] >= made0 -> token[n] = 1 :: else fi
#endif
}

/* Rule 35: a hint is taken only for what was promised here and is not applied, and only if it is newer than
   what is shown. It changes what is shown and its own mark, nothing else. */
#ifdef BUG_LATE_HINT
#define HINT_COUNTS(n, t) (effectAt[t] > value[n] && effectAt[t] > shownAt[n])
#else
#define HINT_COUNTS(n, t) \
  (HAS(promised[n], BIT(t)) && effectAt[t] > applied[n] && (HAS(marks[n], BIT(t)) || effectAt[t] > shownAt[n]))
#endif

inline showAhead(n, t) {
  take(marks[n], BIT(t));
  if
  :: effectAt[t] > value[n] && effectAt[t] > shownAt[n] ->
       shownAt[n] = effectAt[t];
       shown[n] = (t == 1 -> 0 : effectAt[t])
  :: else
  fi
}

/* ======================================= snapshots ==================================== */

/* Rule 34, as decision 6 amended it. The snapshot is the state that node 1 is in now. Parts are replaced one
   after another, and readers run between: first the view and what is decided, then the cell, then what hangs
   on both. */
inline restoreView(n) {
  epoch[n] = epoch[1];
  members[n] = members[1];
  made[n] = made[1];
  decided[n] = decided[1];
#ifdef BUG_INSTALL_SWEEPS_FIRST
  take(promised[n], decided[n]); take(marks[n], decided[n]);
  sweep(n);
#endif
#ifdef BUG_INSTALL_JUDGES
  coordinatorSeesView(n);
#endif
#ifdef BUG_INSTALL_SESSION_FIRST
  sessionSeesView(n)
#else
  if :: !IN_VIEW(n) || token[n] != made[n] -> token[n] = 0; lease[n] = 0 :: else fi
#endif
}

/* What was submitted is told as indeterminate: a snapshot says that it is decided, not how. What was not
   submitted and is decided all the same was resolved by a member, so it never took effect. */
inline coordinatorRestored(n, t) {
  if :: phase[t] == APPENDING && home[t] == self[n] -> tell(t, INDETERMINATE); settle(t) :: else fi;
#ifndef BUG_INSTALL_FORGETS_PREPARING
  if :: phase[t] == PREPARING && HAS(decided[n], BIT(t)) -> dead(n, t) :: else fi;
#endif
  skip
}

inline restoreRest(n) {
#ifdef BUG_SNAPSHOT_CLEARS
  letGo(n, 7);
#else
#ifndef BUG_SNAPSHOT_KEEPS
  letGo(n, decided[n]);
  sweep(n);
#endif
#endif
  coordinatorRestored(n, 0);
#if TXNS > 1
  coordinatorRestored(n, 1);
#endif
#if TXNS > 2
  coordinatorRestored(n, 2);
#endif
  coordinatorSeesView(n);
  agreeAt(n)
}

/* ======================================= processes ==================================== */

#ifdef BUG_SAME_SESSION
byte made0;             /* how far the log was when the process started again under its old session */
#endif

/* The loop of a node: the applier, the member's side of transactions, and node 2's session. */
proctype Node(byte n) {
  byte v, position;
end:
  do
  :: d_step { up[n] && applied[n] < last -> apply(n) }

  /* a prepare arrives, for this very incarnation; or a copy of it does */
  :: d_step { up[n] && HAS(prepares[0], self[n]) -> take(prepares[0], self[n]); prepare(n, 0) }
  :: d_step { up[n] && HAS(prepares[0], self[n]) && latePrepares > 0 -> latePrepares--; prepare(n, 0) }
#if TXNS > 1
  :: d_step { up[n] && HAS(prepares[1], self[n]) -> take(prepares[1], self[n]); prepare(n, 1) }
  :: d_step { up[n] && HAS(prepares[1], self[n]) && latePrepares > 0 -> latePrepares--; prepare(n, 1) }
#endif
#if TXNS > 2
  :: d_step { up[n] && HAS(prepares[2], self[n]) -> take(prepares[2], self[n]); prepare(n, 2) }
  :: d_step { up[n] && HAS(prepares[2], self[n]) && latePrepares > 0 -> latePrepares--; prepare(n, 2) }
#endif
#ifdef BUG_VOTE_FIRST
  :: d_step { up[n] && lateMark[n] != 0 -> marks[n] = marks[n] | lateMark[n]; promised[n] = promised[n] | lateMark[n]; lateMark[n] = 0 }
#endif

#if ABORTS
  /* rule 27: an abort of a coordinator arrives, or never does */
  :: d_step { up[n] && HAS(aborts, promised[n]) -> letGo(n, aborts) }
#endif
#if HINTS
  :: d_step { up[n] && HAS(hints, 1) && HINT_COUNTS(n, 0) -> showAhead(n, 0) }
#if TXNS > 1
  :: d_step { up[n] && HAS(hints, 2) && HINT_COUNTS(n, 1) -> showAhead(n, 1) }
#endif
#if TXNS > 2
  :: d_step { up[n] && HAS(hints, 4) && HINT_COUNTS(n, 2) -> showAhead(n, 2) }
#endif
#endif

#ifndef BUG_NO_RESOLVE
#if PATIENT
#define OLD(t) (phase[t] != PREPARING && !HAS(inFlight, BIT(t)))
#else
#define OLD(t) true
#endif
  /* rule 28: a promise grew old. The member gives nothing up, it asks the log to decide. */
  :: d_step { up[n] && HAS(promised[n] & ~resolves, 1) && OLD(0) -> resolves = resolves | 1; put(RESOLVE, 0, 0) }
#if TXNS > 1
  :: d_step { up[n] && HAS(promised[n] & ~resolves, 2) && OLD(1) -> resolves = resolves | 2; put(RESOLVE, 1, 0) }
#endif
#if TXNS > 2
  :: d_step { up[n] && HAS(promised[n] & ~resolves, 4) && OLD(2) -> resolves = resolves | 4; put(RESOLVE, 2, 0) }
#endif
#endif

#ifdef BUG_SWEEP_EARLY
  /* it hears of a newer view before it has applied what comes before that view */
  :: d_step { n == 2 && up[n] && epoch[n] < epoch[1] && promised[n] -> marks[n] = 0; promised[n] = 0 }
#endif

  /* node 2 lags so far that it is given a snapshot in place of entries */
  :: d_step { n == 2 && up[n] && snapshots > 0 && applied[n] < applied[1] ->
         snapshots--;
         busy = 1;
         v = value[1];
         position = applied[1];
         restoreView(n) };
     d_step { write(n, v, position); applied[n] = position };
     d_step { restoreRest(n) };
     d_step { sessionSeesView(n); busy = 0; v = 0; position = 0 }

  /* node 2 joins: again in the same process, or as a new incarnation */
  :: d_step { n == 2 && up[n] && joins > 0 && token[n] == 0 -> joins--; put(JOIN, self[n], 0) }
  od
}

#define FREE(n) (n != 2 || !busy)

/* One attempt at a transaction, on the loop of its node (rules 9 to 17). */
proctype Coordinator(byte t, n) {
  if
  :: d_step { phase[t] == IDLE && up[n] && FREE(n) && IN_VIEW(n) ->
         /* rule 11: epoch and members of one view */
         phase[t] = PREPARING;
         home[t] = self[n];
         epochOf[t] = epoch[n];
         asked[t] = members[n];
         prepares[t] = members[n] }
  :: d_step { phase[t] == IDLE && (!up[n] || !IN_VIEW(n)) -> tell(t, NEVER); settle(t) }
  fi;
  do
  :: d_step { phase[t] == PREPARING && FREE(n) && (yes[t] & asked[t]) == asked[t] ->
         phase[t] = APPENDING;
         inFlight = inFlight | BIT(t);
#if TXNS > 2
         /* everything of this coordinator below the low watermark is settled (rule 6) */
         if :: t == 2 && home[0] == home[2] && phase[0] == SETTLED -> lowOf[2] = 1 :: else fi
#endif
     }
  /* rules 12, 13: a no, a deadline, any reason: only before it was submitted */
  :: d_step { phase[t] == PREPARING && FREE(n) -> aborts = aborts | BIT(t); tell(t, NEVER); settle(t) }
#ifdef BUG_ABORT_AFTER_APPEND
  :: d_step { phase[t] == APPENDING && FREE(n) -> aborts = aborts | BIT(t); tell(t, NEVER); settle(t) }
#endif
  /* rule 17: some node has applied it; others may show it before they have */
  :: d_step { phase[t] == APPENDING && FREE(n) && told[t] == NOTHING && effectAt[t] != 0 ->
         hints = hints | BIT(t);
         tell(t, COMMITTED) }
#ifdef BUG_TELL_BEFORE_LOG
  :: d_step { phase[t] == APPENDING && FREE(n) && told[t] == NOTHING && HAS(inFlight, BIT(t)) -> told[t] = COMMITTED; newest = LOG }
#endif
#ifndef BUG_NO_RESOLVE
  /* rules 14, 15: the time is up; it tells what it knows, and asks the log to decide */
  :: d_step { phase[t] == APPENDING && FREE(n) && !HAS(resolves, BIT(t)) && OLD(t) ->
         tell(t, INDETERMINATE);
         resolves = resolves | BIT(t);
         put(RESOLVE, t, 0) }
#endif
  :: phase[t] == SETTLED || phase[t] == DEAD -> break
  od
}

inline append(t) { put(TXN, t, lowOf[t]) }

/* Appends on their way: late, lost, twice. */
proctype Appends() {
end:
  do
  :: d_step { HAS(inFlight, 1) -> append(0); take(inFlight, 1) }
  :: d_step { HAS(inFlight, 1) && twiceAppends > 0 -> append(0); twiceAppends-- }
  :: d_step { HAS(inFlight, 1) && lostAppends > 0 -> lostAppends--; take(inFlight, 1) }
#if TXNS > 1
  :: d_step { HAS(inFlight, 2) -> append(1); take(inFlight, 2) }
  :: d_step { HAS(inFlight, 2) && twiceAppends > 0 -> append(1); twiceAppends-- }
  :: d_step { HAS(inFlight, 2) && lostAppends > 0 -> lostAppends--; take(inFlight, 2) }
#endif
#if TXNS > 2
  :: d_step { HAS(inFlight, 4) -> append(2); take(inFlight, 4) }
  :: d_step { HAS(inFlight, 4) && twiceAppends > 0 -> append(2); twiceAppends-- }
  :: d_step { HAS(inFlight, 4) && lostAppends > 0 -> lostAppends--; take(inFlight, 4) }
#endif
  od
}

#ifdef BUG_KEEP_ALIVE_WHILE_EXPIRING
#define RENEWABLE true
#else
#define RENEWABLE (!HAS(expiring, self[2]))
#endif

/* The table of leases, on node 1 (rules 36, 37). */
proctype Leader() {
end:
  do
  /* a keep-alive of node 2's session came */
  :: d_step { up[2] && token[2] != 0 && !lease[2] && grant == 0 && HAS(members[1], self[2]) && made[1] == token[2] && RENEWABLE ->
         grant = token[2] }
  /* the grant arrives, and counts only for the session that asked */
  :: d_step { grant != 0 && !busy -> lease[2] = (up[2] && token[2] == grant); grant = 0 }
  /* node 2 is overdue: by rule 36 its own deadline is over by then, and that of every grant on its way */
  :: d_step { HAS(members[1], INC2 | INC2B) && !HAS(expiring, INC2 | INC2B) && !lease[2] && grant == 0 && (LAPSES > 0 || CRASHES > 0) ->
         expiring = expiring | (members[1] & (INC2 | INC2B));
         expiryInFlight = expiryInFlight | (members[1] & (INC2 | INC2B));
         judged = made[1] }
  :: d_step { HAS(expiryInFlight, INC2 | INC2B) ->
         put(EXPIRE, expiryInFlight & (INC2 | INC2B), judged);
         take(expiryInFlight, INC2 | INC2B) }
  /* node 0 has no readers here, so its lease is over when its process is */
  :: d_step { !up[0] && HAS(members[1], INC0) && !HAS(expiring, INC0) ->
         expiring = expiring | INC0;
         put(EXPIRE, INC0, 0) }
  od
}

inline stopCoordinators(n) {
  if :: home[0] == self[n] && phase[0] != SETTLED -> phase[0] = DEAD :: else fi;
#if TXNS > 1
  if :: home[1] == self[n] && phase[1] != SETTLED -> phase[1] = DEAD :: else fi;
#endif
#if TXNS > 2
  if :: home[2] == self[n] && phase[2] != SETTLED -> phase[2] = DEAD :: else fi;
#endif
  skip
}

inline forget(n) { marks[n] = 0; promised[n] = 0; lateMark[n] = 0; shown[n] = 0; shownAt[n] = 0 }

proctype World() {
end:
  do
  /* node 2's lease runs out by its own clock */
  :: d_step { up[2] && lapses > 0 && lease[2] -> lapses--; lease[2] = 0 }
  /* node 0's process ends for good */
  :: d_step { crashes > 0 && up[0] && up[2] -> crashes--; stopCoordinators(0); up[0] = 0; forget(0) }
  /* node 2's process ends */
  :: d_step { crashes > 0 && (up[0] || WITHOUT0) && up[2] && !busy -> crashes--;
         stopCoordinators(2);
         up[2] = 0;
         forget(2);
#ifdef BUG_SAME_SESSION
         made0 = last;
#else
         lease[2] = 0;
#endif
         token[2] = 0 }
  /* and starts again: another incarnation (rule 42), which reads the log from its beginning */
  :: d_step { !up[2] ->
         up[2] = 1;
         applied[2] = 0; epoch[2] = 1; members[2] = FOUNDERS; made[2] = 1; decided[2] = 0; value[2] = 0;
#ifdef BUG_SAME_SESSION
         if :: made0 == 0 -> token[2] = 1 :: else fi
#else
         self[2] = INC2B
#endif
     }
  od
}

/*
 * A read, by a thread of its own (rules 44 to 47). Two steps of it are drawn together: the session is noted,
 * and `floor`, at the moment of the first look. A read that began earlier may answer more, and a token never
 * comes back, so that this is the stricter check.
 */
#if defined(BUG_NO_LEASE_CHECK)
#define VALID(n) (up[n] && token[n] == begun)
#elif defined(BUG_NO_TOKEN_CHECK)
#define VALID(n) (up[n] && token[n] != 0 && lease[n])
#elif defined(BUG_LEASE_FIRST)
#define VALID(n) (up[n])
#else
#define VALID(n) (up[n] && token[n] == begun && lease[n])
#endif

proctype Reader(byte n, left) {
  byte floor, begun, seen, v;
again:
  if
#if defined(BUG_LEASE_FIRST)
  :: d_step { up[n] && token[n] != 0 && lease[n] -> floor = newest; begun = token[n] };
     if :: d_step { up[n] -> seen = marks[n]; v = VISIBLE(n) } :: !up[n] -> goto over fi
#elif defined(BUG_TOKEN_AFTER_LOOK)
  :: d_step { up[n] && token[n] != 0 -> floor = newest; seen = marks[n]; v = VISIBLE(n) };
     if :: begun = token[n] :: !up[n] fi
#else
  :: d_step { up[n] && token[n] != 0 -> floor = newest; begun = token[n]; seen = marks[n]; v = VISIBLE(n) }
#endif
  :: !up[n] || token[n] == 0 -> goto over
  fi;
  do
  /* the marks that it saw, and no later ones, are waited for; then the record again */
  :: d_step { seen != 0 && up[n] && !HAS(marks[n], seen) -> seen = 0; v = VISIBLE(n) }
  /* last: the clock, and the session */
  :: d_step { seen == 0 && VALID(n) -> answer(v, floor) }; break
  :: seen == 0 && !VALID(n) -> break
  :: !up[n] -> break
  od;
over:
  atomic { floor = 0; begun = 0; seen = 0; v = 0; left-- };
  if :: left > 0 -> goto again :: left == 0 fi
}

init {
  d_step {
    byte i;
    for (i : 0 .. NODES - 1) {
      up[i] = (i != 0 || !WITHOUT0);
      self[i] = 1 << i;
      epoch[i] = 1;
      members[i] = FOUNDERS;
      made[i] = 1;
      token[i] = 1;
      lease[i] = 1
    }
    i = 0
  }
  atomic {
#if !WITHOUT0
    run Node(0);
#endif
    run Node(1);
    run Node(2);
    run Coordinator(0, OWNER0);
#if TXNS > 1
    run Coordinator(1, OWNER1);
#endif
#if TXNS > 2
    run Coordinator(2, OWNER2);
#endif
    run Appends();
#if LAPSES > 0 || CRASHES > 0
    run Leader();
    run World();
#endif
    run Reader(1, READS1);
    run Reader(2, READS2)
  }
}

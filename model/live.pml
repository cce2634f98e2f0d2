/*
 * Nobody waits for ever while a majority lives.
 *
 * protocol.pml shows that nobody is stuck once harm ends, over a few transactions. Here nothing ends: one
 * coordinator publishes on one key again and again, one thread reads it again and again, and prepares, aborts
 * and appends are lost as often as chance likes. What is looked at is executions that go on for ever, under weak
 * fairness: who can take a step from some time on takes it.
 *
 * What is checked
 *   a read that began ends, and an attempt that began ends             ltl nobodyWaits
 *   with COMMITS: there is always one more commit                      ltl commitsGoOn
 *
 * How to read it. There are no values here and no leases. A read ends when what it waits for is gone; whether
 * its answer is right is for protocol.pml. The log has no positions: each node has a queue of what it has still
 * to apply, in the one order, and the fate of an entry is drawn up when it goes into the log, since it depends on
 * nothing but what stands before it. An id stands for an attempt, and is used again when nobody knows of that
 * attempt any more; the real one has had a new id by then (rule 10). What goes on by itself is a process of its
 * own, for fairness is among processes.
 *
 * Node 0 coordinates, and may crash for good. Node 1 leads the log, and says yes to everything; nobody reads
 * there, so there is no more to it. Node 2 has the reader, and may stop answering prepares for good while its
 * keep-alives go on. Two of three are always there.
 */

#ifndef CRASH
#define CRASH 0         /* whether node 0 may crash */
#endif
#ifndef LOST_APPENDS
#define LOST_APPENDS 0  /* whether appends may be lost, as often as they like; RESOLVE is asked for until it is there */
#endif
#ifndef LOST_MESSAGES
#define LOST_MESSAGES 0 /* the same of prepares and aborts */
#endif
#ifndef GRAY
#define GRAY 0          /* whether node 2 may stop answering prepares */
#endif
#ifndef PATIENT
#define PATIENT 0       /* whether time-outs come only where nothing else would: without, they come at any time */
#endif

#define NODES 3
#define IDS 2
#define BIT(x) (1 << (x))
#define HAS(set, x) (((set) & (x)) != 0)
inline take(set, x) { set = set & ~(x) }

/* ---- the log: what each node has still to apply, the first first. There is room for all there can be. ---- */
#define TXN 0           /* an entry is a kind and an attempt, or whom an expiry is about */
#define RESOLVE 1
#define EXPIRE 2
#define KIND(e) ((e) & 3)
#define ABOUT(e) ((e) >> 2)
#define ENTRY(kind, about) ((kind) | (about) << 2)
chan log[NODES] = [2 * IDS + 2] of { byte };   /* [1] is not used, here and below */
byte txns[NODES];       /* attempts whose entry is in that queue, */
byte resolves[NODES];   /*   and those whose RESOLVE is */
byte view = 7;          /* members, as of the end of the log */
byte decided;           /* attempts that are decided there */
byte effective;         /*   and of these, those that took effect */

/* ---- a node ---- */
byte members[NODES] = 7;
byte marks[NODES];      /* attempts it said yes to and that are not settled here */
byte prepares[NODES];   /* on their way to it */
byte aborts[NODES];     /* on their way to it */
bit up0 = 1;
bit gray;               /* node 2 answers no prepares any more */

/* ---- the attempt under way, and what is on its way to the log ---- */
mtype = { IDLE, PREPARING, APPENDING };
mtype phase = IDLE;
byte id;
byte asked[IDS];        /* the members of the view it names */
byte yes;
byte appends;
byte expiring;          /* nodes whose expiry is on its way or in the log */

/* ---- the reader ---- */
bit reading;
byte seen;              /* the marks that it waits for; each goes from here when it goes from the key */
bit commits;            /* moves with each commit that is told */

#define LOGGED (txns[0] | txns[2])
#define RESOLVED (resolves[0] | resolves[2])
#define KNOWN (marks[0] | marks[2] | prepares[0] | prepares[2] | aborts[0] | aborts[2] | appends | seen | LOGGED | RESOLVED)

inline put(e) {
  if :: up0 -> log[0] ! e :: else fi;
  log[2] ! e
}

inline noteTxn(t) {
  if :: up0 -> txns[0] = txns[0] | BIT(t) :: else fi;
  txns[2] = txns[2] | BIT(t)
}

inline noteResolve(t) {
  if :: up0 -> resolves[0] = resolves[0] | BIT(t) :: else fi;
  resolves[2] = resolves[2] | BIT(t)
}

inline unmark(n, set) {
  take(marks[n], set);
  if :: n == 2 -> take(seen, set) :: else fi
}

inline settle() { phase = IDLE; id = 0; yes = 0 }

/* The loop of a node takes the next entry (rules 24 to 26, 33). */
proctype Applier(byte n) {
  byte e;
end:
  do
  :: d_step { (n != 0 || up0) && len(log[n]) > 0 ->
       log[n] ? e;
       if
       :: KIND(e) == EXPIRE ->
            take(members[n], ABOUT(e));
            unmark(n, 3);
            if :: n == 0 && phase != IDLE -> settle() :: else fi
       :: else ->
            if :: KIND(e) == TXN -> take(txns[n], BIT(ABOUT(e))) :: else -> take(resolves[n], BIT(ABOUT(e))) fi;
            unmark(n, BIT(ABOUT(e)));
            if
            :: n == 0 && phase != IDLE && id == ABOUT(e) ->
                 if :: HAS(effective, BIT(id)) -> commits = 1 - commits :: else fi;
                 settle()
            :: else
            fi
       fi;
       e = 0
     }
  od
}

/* Prepares and aborts arrive, or are lost (rules 19 to 23, 27). */
#define PREPARE(t) (HAS(prepares[n], BIT(t)))
inline prepare(n, t) {
  take(prepares[n], BIT(t));
  if
  :: n == 2 && gray -> skip
  :: else ->
       marks[n] = marks[n] | BIT(t);
       if :: phase == PREPARING && id == t -> yes = yes | BIT(n) :: else fi
  fi
}

proctype Member(byte n) {
end:
  do
  :: d_step { (n != 0 || up0) && PREPARE(0) -> prepare(n, 0) }
  :: d_step { (n != 0 || up0) && PREPARE(1) -> prepare(n, 1) }
  :: d_step { (n != 0 || up0) && aborts[n] != 0 -> unmark(n, aborts[n]); aborts[n] = 0 }
#if LOST_MESSAGES
  :: d_step { n != 0 && PREPARE(0) -> take(prepares[n], 1) }
  :: d_step { n != 0 && PREPARE(1) -> take(prepares[n], 2) }
  :: d_step { n != 0 && aborts[n] != 0 -> aborts[n] = 0 }
#endif
  od
}

#if PATIENT
#define UNDER_WAY(t) (phase == PREPARING && id == t || HAS(appends | LOGGED, BIT(t)))
#else
#define UNDER_WAY(t) false
#endif
#ifdef BUG_NO_RESOLVE
#define OLD(t) false
#elif defined(BUG_ONLY_COORDINATORS_RESOLVE)
#define OLD(t) (phase == APPENDING && id == t)
#else
/* rules 14 and 15: its coordinator told that it does not know; rule 28: a mark grew old */
#define OLD(t) (phase == APPENDING && id == t || HAS(marks[0] | marks[2], BIT(t)))
#endif

/* The log is asked to decide, until it has. */
proctype Patience(byte t) {
end:
  do
  :: d_step { OLD(t) && !UNDER_WAY(t) && !HAS(RESOLVED, BIT(t)) ->
       decided = decided | BIT(t);
       noteResolve(t);
       put(ENTRY(RESOLVE, t)) }
  od
}

/* One attempt after the other (rules 9 to 17). */
#if PATIENT
#define LATE (!HAS(yes, 4) && HAS(asked[id], 4) && !HAS(prepares[2], BIT(id)))
#else
#define LATE true
#endif
inline begin(t) {
  id = t;
  phase = PREPARING;
  take(decided, BIT(t));
  take(effective, BIT(t));
  asked[t] = members[0];
  yes = 2;
  prepares[0] = prepares[0] | BIT(t);
  if :: HAS(members[0], 4) -> prepares[2] = prepares[2] | BIT(t) :: else fi
}

proctype Coordinator() {
end:
  do
  :: d_step { up0 && phase == IDLE && !HAS(KNOWN, 1) -> begin(0) }
  :: d_step { up0 && phase == IDLE && !HAS(KNOWN, 2) -> begin(1) }
  :: d_step { phase == PREPARING && (asked[id] & ~yes) == 0 -> phase = APPENDING; appends = appends | BIT(id) }
  :: d_step { phase == PREPARING && (asked[id] & ~yes) != 0 && LATE ->
       aborts[0] = aborts[0] | BIT(id);
       aborts[2] = aborts[2] | BIT(id);
       settle() }
  od
}

/* The log. What becomes of an entry is fixed by what stands before it (rules 29, 32). */
inline append(t) {
  take(appends, BIT(t));
  if :: !HAS(decided, BIT(t)) && asked[t] == view -> effective = effective | BIT(t) :: else fi;
  decided = decided | BIT(t);
  noteTxn(t);
  put(ENTRY(TXN, t))
}

proctype Appends() {
end:
  do
  :: d_step { HAS(appends, 1) -> append(0) }
  :: d_step { HAS(appends, 2) -> append(1) }
#if LOST_APPENDS
  :: d_step { appends != 0 -> appends = 0 }
#endif
  od
}

/* Leases, on node 1. Rule 43: who answers no prepares is not renewed. */
#ifdef BUG_NO_PROBES
#define OVERDUE2 false
#else
#define OVERDUE2 gray
#endif
inline expire(set) { expiring = expiring | set; take(view, set); put(ENTRY(EXPIRE, set)) }

proctype Leader() {
end:
  do
  :: d_step { !up0 && !HAS(expiring, 1) -> expire(1) }
  :: d_step { OVERDUE2 && !HAS(expiring, 4) -> expire(4) }
  od
}

proctype Harm() {
end:
  do
#if CRASH
  :: d_step { up0 && !gray ->
       up0 = 0;
       do :: len(log[0]) > 0 -> log[0] ? id :: else -> break od;
       txns[0] = 0; resolves[0] = 0; marks[0] = 0; prepares[0] = 0; aborts[0] = 0;
       settle() }
#endif
#if GRAY
  :: d_step { up0 && !gray -> gray = 1 }
#endif
  :: false
  od
}

/* Rule 45: the marks that it saw first, and no later ones. Outside the view it is refused. */
#ifdef BUG_WAIT_FOR_NO_MARKS
#define SETTLED (marks[2] == 0)
#else
#define SETTLED (seen == 0)
#endif

proctype Reader() {
end:
  do
  :: d_step { !reading -> reading = 1; seen = marks[2] }
  :: d_step { reading && (SETTLED || !HAS(members[2], 4)) -> reading = 0; seen = 0 }
  od
}

init {
  atomic {
    run Applier(0);
    run Applier(2);
    run Member(0);
    run Member(2);
    run Patience(0);
    run Patience(1);
    run Coordinator();
    run Appends();
#if CRASH || GRAY
    run Leader();
    run Harm();
#endif
    run Reader()
  }
}

#ifdef COMMITS
ltl commitsGoOn { ([] <> (commits == 0)) && ([] <> (commits == 1)) }
#else
ltl nobodyWaits { [] ((reading == 1 -> <> (reading == 0)) && (phase != IDLE -> <> (phase == IDLE))) }
#endif

/*
 * Leases over changes of the log's leader (rules 36 to 40).
 *
 * A node S may answer reads while its lease holds. The leader renews the lease, and when it has heard nothing
 * for long enough it puts an EXPIRE into the log. From then on others write without asking S. So S must not
 * answer after that: whatever the leader believes, whoever leads, whatever its messages and its entry do.
 *
 * Here time is drawn, as a number that counts up. S's clock may fall behind the leaders' by DRIFT. Node 0 leads
 * at the start; node 1 is elected in term 2 and, in larger runs, node 0 again in term 3. A leader that was
 * voted out learns of it late, or not at all. Every step of every process may come at any time, so that a
 * process that is paused needs no step of its own.
 *
 * HOLDER says which node is S: 2, or 0, the leader itself, whose keep-alives are no different (rule 40).
 *
 * Checked: S answers nothing that is older than a write acknowledged before the read began (`Reader`).
 */

#ifndef HOLDER
#define HOLDER 2
#endif
#ifndef ELECTIONS
#define ELECTIONS 1
#endif
#ifndef HORIZON
#define HORIZON 3       /* where time ends */
#endif
#ifndef DRIFT
#define DRIFT 0         /* by how much S's clock may fall behind */
#endif
#ifndef MARGIN
#define MARGIN 0        /* what a leader adds to the lease (rule 36); must be DRIFT or more */
#endif
#ifndef LEASE
#define LEASE 1
#endif

#define BIT(x) (1 << (x))
#define HAS(set, x) (((set) & (x)) != 0)
#define MAJORITY(set) ((set) == 3 || (set) == 5 || (set) == 6 || (set) == 7)

byte now, lag;
#define CLOCK(n) ((n) == HOLDER -> now - lag : now)

/* ---- the log: its terms, and the one entry that matters ---- */
byte reign = 1;         /* the newest term in which a leader was elected */
byte knows[3] = 1;      /* the newest term that each voter knows */
byte elections = ELECTIONS;
byte expiries;          /* EXPIRE entries on their way, by the term in which they were judged */
bit expired;            /* one of them was applied: S is out of the view */
bit acked;              /* somebody wrote without asking S, and was told so */

/* ---- S ---- */
bit inView = 1;         /* S has not applied its expiry; it applies nothing that was written after it either */
byte deadline = LEASE;  /* of its lease, by its own clock */
bit asks;               /* a keep-alive is on its way, */
byte sent;              /*   since this time by its own clock */
bit granted;            /* a grant is on its way, */
byte grantOf;           /*   for the keep-alive that was sent then */

bit over;               /* the read has ended, and nothing that follows matters */

/* ---- leaders, nodes 0 and 1 ---- */
byte elected[2];        /* the term in which it was elected */
byte office[2];         /* the term in which it keeps leases; 0 for none */
bit applied[2];         /* whether it has applied S's expiry */
byte until[2];          /* when S is overdue, by the leader's clock */
bit expiring[2];        /* whether it has submitted an expiry of which it does not know the end (rule 37) */
bit asking[2];          /* whether a keep-alive waits for the voters' answers, */
byte received[2];       /*   since when, */
byte receivedOf[2];     /*   and what time it said it was sent */
byte answers[2];        /* the voters who said that its term is the newest they know */

#ifdef BUG_NO_TERM
#define VOID(term) false
#else
#define VOID(term) (term != reign)
#endif
#ifdef BUG_GRANT_WHILE_EXPIRING
#define RENEWABLE(n) true
#else
#define RENEWABLE(n) (!expiring[n])
#endif
#ifdef BUG_NOT_CONFIRMED
#define CONFIRMED(n) true
#else
#define CONFIRMED(n) MAJORITY(answers[n])
#endif
#ifdef BUG_OFFICE_BEFORE_FIRST_ENTRY
#define CAUGHT_UP(n) true
#else
#define CAUGHT_UP(n) (applied[n] == expired)
#endif

inline voter(n, v) { answers[n] = answers[n] | BIT(v) }

proctype Leader(byte n) provided (!over) {
end:
  do
  /* rule 39: it takes up office once it has applied the first entry of its own term, and everything before it;
     then every lease begins anew */
  :: d_step { elected[n] > office[n] && CAUGHT_UP(n) ->
         office[n] = elected[n];
         expiring[n] = 0;
         asking[n] = 0; received[n] = 0; receivedOf[n] = 0; answers[n] = 0;
#ifndef BUG_OLD_DEADLINES
         until[n] = CLOCK(n) + LEASE + MARGIN
#endif
     }
  /* it hears that it was voted out */
  :: d_step { office[n] != 0 && office[n] < reign && elected[n] == office[n] ->
         office[n] = 0; elected[n] = 0; expiring[n] = 0;
         asking[n] = 0; received[n] = 0; receivedOf[n] = 0; answers[n] = 0 }
  :: d_step { expired && !applied[n] -> applied[n] = 1; expiring[n] = 0 }

  /* a keep-alive comes; the voters are asked after that */
  :: d_step { asks && office[n] != 0 && !asking[n] ->
         asks = 0;
         asking[n] = 1; received[n] = CLOCK(n); receivedOf[n] = sent; sent = 0;
#ifndef BUG_ASKED_BEFORE
         answers[n] = 0
#endif
     }
#ifdef BUG_ASKED_BEFORE
#define QUESTION(n) (office[n] != 0)
#else
#define QUESTION(n) (asking[n])
#endif
  :: d_step { QUESTION(n) && knows[0] == office[n] && !HAS(answers[n], 1) -> voter(n, 0) }
  :: d_step { QUESTION(n) && knows[1] == office[n] && !HAS(answers[n], 2) -> voter(n, 1) }
  :: d_step { QUESTION(n) && knows[2] == office[n] && !HAS(answers[n], 4) -> voter(n, 2) }
  /* a majority says so: the lease goes on, unless an expiry is under way or the session has ended */
  :: d_step { asking[n] && CONFIRMED(n) ->
         if
         :: RENEWABLE(n) && !applied[n] && !granted ->
              granted = 1;
              grantOf = receivedOf[n];
              if :: received[n] + LEASE + MARGIN > until[n] -> until[n] = received[n] + LEASE + MARGIN :: else fi
         :: else
         fi;
         asking[n] = 0; received[n] = 0; receivedOf[n] = 0;
#ifndef BUG_ASKED_BEFORE
         answers[n] = 0
#endif
     }
  /* S is overdue: to decide that and to refuse its keep-alives from then on is one step (rule 37) */
  :: d_step { office[n] != 0 && !applied[n] && !expiring[n] && CLOCK(n) >= until[n] ->
         expiring[n] = 1;
         expiries = expiries | BIT(office[n]) }
  /* the log refuses the entry, so it is not there and never will be */
  :: d_step { office[n] != 0 && expiring[n] && HAS(expiries, BIT(office[n])) ->
         expiries = expiries & ~BIT(office[n]);
         expiring[n] = 0 }
  /* it finds that it was paused: every lease begins anew, and what it submitted is still under way */
  :: d_step { office[n] != 0 && !applied[n] && CLOCK(n) >= until[n] ->
         until[n] = CLOCK(n) + LEASE + MARGIN;
#ifdef BUG_PAUSE_FORGETS_EXPIRY
         expiring[n] = 0
#endif
     }
  od
}

inline land(term) {
  expiries = expiries & ~BIT(term);
  if :: !VOID(term) -> expired = 1 :: else fi
}

inline elect(leader, other) {
  elections--;
  reign++;
  elected[leader] = reign;
  knows[leader] = reign;
  knows[other] = reign
}

/* The log. An entry that is on its way gets the term of whoever leads when it arrives (rule 38). */
proctype Log() provided (!over) {
end:
  do
  :: d_step { HAS(expiries, 2) -> land(1) }
  :: d_step { HAS(expiries, 4) -> land(2) }
  :: d_step { HAS(expiries, 8) -> land(3) }
  :: d_step { expired && !acked -> acked = 1 }
  /* an election: the new leader has a majority of the voters, the third may hear of it later */
  :: d_step { elections > 0 && reign == 1 -> elect(1, 0) }
  :: d_step { elections > 0 && reign == 1 -> elect(1, 2) }
  :: d_step { elections > 0 && reign == 2 -> elect(0, 1) }
  :: d_step { elections > 0 && reign == 2 -> elect(0, 2) }
  :: d_step { knows[0] < reign -> knows[0] = reign }
  :: d_step { knows[1] < reign -> knows[1] = reign }
  :: d_step { knows[2] < reign -> knows[2] = reign }
  od
}

proctype Time() provided (!over) {
end:
  do
  :: d_step { now < HORIZON -> now++ }
  :: d_step { lag < DRIFT && lag < now -> lag++ }
  od
}

/* S keeps its session alive. It asks whoever it takes for the leader; the last grant it got may be lost. */
proctype Session() provided (!over) {
end:
  do
  :: d_step { inView && (!asks || sent != now - lag) -> asks = 1; sent = now - lag }
  :: d_step { granted ->
         if
         :: inView ->
#ifdef BUG_LEASE_FROM_GRANT
              deadline = now - lag + LEASE
#else
              if :: grantOf + LEASE > deadline -> deadline = grantOf + LEASE :: else fi
#endif
         :: else
         fi;
         granted = 0; grantOf = 0 }
  :: d_step { expired && inView -> inView = 0 }
  od
}

/* A read on S: floor is what was acknowledged when it began, and S has not seen it while it is in the view. */
proctype Reader() {
  bit floor;
  if
  :: d_step { inView && acked -> floor = 1 }
  :: !inView -> goto done
  fi;
  if
  :: d_step { inView && now - lag < deadline -> assert(0 >= floor) }
  :: !inView || now - lag >= deadline
  fi;
done:
  over = 1
}

init {
  d_step { elected[0] = 1; office[0] = 1; until[0] = LEASE + MARGIN }
  atomic { run Leader(0); run Leader(1); run Log(); run Time(); run Session(); run Reader() }
}

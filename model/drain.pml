/*
 * The end of an object (rules 50 to 52).
 *
 * A deleted object drains: it has no name any more, and its data stay until the last reference is put. Node A
 * asks every member of the view whether it has applied the delete and counts no reference; if all say so, it
 * appends FREE, which is good only in the epoch in which it asked. Node B is the one that opens the object, in
 * a thread of its own, while its loop applies the log; its lease may run out, it may be expired and join again.
 *
 * Checked
 *   nothing is freed that a member of the view holds, and nothing is opened that was freed    `lands`, `Opener`
 *   memory in use is never given back, also not on a node that was out of the view            `Opener`
 *
 * Left out: A is always up to date and holds no reference; the delete is prepared as in protocol.pml, so B has
 * its mark if it is in the view; FREE is not prepared, which allows more than there is.
 */

#ifndef LAPSES
#define LAPSES 1
#endif
#ifndef OPENS
#define OPENS 1
#endif
#define DELETE 1
#define EXPIRE 2
#define JOIN 3
#define FREE 4
#define LOG 6

byte entry[LOG], last;
mtype = { LIVE, DRAINING, GONE };

/* ---- the fold of the whole log, as A has it ---- */
byte epoch = 1;
bit inView = 1;         /* B */
byte deletedAt;         /* position of the delete, 0 before it */
bit freed;

/* ---- A: the delete, and the question ---- */
mtype = { NEW, PREPARED, APPENDED };
mtype deleting = NEW;
byte deleteEpoch;
byte askedIn;           /* the epoch of the question, 0 if there is none */
bit asks, answered;     /* the question is on its way to B; B's answer has come */
byte freeOf;            /* FREE on its way: the epoch that it names */
byte asksLeft = 2;

/* ---- B ---- */
byte applied;
mtype cell = LIVE;
bit mark, drains;       /* the mark of the delete; the bit in the word of references */
byte count;             /* and the count in it */
byte token = 1;
bit lease = 1, expiring, memory = 1, given, rejoins = 1;
byte pins, lapses = LAPSES;
bit holds;              /* an open has succeeded, and the reference is not put yet */

inline put(what) { assert(last < LOG); entry[last] = what; last++ }

/* FREE reaches the log. Its fence, and the condition that it was not freed before. */
inline lands() {
#ifdef BUG_FREE_UNFENCED
  if :: !freed ->
#else
  if :: !freed && freeOf == epoch ->
#endif
       assert(!inView || !holds);
       freed = 1;
       put(FREE)
  :: else
  fi;
  freeOf = 0
}

proctype A() {
end:
  do
  /* the delete: marked on every member, decided in the log */
  :: d_step { deleting == NEW -> deleting = PREPARED; deleteEpoch = epoch; if :: inView -> mark = 1 :: else fi }
  :: d_step { deleting == PREPARED ->
         if
         :: deleteEpoch == epoch -> deleting = APPENDED; put(DELETE); deletedAt = last
         :: else -> deleting = NEW; mark = 0
         fi }
  /* rule 51: ask those who are in the view now */
  :: d_step { deletedAt != 0 && !freed && freeOf == 0 && asksLeft > 0 -> asksLeft--; askedIn = epoch; asks = inView; answered = 0 }
  :: d_step { askedIn != 0 && askedIn == epoch && (answered || !inView) -> freeOf = epoch; askedIn = 0; answered = 0; asks = 0 }
  :: d_step { freeOf != 0 -> lands() }
  /* B's session */
  :: d_step { lapses > 0 && lease -> lapses--; lease = 0 }
  :: d_step { inView && !lease && !expiring -> expiring = 1 }
  :: d_step { inView && !lease && !expiring && token != 0 -> lease = 1 }
  :: d_step { expiring -> expiring = 0; inView = 0; epoch++; put(EXPIRE) }
  od
}

/* B's loop. Threads run between the steps of applying a delete or a free. */
proctype Loop() {
end:
  do
  :: d_step { applied < last && entry[applied] == DELETE -> applied++; cell = DRAINING; mark = 0 };
     d_step { drains = 1 }
  :: d_step { applied < last && entry[applied] == EXPIRE -> applied++; token = 0 }
  :: d_step { applied < last && entry[applied] == JOIN -> applied++; token = applied + 1; lease = 0 }
  :: d_step { applied < last && entry[applied] == FREE -> applied++; cell = GONE };
     /* the word is forgotten: whoever asks for one now gets a new one, without the bit */
     d_step { drains = 0; count = 0;
#ifdef BUG_FREE_UNDER_A_PIN
         memory = 0
#else
         given = 1
#endif
     }
  /* rule 52: memory goes when the last pin has gone, whatever the log says */
  :: d_step { given && pins == 0 -> given = 0; memory = 0 }
  :: d_step { token == 0 && !inView && rejoins -> rejoins = 0; inView = 1; epoch++; put(JOIN) }
  /* the question: the delete applied, and no reference */
#ifdef BUG_ANSWER_BEFORE_DELETE
  :: d_step { asks && count == 0 -> asks = 0; answered = 1 }
#else
  :: d_step { asks && applied >= deletedAt && drains && count == 0 -> asks = 0; answered = 1 }
#endif
  :: d_step { asks && !inView -> asks = 0 }
  od
}

/* A thread of B opens the object (rule 50), pins its data, and puts the reference. */
proctype Opener(byte left) {
  byte begun;
  bit old;              /* the word it counted in was forgotten meanwhile */
again:
  if
  :: d_step { token != 0 && cell == LIVE && !mark -> begun = token }
  :: token == 0 || cell != LIVE -> goto over
  fi;
#ifdef BUG_NO_DRAINING_BIT
  d_step { count++ };
#else
  if
  :: d_step { !drains -> count++ }
  :: drains -> goto over
  fi;
#endif
  /* it looks again: word and bit may have gone since */
#ifndef BUG_NO_SECOND_LOOK
  if
  :: cell == LIVE
  :: d_step { cell != LIVE -> if :: count > 0 -> count-- :: else fi } ; goto over
  fi;
#endif
  if
#ifdef BUG_NO_CHECK_OF_THE_LEASE
  :: d_step { true -> assert(!freed); holds = 1; pins++ }
#else
  :: d_step { token == begun && lease -> assert(!freed); holds = 1; pins++ }
  :: d_step { token != begun || !lease -> if :: count > 0 -> count-- :: else fi } ; goto over
#endif
  fi;
  /* in use, for as long as it likes */
  d_step { assert(memory); pins--; holds = 0; if :: count > 0 -> count-- :: else fi };
over:
  begun = 0;
  left--;
  if
  :: left > 0 -> goto again
  :: left == 0
  fi
}

init { atomic { run A(); run Loop(); run Opener(OPENS) } }

/*
 * Pins that are counted without a lock, in the word of an extent or in a crowd, while others, under the lock,
 * give extents crowds, take these back, take extents out of memory and drop them (Frame, Crowd, Crowds).
 *
 * There are two extents and one crowd, which goes from one to the other. A crowd has two places; a pin is
 * counted at that of its thread, and given back at either, as any thread may do it.
 *
 * Checked
 *   an extent is not taken out of memory, nor given up, while a pin holds it                  `away`, `forget`
 *   an extent that was dropped is given up in the end, whoever looked when                    `end`
 *
 * Left out: eviction again after it came back, which is another round of the same; who waits for room, who is
 * told where a dropped extent is; reads of a crowd's places are steps of their own, in one order.
 */

#ifndef PINS
#define PINS 2          /* of each thread */
#endif
#ifndef ACTS
#define ACTS 4          /* under the lock */
#endif

/* ---- the word of each extent: all of it is read, or changed, in one step ---- */
byte pins[2];
bit resident[2] = 1, dropped[2], crowd[2];

bit given[2];           /* given up: its memory is another's */
byte inside[2];         /* who holds it; nobody looks at that but the checks */

/* ---- the crowd ---- */
short place[2];
byte owner = 2;         /* 2: nobody */

bit lock;
byte done;

/* Takes the crowd from x, unless somebody is counted there. Under the lock. */
inline disband(x) {
  ok = 1;
  if
  :: crowd[x] ->
    sum = place[0]; sum = sum + place[1];
    if
    :: sum > 0 -> ok = 0
    :: else ->
      crowd[x] = 0;
#ifndef BUG_NO_SECOND_SUM
      sum = place[0]; sum = sum + place[1];
#endif
      if
      :: sum > 0 -> crowd[x] = 1; ok = 0
      :: else -> owner = 2
      fi
    fi
  :: else
  fi
}

/* Gives x up if it was dropped and nobody holds it. Under the lock. */
inline forget(x) {
  d_step { seen = pins[x]; counted = crowd[x] }
  if
  :: counted -> sum = place[0]; sum = sum + place[1]; seen = seen + sum
  :: else
  fi;
  if
  :: dropped[x] && seen == 0 && !given[x] ->
    disband(x);
    if
    :: ok -> d_step { given[x] = 1; resident[x] = 0; assert(inside[x] == 0) }
    :: else
    fi
  :: else
  fi
}

/* One pin fewer at a place. Whoever was kept from something by it is told. */
inline leave(at, x) {
  place[at] = place[at] - 1;
#ifndef BUG_TELLS_NOBODY
#ifdef BUG_TELLS_ITS_OWN
  who = x;
#else
  who = owner;
#endif
  if
  :: who < 2 && dropped[who] ->
    sum = place[0]; sum = sum + place[1];
    if
    :: sum == 0 -> atomic { !lock -> lock = 1 }; forget(who); lock = 0
    :: else
    fi
  :: else
  fi
#endif
}

proctype Thread(byte me) {
  byte left = PINS, x, who, seen;
  short sum;
  bit was, ok, held, counted;
  do
  :: left > 0 ->
    left--;
    if :: x = 0 :: x = 1 fi;
    held = 0;
    d_step { ok = resident[x] && !dropped[x]; was = crowd[x] }
    if
    :: ok && was ->
      place[me] = place[me] + 1;
#ifdef BUG_NO_LOOK_AFTER
      d_step { held = 1; inside[x]++ }
#else
      d_step {
        if
        :: resident[x] && !dropped[x] && crowd[x] -> held = 1; inside[x]++
        :: else
        fi
      }
#endif
      if
      :: held ->
        assert(resident[x] && !given[x]);
        d_step { assert(resident[x] && !given[x]); inside[x]-- }
        if :: leave(0, x) :: leave(1, x) fi
      :: else -> leave(me, x)
      fi
    :: ok && !was ->
      d_step {
        pins[x]++;
        if
        :: resident[x] && !dropped[x] -> held = 1; inside[x]++
        :: else
        fi
      }
      if
      :: held ->
        assert(resident[x] && !given[x]);
        d_step { assert(resident[x] && !given[x]); inside[x]-- }
      :: else
      fi;
      d_step { pins[x]--; ok = pins[x] == 0 && dropped[x] }
      if
      :: ok -> atomic { !lock -> lock = 1 }; forget(x); lock = 0
      :: else
      fi
    :: else
    fi
  :: else -> break
  od;
  done++
}

/* Whoever has the lock. */
proctype Owner() {
  byte left = ACTS, x, seen;
  short sum;
  bit ok, counted;
  do
  :: left > 0 ->
    left--;
    if :: x = 0 :: x = 1 fi;
    atomic { !lock -> lock = 1 };
    if
    :: owner == 2 && resident[x] && !dropped[x] -> owner = x; crowd[x] = 1
#ifdef BUG_TAKES_FROM_DROPPED
    :: owner == x -> disband(x)
#else
    :: owner == x && !dropped[x] -> disband(x)
#endif
    :: !dropped[x] -> dropped[x] = 1; forget(x)
    :: resident[x] && !dropped[x] -> /* out of memory, and back */
      disband(x);
      if
      :: ok ->
        d_step {
          ok = pins[x] == 0 && !crowd[x] && resident[x];
          if
          :: ok -> resident[x] = 0
          :: else
          fi
        }
        if
        :: ok -> assert(inside[x] == 0); resident[x] = 1
        :: else
        fi
      :: else
      fi
    :: else
    fi;
    lock = 0
  :: else -> break
  od;
  done++
}

init {
  atomic { run Thread(0); run Thread(1); run Owner() }
  done == 3;
  assert(!dropped[0] || given[0]);
  assert(!dropped[1] || given[1]);
  assert(place[0] + place[1] == 0 && pins[0] == 0 && pins[1] == 0)
}

package io.quire.lockserver;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/** The lock server said plainly: lists that are searched from the begin to the end. */
final class LockModel {
  /** A request for a lock, in the order in which they came; it stays while it counts. */
  static final class Wanted {
    final String path;
    final long session;
    final boolean exclusive;
    final boolean delayed;
    boolean held;
    boolean lost;

    Wanted(String path, long session, boolean exclusive, boolean delayed) {
      this.path = path;
      this.session = session;
      this.exclusive = exclusive;
      this.delayed = delayed;
    }

    @Override
    public String toString() {
      return session + (exclusive ? "x" : "s") + (lost ? "lost" : held ? "held" : "waits");
    }
  }

  final TreeSet<Long> sessions = new TreeSet<>();
  final TreeMap<String, Long> counters = new TreeMap<>();
  final TreeMap<String, Long> ephemerals = new TreeMap<>();
  final List<Wanted> wanted = new ArrayList<>();

  String acquire(Wanted one, boolean waits) {
    if (!sessions.contains(one.session)) {
      return "ENDED";
    }
    for (Wanted other : on(one.path)) {
      if (other.session == one.session && !other.lost) {
        return other.held ? "ALREADY_HELD" : "ALREADY_WAITING";
      }
    }
    wanted.add(one);
    settle();
    if (one.held) {
      return "GRANTED";
    }
    if (waits) {
      return "QUEUED";
    }
    wanted.remove(one);
    boolean someoneHolds = on(one.path).stream().anyMatch(other -> other.held && !other.lost);
    return someoneHolds ? "BUSY" : "DELAYED";
  }

  String release(String path, long session) {
    if (!sessions.contains(session)) {
      return "ENDED";
    }
    boolean was =
        wanted.removeIf(
            one -> one.path.equals(path) && one.session == session && one.held && !one.lost);
    settle();
    return was ? "OK" : "NOT_HELD";
  }

  void cancel(String path, long session) {
    wanted.removeIf(one -> one.path.equals(path) && one.session == session && !one.lost);
    settle();
  }

  void end(List<Long> gone, boolean clean) {
    gone.forEach(sessions::remove);
    wanted.removeIf(one -> gone.contains(one.session) && !one.held);
    for (Wanted one : List.copyOf(wanted)) {
      if (gone.contains(one.session) && !one.lost) {
        one.lost = true;
        if (clean || !one.delayed) {
          wanted.remove(one);
        }
      }
    }
    settle();
    ephemerals.values().removeIf(gone::contains);
  }

  void delayOver(Wanted one) {
    wanted.remove(one);
    settle();
  }

  /** Whoever comes first and can be admitted is; nobody overtakes on one path. */
  private void settle() {
    for (Wanted one : wanted) {
      if (!one.held) {
        one.held =
            on(one.path).stream()
                .filter(other -> other != one && (other.held || before(other, one)))
                .allMatch(other -> other.held && !other.exclusive && !one.exclusive);
      }
    }
  }

  private boolean before(Wanted a, Wanted b) {
    return wanted.indexOf(a) < wanted.indexOf(b);
  }

  List<Wanted> on(String path) {
    return wanted.stream().filter(one -> one.path.equals(path)).toList();
  }
}

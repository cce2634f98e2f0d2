package io.quire.lockserver;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The lock server said plainly: lists that are searched from the begin to the end. */
final class LockModel {
  private static final Set<String> TOGETHER =
      Set.of(
          "SHARED SHARED",
          "BESIDE_READ BESIDE_READ",
          "BESIDE_READ BESIDE_WRITE",
          "BESIDE_WRITE BESIDE_READ");

  /** A request for a lock, in the order in which they came; it stays while it counts. */
  static final class Wanted {
    final String path;
    final long session;
    final boolean delayed;
    LockMode mode;
    @Nullable LockMode to;
    boolean held;
    boolean lost;

    Wanted(String path, long session, LockMode mode, boolean delayed) {
      this.path = path;
      this.session = session;
      this.mode = mode;
      this.delayed = delayed;
    }

    @Override
    public String toString() {
      return LockModel.text(session, mode, lost ? "lost" : held ? "held" : "waits", to);
    }
  }

  final TreeSet<Long> sessions = new TreeSet<>();
  final TreeMap<String, Long> counters = new TreeMap<>();
  final TreeMap<String, Long> ephemerals = new TreeMap<>();
  final List<Wanted> wanted = new ArrayList<>();
  private final List<Wanted> conversions = new ArrayList<>();

  static String text(long session, LockMode mode, String how, @Nullable LockMode to) {
    return session + " " + mode + " " + how + (to == null ? "" : " to " + to);
  }

  /** Whether two may hold a lock at the same time. */
  static boolean together(LockMode one, LockMode other) {
    return TOGETHER.contains(one + " " + other);
  }

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

  String convert(String path, long session, LockMode to) {
    if (!sessions.contains(session)) {
      return "ENDED";
    }
    Wanted one =
        on(path).stream()
            .filter(each -> each.session == session && each.held && !each.lost)
            .findFirst()
            .orElse(null);
    if (one == null) {
      return "NOT_HELD";
    }
    if (one.to != null) {
      return "ALREADY_WAITING";
    }
    if (othersAllow(one, to)) {
      one.mode = to;
      settle();
      return "GRANTED";
    }
    for (Wanted other : conversions) {
      LockMode theirs = other.to;
      if (other.path.equals(path)
          && theirs != null
          && !together(other.mode, to)
          && !together(one.mode, theirs)) {
        return "DEADLOCK";
      }
    }
    one.to = to;
    conversions.add(one);
    return "QUEUED";
  }

  void cancelConversion(Wanted one) {
    one.to = null;
    settle();
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
        one.to = null;
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

  private boolean othersAllow(Wanted one, LockMode mode) {
    return on(one.path).stream()
        .filter(other -> other != one && other.held)
        .allMatch(other -> together(other.mode, mode));
  }

  /** Holders first, then whoever comes first; one overtakes only whom it does not keep out. */
  private void settle() {
    conversions.removeIf(one -> one.to == null || !wanted.contains(one));
    for (Wanted one : conversions) {
      LockMode to = one.to;
      if (to != null && othersAllow(one, to)) {
        one.mode = to;
        one.to = null;
      }
    }
    conversions.removeIf(one -> one.to == null);
    for (Wanted one : wanted) {
      if (!one.held) {
        one.held =
            on(one.path).stream()
                .filter(other -> other != one && (other.held || before(other, one)))
                .allMatch(other -> together(other.mode, one.mode) && allows(other.to, one.mode));
      }
    }
  }

  private static boolean allows(@Nullable LockMode to, LockMode mode) {
    return to == null || together(to, mode);
  }

  private boolean before(Wanted a, Wanted b) {
    return wanted.indexOf(a) < wanted.indexOf(b);
  }

  List<Wanted> on(String path) {
    return wanted.stream().filter(one -> one.path.equals(path)).toList();
  }
}

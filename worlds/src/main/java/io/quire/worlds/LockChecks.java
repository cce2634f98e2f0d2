package io.quire.worlds;

import io.quire.lockserver.HeldLock;
import io.quire.lockserver.LockEvent;
import io.quire.lockserver.LockMode;
import io.quire.sim.World;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What must be true of locks, whatever happens to nodes and messages:
 *
 * <ul>
 *   <li>at no moment do two processes both find, by their own clocks, that they hold a lock, unless
 *       their modes admit each other, also while they change them;
 *   <li>a transaction that wants a lock free takes effect only where nobody has it;
 *   <li>changes that are guarded by a lock take effect in the order of its holders, whoever sends
 *       them and however late;
 *   <li>what a holder sends, and is under way for less than the lock delay, does not arrive after
 *       something from the next holder;
 *   <li>locks are granted in the order of the requests, but for those that admit each other;
 *   <li>what was reported as done is done once, and what was reported as not done is not;
 *   <li>all nodes are told the same events, in order and without gaps.
 * </ul>
 */
final class LockChecks {
  static final String GUARD = "/l";
  static final String MIXED = "/m";
  static final List<String> LOCKS = List.of(GUARD, MIXED);
  static final String LOG = "/log";
  static final String FREE = "/free";
  private static final Set<String> TOGETHER =
      Set.of(
          "SHARED SHARED",
          "BESIDE_READ BESIDE_READ",
          "BESIDE_READ BESIDE_WRITE",
          "BESIDE_WRITE BESIDE_READ");
  static final String COUNTER = "/n";

  private final World world;
  private final List<Held> held = new ArrayList<>();
  private final Map<String, TreeMap<Long, Grant>> granted = new HashMap<>();
  private final TreeMap<Long, LockEvent> events = new TreeMap<>();
  private final Set<String> acknowledged = new HashSet<>();
  private final Set<String> refused = new HashSet<>();
  private long counted;
  private long perhapsCounted;
  private long newestHeard;

  private record Held(SimulatedNode node, HeldLock lock) {
    boolean now() {
      return node.node.alive() && lock.isHeld();
    }
  }

  private record Grant(long requested, LockMode mode) {}

  LockChecks(World world) {
    this.world = world;
    world.invariant("mutual exclusion", 1, this::mutualExclusion);
  }

  /** A client came to hold a lock. */
  void holds(SimulatedNode node, HeldLock lock) {
    held.add(new Held(node, lock));
    granted
        .computeIfAbsent(lock.sequencer().path(), _ -> new TreeMap<>())
        .put(lock.sequencer().generation(), new Grant(lock.requested(), lock.sequencer().mode()));
  }

  void lets(HeldLock lock) {
    held.removeIf(each -> each.lock == lock);
  }

  private void mutualExclusion() {
    for (int i = 0; i < held.size(); i++) {
      for (int j = i + 1; j < held.size(); j++) {
        HeldLock one = held.get(i).lock;
        HeldLock other = held.get(j).lock;
        if (!together(one.mode(), other.mode())
            && one.sequencer().path().equals(other.sequencer().path())
            && held.get(i).now()
            && held.get(j).now()) {
          throw new AssertionError(
              "two hold one lock: "
                  + one.sequencer()
                  + " as "
                  + one.mode()
                  + " and "
                  + other.sequencer()
                  + " as "
                  + other.mode());
        }
      }
    }
  }

  private static boolean together(LockMode one, LockMode other) {
    return TOGETHER.contains(one + " " + other);
  }

  /** Something arrived that a holder sent, at somebody who looks at nothing. */
  void heard(long generation) {
    if (generation < newestHeard) {
      throw world.failure(
          "a message of an old holder came after one of a newer: generation="
              + generation
              + " newest="
              + newestHeard);
    }
    newestHeard = generation;
  }

  void guardedDone(String path) {
    acknowledged.add(path);
  }

  void guardedRefused(String path) {
    refused.add(path);
  }

  static String guardedPath(long generation, String unique) {
    return LOG + "/" + generation + "-" + unique;
  }

  /**
   * What guarded changes made, files and cells, is ordered as the lock's holders were.
   *
   * @param made by path, the position at which
   */
  void guarded(Map<String, Long> made) {
    Set<String> found = new HashSet<>();
    long newest = 0;
    List<Map.Entry<String, Long>> inOrder =
        made.entrySet().stream().sorted(Map.Entry.comparingByValue()).toList();
    for (Map.Entry<String, Long> each : inOrder) {
      String path = each.getKey();
      found.add(path);
      String name = path.substring(LOG.length() + 1);
      long generation = Long.parseLong(name.substring(0, name.indexOf('-')));
      if (generation < newest) {
        throw world.failure(
            "a guarded change took effect after the lock had gone on: path="
                + path
                + " newest="
                + newest);
      }
      newest = generation;
    }
    for (String path : acknowledged) {
      if (!found.contains(path)) {
        throw world.failure("a change that was acknowledged is not there: path=" + path);
      }
    }
    for (String path : refused) {
      if (found.contains(path)) {
        throw world.failure("a change that was refused is there: path=" + path);
      }
    }
  }

  /** A client is about to count. */
  void perhapsCounted() {
    perhapsCounted++;
  }

  /** It was told what came of it. */
  void countKnown(boolean done) {
    perhapsCounted--;
    counted += done ? 1 : 0;
  }

  void counter(long value) {
    if (value < counted || value > counted + perhapsCounted) {
      throw world.failure(
          "not counted once each: value="
              + value
              + " acknowledged="
              + counted
              + " unknown="
              + perhapsCounted);
    }
  }

  /** Of each lock, later grants are of later requests, if one keeps the other out. */
  void order() {
    granted.forEach(
        (path, byGeneration) -> {
          List<Grant> before = new ArrayList<>();
          for (Grant grant : byGeneration.values()) {
            for (Grant earlier : before) {
              if (grant.requested() <= earlier.requested()
                  && !together(grant.mode(), earlier.mode())) {
                throw world.failure("granted out of order: path=" + path);
              }
            }
            before.add(grant);
          }
        });
  }

  /**
   * What was put on condition that a lock is free, was so where nobody held or had lost it.
   *
   * @param made by key, the position at which
   */
  void free(Map<String, Long> made) {
    made.forEach(
        (key, position) -> {
          String path = key.substring(FREE.length(), key.lastIndexOf('/'));
          Map<Long, Long> holders = holders(path, position);
          if (!holders.isEmpty()) {
            throw world.failure(
                "a lock was not free: key=" + key + " generations=" + holders.keySet());
          }
        });
  }

  /** By generation, the sessions that had this lock before this position. */
  private Map<Long, Long> holders(String path, long position) {
    Map<Long, Long> holders = new TreeMap<>();
    for (LockEvent event : events.values()) {
      if (event.position() >= position) {
        break;
      }
      if (event.path().equals(path)) {
        apply(event, holders);
      }
    }
    return holders;
  }

  private static void apply(LockEvent event, Map<Long, Long> holders) {
    switch (event.kind()) {
      case ACQUIRED -> holders.put(event.generation(), event.session());
      case CONVERTED -> {
        holders.values().removeIf(session -> session == event.session());
        holders.put(event.generation(), event.session());
      }
      case RELEASED, DELAY_OVER -> holders.remove(event.generation());
      case LOST -> {
        // In these worlds the one that is guarded has a delay, and the other one has none.
        if (!event.path().equals(GUARD)) {
          holders.remove(event.generation());
        }
      }
      case CREATED, CHANGED, REMOVED, QUEUED, LEADER, MISSED -> {}
    }
  }

  /** A node's watch told this, having told what is in {@code seen}. */
  void event(LockEvent event, TreeMap<Long, LockEvent> seen) {
    if (event.kind() == LockEvent.Kind.MISSED) {
      throw world.failure("a watch missed events: upTo=" + event.id());
    }
    long before = seen.isEmpty() ? 0 : seen.lastKey();
    if (event.id() != before + 1) {
      throw world.failure("a watch left something out: after=" + before + " found=" + event);
    }
    seen.clear();
    seen.put(event.id(), event);
    LockEvent others = events.putIfAbsent(event.id(), event);
    if (others != null && !others.equals(event)) {
      throw world.failure("two events of one number: " + others + " and " + event);
    }
  }
}

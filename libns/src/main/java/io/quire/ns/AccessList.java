package io.quire.ns;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Who may do what in a namespace. It is a copy: it does not change.
 *
 * @param granted what those may do that are named, in the order of their names; also less than all
 *     others, or nothing
 * @param others what everybody else may do
 */
public record AccessList(SortedMap<Principal, Access> granted, Access others) {
  /** How many may be named. */
  public static final int ENTRIES_MAX = 64;

  /**
   * Of a namespace that has no list: everybody may write in it, and it belongs to nobody but the
   * programs that embed the nodes.
   */
  public static final AccessList OPEN = new AccessList(Collections.emptySortedMap(), Access.WRITER);

  /** Nobody may do anything. */
  static final AccessList CLOSED = new AccessList(Collections.emptySortedMap(), Access.NONE);

  /** Refuses more entries than {@value #ENTRIES_MAX}. */
  public AccessList {
    if (granted.size() > ENTRIES_MAX) {
      throw new IllegalArgumentException(
          "access list too long: entries=" + granted.size() + " max=" + ENTRIES_MAX);
    }
    granted = Collections.unmodifiableSortedMap(new TreeMap<>(granted));
  }

  /** What a new namespace has: it is its creator's, and nobody else's. */
  static AccessList of(Principal owner) {
    return CLOSED.with(owner, Access.OWNER);
  }

  /** What a principal may do, by name or as one of all others. */
  public Access accessOf(Principal principal) {
    return granted.getOrDefault(principal, others);
  }

  AccessList with(Principal principal, Access access) {
    TreeMap<Principal, Access> next = new TreeMap<>(granted);
    next.put(principal, access);
    return new AccessList(next, others);
  }

  AccessList without(Principal principal) {
    TreeMap<Principal, Access> next = new TreeMap<>(granted);
    next.remove(principal);
    return new AccessList(next, others);
  }

  AccessList withOthers(Access access) {
    return new AccessList(granted, access);
  }

  /** Whether one more may be named, or this one is. */
  boolean hasRoomFor(Principal principal) {
    return granted.containsKey(principal) || granted.size() < ENTRIES_MAX;
  }
}

package io.quire.ager;

import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;

/**
 * Lists of slots: for each client one of each kind. A slot is in one of them at most, and in one of
 * the client that its extent belongs to. Not thread-safe.
 */
final class ClientLists {
  static final int NONE = SlotLists.NONE;

  private final int kinds;
  private final SlotLists lists;
  private final int[] counts;
  private final int[] looks;
  private final IntUnaryOperator clientOf;
  private final IntUnaryOperator usedAt;

  /**
   * Empty ones.
   *
   * @param clientOf whose a slot is, from 0
   * @param usedAt when a slot was used, as {@link Frame#lastUse}
   */
  ClientLists(int clients, int kinds, IntUnaryOperator clientOf, IntUnaryOperator usedAt) {
    this.kinds = kinds;
    this.clientOf = clientOf;
    this.usedAt = usedAt;
    lists = new SlotLists(clients * kinds);
    counts = new int[clients * kinds];
    looks = new int[clients];
  }

  private int list(int client, int kind) {
    return client * kinds + kind;
  }

  private int listOf(int kind, int slot) {
    return list(clientOf.applyAsInt(slot), kind);
  }

  /** Whether it is in any list. */
  boolean contains(int slot) {
    return lists.contains(slot);
  }

  private int count(int client, int kind) {
    return counts[list(client, kind)];
  }

  /** Puts a slot that is in no list to the end of one. */
  void addLast(int kind, int slot) {
    int list = listOf(kind, slot);
    lists.addLast(list, slot);
    counts[list]++;
  }

  /** Puts a slot that is in no list to the beginning of one. */
  void addFirst(int kind, int slot) {
    int list = listOf(kind, slot);
    lists.addFirst(list, slot);
    counts[list]++;
  }

  /** Takes a slot out of the list of this kind. */
  void remove(int kind, int slot) {
    lists.remove(slot);
    counts[listOf(kind, slot)]--;
  }

  /** Puts a slot that is in the list of one kind to the end of that of another, or of the same. */
  void moveLast(int from, int to, int slot) {
    int client = clientOf.applyAsInt(slot);
    lists.moveLast(list(client, to), slot);
    counts[list(client, from)]--;
    counts[list(client, to)]++;
  }

  /**
   * The first of a kind that is accepted, of these clients; of what comes first with each of them,
   * the least recently used is asked first. Whoever is refused goes to the end. NONE if all are.
   */
  int first(int kind, int[] clients, IntPredicate accept) {
    for (int client : clients) {
      looks[client] = count(client, kind);
    }
    for (int client = next(kind, clients); client != NONE; client = next(kind, clients)) {
      int slot = lists.first(list(client, kind));
      if (accept.test(slot)) {
        return slot;
      }
      looks[client]--;
      lists.moveLast(list(client, kind), slot);
    }
    return NONE;
  }

  private int next(int kind, int[] clients) {
    int oldest = NONE;
    int oldestUse = 0;
    for (int client : clients) {
      if (looks[client] > 0) {
        int use = clients.length == 1 ? 0 : usedAt.applyAsInt(lists.first(list(client, kind)));
        if (oldest == NONE || use - oldestUse < 0) {
          oldest = client;
          oldestUse = use;
        }
      }
    }
    return oldest;
  }
}

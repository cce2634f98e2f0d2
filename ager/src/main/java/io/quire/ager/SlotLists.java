package io.quire.ager;

import java.util.Arrays;

/**
 * Some doubly linked lists of slots, through one array of ints: 8 bytes for each slot. A slot is in
 * one of the lists at most; which one, the owner knows. All operations take constant time, but for
 * the growth of the array. Not thread-safe.
 */
final class SlotLists {
  static final int NONE = -1;

  private final int lists;

  /** For each list, then for each slot, the node before and the node after it; 0 if in no list. */
  private int[] links;

  /**
   * @param lists how many, numbered from 0
   */
  SlotLists(int lists) {
    this.lists = lists;
    links = new int[2 * (lists + 1)];
    for (int node = 1; node <= lists; node++) {
      link(node, node);
    }
  }

  boolean contains(int slot) {
    int at = 2 * node(slot);
    return at + 1 < links.length && links[at] != 0;
  }

  /** Puts a slot that is in no list to the end of this one. */
  void addLast(int list, int slot) {
    int node = node(slot);
    if (2 * node + 1 >= links.length) {
      links = SlotArrays.grown(links, 2 * node + 2);
    }
    int head = list + 1;
    link(before(head), node);
    link(node, head);
  }

  /** Puts a slot that is in no list to the beginning of this one. */
  void addFirst(int list, int slot) {
    addLast(list, slot);
    int node = node(slot);
    int head = list + 1;
    if (before(node) != head) {
      link(before(node), head);
      link(node, after(head));
      link(head, node);
    }
  }

  /** Takes a slot out of the list that it is in. */
  void remove(int slot) {
    int node = node(slot);
    link(before(node), after(node));
    Arrays.fill(links, 2 * node, 2 * node + 2, 0);
  }

  /** Puts a slot that is in some list to the end of this one. */
  void moveLast(int list, int slot) {
    int node = node(slot);
    link(before(node), after(node));
    int head = list + 1;
    link(before(head), node);
    link(node, head);
  }

  /** The slot at the beginning, or {@link #NONE}. */
  int first(int list) {
    return slot(after(list + 1));
  }

  /** The slot at the end, or {@link #NONE}. */
  int last(int list) {
    return slot(before(list + 1));
  }

  /** The slot before this one in its list, or {@link #NONE}. */
  int previous(int slot) {
    return slot(before(node(slot)));
  }

  private void link(int node, int next) {
    links[2 * node + 1] = next;
    links[2 * next] = node;
  }

  private int before(int node) {
    return links[2 * node];
  }

  private int after(int node) {
    return links[2 * node + 1];
  }

  private int node(int slot) {
    return lists + 1 + slot;
  }

  private int slot(int node) {
    return node <= lists ? NONE : node - lists - 1;
  }
}

package io.quire.ager;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bodies on their way to a store, and where each came to lie. What has no place after {@link
 * Store#spill} can be offered to the next store, in the same batch. Confined to one thread.
 */
final class SpillBatch {
  private final List<Body> bodies;
  private final long[] places;
  private @Nullable IOException failure;

  SpillBatch(List<Body> bodies) {
    this.bodies = List.copyOf(bodies);
    places = new long[bodies.size()];
    Arrays.fill(places, Place.NOWHERE);
  }

  int size() {
    return places.length;
  }

  Body body(int index) {
    return bodies.get(index);
  }

  /** Of the copy in its store, or {@link Place#NOWHERE}. */
  long place(int index) {
    return places[index];
  }

  boolean lies(int index) {
    return places[index] != Place.NOWHERE;
  }

  /** Indices of the bodies that were not written anywhere. */
  List<Integer> left() {
    List<Integer> left = new ArrayList<>();
    for (int i = 0; i < places.length; i++) {
      if (!lies(i)) {
        left.add(i);
      }
    }
    return left;
  }

  boolean done() {
    return left().isEmpty();
  }

  /** Why some are left; the last of several reasons. */
  @Nullable IOException failure() {
    return failure;
  }

  void put(int index, long place) {
    places[index] = place;
  }

  void takeBack(int index) {
    places[index] = Place.NOWHERE;
  }

  void failed(IOException why) {
    failure = why;
  }
}

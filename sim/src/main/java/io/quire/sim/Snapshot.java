package io.quire.sim;

import java.util.Arrays;

/**
 * What a node's projections saved.
 *
 * @param index of the last frame in it
 * @param position of the last record in it
 * @param states in the order of their streams
 */
record Snapshot(long index, long position, byte[][] states) {
  boolean sameStates(Snapshot other) {
    return Arrays.deepEquals(states, other.states);
  }
}

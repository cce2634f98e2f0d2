package io.quire.twopc;

/**
 * How long changes of the view kept a node's transactions from being committed.
 *
 * @param count how many changes found some under way
 * @param lastNanos from the last of them to the next commit
 * @param longestNanos the longest so far
 */
public record ViewPauses(long count, long lastNanos, long longestNanos) {}

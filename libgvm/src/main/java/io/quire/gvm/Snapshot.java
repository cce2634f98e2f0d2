package io.quire.gvm;

import java.util.NavigableMap;

/**
 * All cells with a prefix as of one position, in the order of their keys.
 *
 * @param position every transaction up to there is in it, and none after it
 */
public record Snapshot(long position, NavigableMap<String, Versioned> cells) {}

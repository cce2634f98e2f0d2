package io.quire.ns;

/**
 * What a namespace holds.
 *
 * @param objects that have a name
 * @param bytes of their values
 */
public record Usage(long objects, long bytes) {}

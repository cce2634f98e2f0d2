package io.quire.gvm;

/**
 * What a cell holds.
 *
 * @param value not to be changed
 * @param version position of the transaction that wrote it
 */
public record Versioned(byte[] value, long version) {}

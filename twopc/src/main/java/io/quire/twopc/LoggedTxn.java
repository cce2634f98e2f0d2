package io.quire.twopc;

/**
 * A transaction as it stands in the log. What came of it does not stand there: it may have been
 * void, or have been rejected. Who knows its position as that of a change knows that it happened.
 *
 * @param position where it stands
 * @param participant whose it is
 * @param payload not to be changed
 */
public record LoggedTxn(long position, int participant, byte[] payload) {}

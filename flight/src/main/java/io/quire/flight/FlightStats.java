package io.quire.flight;

/**
 * What {@link TableFlights} of this node does now, and has done since it was opened.
 *
 * @param open streams that are not over: their last bytes are not taken yet
 * @param streams that were begun
 * @param batches handed to streams
 * @param rows in these
 * @param bytes in these
 * @param failed streams that ended in an error of this node
 * @param cancelled streams that their clients gave up
 * @param cutOff streams that were ended since their clients took nothing
 * @param refused streams and uploads, at the limit
 * @param uploadsOpen that are under way
 * @param uploads of which a table or a version was made, or had been made before
 * @param uploadsFailed of which none was made, as far as this node knows
 */
public record FlightStats(
    int open,
    long streams,
    long batches,
    long rows,
    long bytes,
    long failed,
    long cancelled,
    long cutOff,
    long refused,
    int uploadsOpen,
    long uploads,
    long uploadsFailed) {}

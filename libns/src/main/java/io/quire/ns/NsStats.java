package io.quire.ns;

/**
 * Figures of the namespaces as one node sees them. Each is right by itself, as of about the same
 * moment.
 *
 * @param objects that have a name, in all namespaces
 * @param draining objects that were deleted and wait for their last reference, on whatever node
 * @param references held on this node, those of who has an object open in a mode included
 * @param opens how often objects are open in modes on this node
 * @param listings begun on this node, and not ended
 * @param watches opened on this node, and not closed
 */
public record NsStats(
    long objects, int draining, long references, int opens, int listings, int watches) {}

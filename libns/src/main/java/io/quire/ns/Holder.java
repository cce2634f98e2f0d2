package io.quire.ns;

import java.util.Optional;

/**
 * Who holds a reference to an object, as his node says.
 *
 * @param label what he said of himself when he opened it; else the name of his thread
 * @param place where he opened it: class, method and line of the first caller outside of this
 *     library; empty if there is none
 * @param since by the node's wall clock, milliseconds since 1970
 * @param mode in which it is open, or for which he waits; empty for a reference without a mode, and
 *     for one whose mode was lost
 * @param waits whether he does not have the mode yet
 */
public record Holder(
    String label, String place, long since, Optional<OpenMode> mode, boolean waits) {}

package io.quire.ager;

import java.util.Optional;

/**
 * Somebody waits for room, and writing alone does not make it. What listeners are told ({@link
 * Ager#onPressure}, {@link Client#onPressure}); they release what they can spare by closing pins
 * and drafts and dropping extents.
 *
 * @param client whose limit it is, or nothing if memory as a whole is short
 * @param bytesWanted by all who wait for that
 */
public record Pressure(Optional<String> client, long bytesWanted) {}

package io.quire.gvm;

import org.jspecify.annotations.Nullable;

/**
 * A key got another value.
 *
 * @param position of the transaction
 * @param before null if it was absent
 * @param after null if it is absent
 */
public record Change(
    long position, String key, byte @Nullable [] before, byte @Nullable [] after) {}

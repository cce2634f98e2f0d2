package io.quire.gvm;

import org.jspecify.annotations.Nullable;

/**
 * What a transaction makes of one cell, where the log puts it.
 *
 * @param before null if the cell was absent
 * @param after null if it is absent afterwards; what the {@link Versioned.Reader} made of the value
 */
public record Step(Key key, @Nullable Versioned before, @Nullable Versioned after) {}

/** The {@code quire} command: one class for each thing it does. */
@NullMarked
package io.quire.cli;

import org.jspecify.annotations.NullMarked;

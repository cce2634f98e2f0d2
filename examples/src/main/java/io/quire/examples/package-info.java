/**
 * Programs that embed a node, from ten lines on. Each takes one argument, the directory in which
 * its node keeps data, and runs in the tests of this module.
 */
@NullMarked
package io.quire.examples;

import org.jspecify.annotations.NullMarked;

/** A name that Arrow looks for: see {@code NativeAllocation}. */
@NullMarked
package org.apache.arrow.memory.unsafe;

import org.jspecify.annotations.NullMarked;

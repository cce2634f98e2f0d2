/** Speed of Quire beside that of its peers, in one run. */
@NullMarked
package io.quire.bench;

import org.jspecify.annotations.NullMarked;

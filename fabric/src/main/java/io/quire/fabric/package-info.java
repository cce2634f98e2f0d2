@NullMarked
package io.quire.fabric;

import org.jspecify.annotations.NullMarked;

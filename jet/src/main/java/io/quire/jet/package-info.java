/**
 * Tables of Quire in pipelines of Hazelcast Jet. The members of the Jet cluster are clients of
 * Arrow Flight, so they may be anywhere. Begin at {@link io.quire.jet.QuireTables}.
 */
@NullMarked
package io.quire.jet;

import org.jspecify.annotations.NullMarked;

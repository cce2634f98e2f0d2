/**
 * The floor of Quire: names of things ({@link io.quire.base.NodeId}, {@link io.quire.base.Member},
 * {@link io.quire.base.Position}), bytes ({@link io.quire.base.WireWriter}, {@link
 * io.quire.base.WireReader}, {@link io.quire.base.Checksum}), and the seams behind which a node
 * meets the world: {@link io.quire.base.Clock}, {@link io.quire.base.Loop}, {@link
 * io.quire.base.Transport} and {@link io.quire.base.Log}. Protocol code sees nothing else of it, so
 * that a simulation can stand in for all four.
 */
@NullMarked
package io.quire.base;

import org.jspecify.annotations.NullMarked;

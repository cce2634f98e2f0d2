/**
 * One process of Quire: {@link io.quire.node.NodeConfig} says what it is, {@link
 * io.quire.node.Node} starts and stops all its parts in order, {@link io.quire.node.AdminServer}
 * shows it to people and commands over HTTP.
 */
@NullMarked
package io.quire.node;

import org.jspecify.annotations.NullMarked;

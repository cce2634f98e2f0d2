/**
 * Namespaces: named objects that every node has, found by name within a namespace or by id
 * anywhere.
 *
 * <p>{@link io.quire.ns.Namespaces} is the entry. A namespace is a number that its objects carry,
 * and a cell with its name, its quota and who may do what in it; an object is two cells of globally
 * visible memory, one under its name and one under its id. {@link io.quire.ns.NsRef} is a
 * reference: while one is held anywhere, the data of a deleted object stay; {@link
 * io.quire.ns.ReferenceReport} tells who holds one. What an object was is in the log: {@link
 * io.quire.ns.ObjectHistory}.
 */
@NullMarked
package io.quire.ns;

import org.jspecify.annotations.NullMarked;

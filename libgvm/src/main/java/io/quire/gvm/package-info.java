/**
 * Globally visible memory: cells that are present on every node, written by transactions and read
 * locally.
 *
 * <p>{@link io.quire.gvm.Cells} is the entry. A {@link io.quire.gvm.Transaction} is a list of
 * conditions and writes on named keys; conflicts are decided in log order, alike on every node. A
 * read costs a look into a hash table and at the clock, and is linearizable: while a transaction is
 * under way its keys are marked on every member, and a reader that meets a mark waits for that
 * transaction.
 */
@NullMarked
package io.quire.gvm;

import org.jspecify.annotations.NullMarked;

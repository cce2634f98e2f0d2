/**
 * The ager: variable-size, write-once extents in off-heap memory under a hard budget, paged to an
 * ordered list of stores.
 *
 * <p>Start at {@link io.quire.ager.Ager}. A {@link io.quire.ager.Draft} is private, pinned and
 * writable; sealing it gives an {@link io.quire.ager.Extent}, which never changes again. A {@link
 * io.quire.ager.Pin} holds an extent in memory; a {@link io.quire.ager.Scan} pins many in turn and
 * tells the ager the future. A {@link io.quire.ager.Copy} says where a durable copy lies, so that
 * another process, or this one after a restart, can adopt it. A {@link io.quire.ager.Client} has a
 * limit, a guarantee and a priority of its own.
 *
 * <p>Inside: {@code Region} is the memory, {@code Runs} divides it and {@code Compaction} says what
 * to move when free pages lie apart. {@code Frame} is the part of an extent that changes, with the
 * word that pins change without a lock. {@code Memory} owns all of them under one lock, under which
 * there is no I/O and no copying: {@code Rooms} are those who wait for room, {@code Victims} says
 * who goes for them ({@code Declared} of what scans have said, {@code Experts} of all else), {@code
 * Dirty} what has to be written. {@code Clients} has what each client may hold and holds. {@code
 * Reclaimer} serves who waits, {@code Writer} and {@code Persister} write, {@code PageIns} reads. A
 * {@code Store} has two shelves: one for spilled copies, written and read in batches and known by a
 * place in one word ({@code FlashSpill}, striped over directories whose slots are recycled, or
 * {@code ContainerSpill} in a Hadoop file system), and one for durable copies ({@code
 * ContainerShelf}). {@code Lanes} keep several I/Os in flight. {@code Tiers} says which spilled
 * copies should lie in another store, and {@code Mover} moves them; {@code Quarantine} has the
 * places that are not trusted.
 */
@NullMarked
package io.quire.ager;

import org.jspecify.annotations.NullMarked;

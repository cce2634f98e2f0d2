/**
 * The ager: variable-size, write-once extents in off-heap memory under a hard budget, paged to an
 * ordered list of stores.
 *
 * <p>Start at {@link io.quire.ager.Ager}. A {@link io.quire.ager.Draft} is private, pinned and
 * writable; sealing it gives an {@link io.quire.ager.Extent}, which never changes again. A {@link
 * io.quire.ager.Pin} holds an extent in memory; a {@link io.quire.ager.Scan} pins many in turn and
 * tells the ager the future. A {@link io.quire.ager.Copy} says where a durable copy lies, so that
 * another process, or this one after a restart, can adopt it.
 *
 * <p>Inside: {@code Region} is the memory, {@code PageRuns} divides it, {@code Frame} is one extent
 * with the word that pins change without a lock, {@code Memory} owns all frames under one lock (no
 * I/O under it) and decides who is moved or evicted by an {@code EvictionOrder}. {@code Cleaner}
 * and {@code Persister} write, {@code PageIns} reads. A {@code Store} has two shelves: one for
 * spilled copies, written and read in batches and known by a place in one word ({@code FlashSpill},
 * striped over directories whose slots are recycled, or {@code ContainerSpill} in a Hadoop file
 * system), and one for durable copies ({@code ContainerShelf}). {@code Lanes} keep several I/Os in
 * flight.
 */
@NullMarked
package io.quire.ager;

import org.jspecify.annotations.NullMarked;

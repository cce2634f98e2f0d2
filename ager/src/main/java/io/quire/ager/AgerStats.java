package io.quire.ager;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Figures of an {@link Ager} at one moment. Counters count from its opening.
 *
 * @param budgetBytes hard limit of {@code accountedBytes}
 * @param accountedBytes taken by drafts and resident extents, each rounded up to 4 KiB
 * @param peakAccountedBytes highest {@code accountedBytes} ever
 * @param pinnedBytes part of {@code accountedBytes} that is drafts or that somebody has pinned
 * @param dirtyBytes part of {@code accountedBytes} that is sealed and in no store yet
 * @param residentExtents sealed extents in memory
 * @param extents sealed or adopted, resident or not
 * @param peakRegionRss resident bytes of the region as the operating system counts them, the
 *     highest of all samples (one a second at most); empty where there is no way to ask
 * @param pageIns extents read from a store, by pins and by reading ahead
 * @param evictions extents whose memory was taken
 * @param moves extents moved in memory to join free bytes
 * @param waits calls that had to wait for room
 * @param clients by name, with {@link ClientConfig#DEFAULT} for all that has no client
 * @param stores in the configured order
 */
public record AgerStats(
    long budgetBytes,
    long accountedBytes,
    long peakAccountedBytes,
    long pinnedBytes,
    long dirtyBytes,
    int residentExtents,
    int extents,
    OptionalLong peakRegionRss,
    long pageIns,
    long evictions,
    long moves,
    long waits,
    List<ClientStats> clients,
    List<StoreStats> stores) {
  public AgerStats {
    clients = List.copyOf(clients);
    stores = List.copyOf(stores);
  }

  /**
   * Figures of one client that is open.
   *
   * @param limitBytes of {@code heldBytes}; no more than the budget
   * @param guaranteedBytes that others leave to it
   * @param priority of its requests and extents
   * @param heldBytes of its drafts and of its extents in memory, each rounded up to 4 KiB
   * @param pinnedBytes part of {@code heldBytes} that is drafts or that somebody has pinned
   * @param dirtyBytes part of {@code heldBytes} that is sealed and in no store yet
   * @param pageIns of its extents
   * @param waits for room for its drafts and extents
   * @param refusals of room for them
   */
  public record ClientStats(
      String name,
      long limitBytes,
      long guaranteedBytes,
      int priority,
      long heldBytes,
      long pinnedBytes,
      long dirtyBytes,
      long pageIns,
      long waits,
      long refusals) {}

  /**
   * Figures of one store.
   *
   * @param usedBytes counted against its capacity
   * @param freeBytes that can still be written, as far as is known: of the capacity, and of places
   *     that were given up. When the file system has less than the capacity, this shows it from the
   *     first refusal on
   * @param bytesOut bodies written
   * @param bytesIn bodies read
   * @param movedIn bodies that came from another store
   * @param movedOut bodies that went to another store
   * @param extents copies written and not given up
   * @param writeErrors failed writes; that it is full is none
   * @param readErrors failed reads
   * @param corruptCopies that were read and did not verify
   * @param badBytes in quarantine: what was there did not verify, and what was written there since
   *     did not either, or was not yet
   * @param full whether it had no room for the last that it was given
   * @param failing why it is left alone for the moment, if it is
   */
  public record StoreStats(
      URI uri,
      long capacityBytes,
      long usedBytes,
      long freeBytes,
      long bytesOut,
      long bytesIn,
      long movedIn,
      long movedOut,
      long extents,
      long writeErrors,
      long readErrors,
      long corruptCopies,
      long badBytes,
      boolean full,
      Optional<String> failing) {
    /** Failed writes, failed reads and copies that did not verify. */
    public long errors() {
      return writeErrors + readErrors + corruptCopies;
    }
  }
}

package io.quire.datasets;

/**
 * What {@link Datasets} of this node hold now, and have done since they were opened.
 *
 * @param datasets of which this node holds extents, or loads some
 * @param extents held, adopted ones included
 * @param extentBytes of these
 * @param streams that are served here, whoever reads them
 * @param loads coordinated here and published
 * @param loadsFailed coordinated here and not published
 * @param partsLoaded here
 * @param partsLoadedAgain by loads coordinated here, since a member failed
 * @param scans coordinated here and answered, streams included
 * @param ended scans and streams of which this node was told that nobody wants them any more
 * @param fragments scanned here
 * @param fragmentsEnded that were stopped here, since the scan was given up
 * @param fragmentsGivenAgain by scans and streams coordinated here, since a member failed
 * @param groupsSkipped here, since their guards said that nothing in them is needed
 * @param bytesScanned here
 * @param bytesServed to other nodes
 * @param bytesPulled from other nodes
 * @param extentsAdopted from durable copies
 * @param extentsDropped since their object was freed, or never came to be
 * @param refused requests of other members, at a limit
 */
public record DatasetsStats(
    int datasets,
    long extents,
    long extentBytes,
    int streams,
    long loads,
    long loadsFailed,
    long partsLoaded,
    long partsLoadedAgain,
    long scans,
    long ended,
    long fragments,
    long fragmentsEnded,
    long fragmentsGivenAgain,
    long groupsSkipped,
    long bytesScanned,
    long bytesServed,
    long bytesPulled,
    long extentsAdopted,
    long extentsDropped,
    long refused) {}

package io.quire.log;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/** How Ratis is run. */
final class RaftSettings {
  /** Of a Raft entry: the largest single record, with room for headers of frame and Raft entry. */
  static final SizeInBytes ENTRY_BYTES_MAX = SizeInBytes.valueOf("4MB");

  private static final int PREALLOCATED_BYTES_MAX = 4 << 20;
  private static final Duration STEP_DOWN_PAUSE = Duration.ofSeconds(2);

  private RaftSettings() {}

  static RaftProperties of(LogConfig config, Path raft, boolean alone) {
    RaftProperties properties = new RaftProperties();
    RaftConfigKeys.Rpc.setType(properties, new FabricRpcType());
    RaftServerConfigKeys.setStorageDir(properties, List.of(raft.toFile()));
    log(properties, config.segmentBytes());
    elections(properties, config.electionTimeout(), alone);
    // Never by Ratis: snapshots are taken without it, and Sweep says what is purged.
    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, false);
    // No request is ever sent twice, so nothing is asked of the cache.
    RaftServerConfigKeys.RetryCache.setExpiryTime(properties, time(Duration.ofSeconds(5)));
    return properties;
  }

  private static void log(RaftProperties properties, int segmentBytes) {
    RaftServerConfigKeys.Log.setCorruptionPolicy(properties, CorruptionPolicy.EXCEPTION);
    RaftServerConfigKeys.Log.setUnsafeFlushEnabled(properties, false);
    RaftServerConfigKeys.Log.setAsyncFlushEnabled(properties, false);
    // Followers are told what is committed; no entry is written for it.
    RaftServerConfigKeys.Log.setLogMetadataEnabled(properties, false);
    // Entries come one request at a time, so nothing is won by one more thread between.
    RaftServerConfigKeys.Log.setAppendEntriesComposeEnabled(properties, false);
    RaftServerConfigKeys.Log.setForceSyncNum(properties, 4096);
    RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SizeInBytes.valueOf(segmentBytes));
    RaftServerConfigKeys.Log.setPreallocatedSize(
        properties, SizeInBytes.valueOf(Math.min(segmentBytes, PREALLOCATED_BYTES_MAX)));
    RaftServerConfigKeys.Log.Appender.setBufferByteLimit(properties, ENTRY_BYTES_MAX);
    RaftServerConfigKeys.Log.setWriteBufferSize(properties, SizeInBytes.valueOf("8MB"));
    // Closed segments are cached on the heap; followers that lag read them from disk.
    RaftServerConfigKeys.Log.setSegmentCacheNumMax(properties, 2);
    RaftServerConfigKeys.Log.setSegmentCacheSizeMax(properties, SizeInBytes.valueOf("64MB"));
    RaftServerConfigKeys.Log.Appender.setSnapshotChunkSizeMax(
        properties, SizeInBytes.valueOf("1MB"));
    RaftServerConfigKeys.Log.setPurgeGap(properties, 1);
    RaftServerConfigKeys.Log.setPurgePreservationLogNum(properties, 0);
  }

  private static void elections(RaftProperties properties, Duration timeout, boolean alone) {
    RaftServerConfigKeys.Rpc.setTimeoutMin(properties, time(timeout));
    RaftServerConfigKeys.Rpc.setTimeoutMax(properties, time(timeout.multipliedBy(2)));
    // Alone nobody else could lead, so there is nobody to wait for. Others ask for votes sooner at
    // the start, when most likely nobody leads; where somebody does, the vote before the vote
    // fails.
    Duration first = alone ? Duration.ofMillis(5) : timeout.dividedBy(2);
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(properties, time(first));
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(properties, time(first.multipliedBy(2)));
    RaftServerConfigKeys.Rpc.setRequestTimeout(properties, time(timeout.multipliedBy(3)));
    RaftServerConfigKeys.LeaderElection.setPreVote(properties, true);
    RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(
        properties, time(STEP_DOWN_PAUSE));
    // By default Ratis closes for good after a pause of a minute; a woken node may go on.
    RaftServerConfigKeys.setCloseThreshold(properties, time(Duration.ofDays(3650)));
  }

  private static TimeDuration time(Duration duration) {
    return TimeDuration.valueOf(duration.toMillis(), TimeUnit.MILLISECONDS);
  }
}

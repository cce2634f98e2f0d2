package io.quire.ager;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.BlockReader;
import org.apache.hadoop.hdfs.DFSClient;
import org.apache.hadoop.hdfs.DFSInputStream;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.client.HdfsDataInputStream;
import org.apache.hadoop.hdfs.client.impl.BlockReaderFactory;
import org.apache.hadoop.hdfs.client.impl.DfsClientConf;
import org.apache.hadoop.hdfs.protocol.DatanodeInfo;
import org.apache.hadoop.hdfs.protocol.LocatedBlock;
import org.apache.hadoop.net.NetUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what lies side by side in a block of HDFS straight into places that lie apart, with one
 * request. A stream of Hadoop's client does that into one buffer only, from which everything would
 * be copied once more; this asks the nearest DataNode itself (decision 49).
 *
 * <p>It knows the plain case alone and leaves everything else to the stream: another replica, a
 * token that has expired, a file that has grown since, blocks that are striped or encrypted, reads
 * that the user wants hedged or short-circuited. After a failure it leaves all to the stream for
 * half a minute: in that time a DataNode that hangs is waited for here once. Any thread.
 */
final class HdfsScatter {
  private static final Logger log = LoggerFactory.getLogger(HdfsScatter.class);
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final DistributedFileSystem files;
  private volatile long pausedAt = System.nanoTime() - PAUSE_NANOS;

  HdfsScatter(DistributedFileSystem files) {
    this.files = files;
  }

  /**
   * Fills the segments, in order.
   *
   * @param in the file, opened
   * @return false if that was not done; what is in the segments then is anything
   */
  boolean read(Path path, FSDataInputStream in, long position, List<MemorySegment> into) {
    if (System.nanoTime() - pausedAt < PAUSE_NANOS) {
      return false;
    }
    long bytes = into.stream().mapToLong(MemorySegment::byteSize).sum();
    try {
      LocatedBlock block = blockOf(in, position, bytes);
      return block != null && read(path, block, position - block.getStartOffset(), bytes, into);
    } catch (IOException | RuntimeException e) {
      // The client throws all kinds of things for a failed request.
      log.debug("left to the client's stream: file={} offset={}", path, position, e);
      pausedAt = System.nanoTime();
      return false;
    }
  }

  /** The block in which all of it lies; null if there is none that can be read so. */
  private @Nullable LocatedBlock blockOf(FSDataInputStream in, long position, long bytes)
      throws IOException {
    if (!(in instanceof HdfsDataInputStream hdfs)
        || !(hdfs.getWrappedStream() instanceof DFSInputStream stream)
        || stream.getFileEncryptionInfo() != null) {
      return null;
    }
    for (LocatedBlock block : stream.getAllBlocks()) {
      long start = block.getStartOffset();
      if (start <= position && position + bytes <= start + block.getBlockSize()) {
        boolean plain = !block.isStriped() && !block.isCorrupt() && block.getLocations().length > 0;
        return plain ? block : null;
      }
    }
    return null;
  }

  private boolean read(
      Path path, LocatedBlock block, long offset, long bytes, List<MemorySegment> into)
      throws IOException {
    DFSClient client = files.getClient();
    DfsClientConf settings = client.getConf();
    if (settings.getShortCircuitConf().isShortCircuitLocalReads()
        || settings.getHedgedReadThreadpoolSize() > 0) {
      return false;
    }
    DatanodeInfo node = block.getLocations()[0];
    BlockReaderFactory request =
        new BlockReaderFactory(settings)
            .setConfiguration(files.getConf())
            .setClientName(client.getClientName())
            .setClientCacheContext(client.getClientContext())
            .setRemotePeerFactory(client)
            .setDatanodeInfo(node)
            .setInetSocketAddress(
                NetUtils.createSocketAddr(node.getXferAddr(settings.isConnectToDnViaHostname())))
            .setStorageType(block.getStorageTypes()[0])
            .setAllowShortCircuitLocalReads(false)
            .setCachingStrategy(client.getDefaultReadCachingStrategy())
            .setFileName(path.toUri().getPath())
            .setBlock(block.getBlock())
            .setBlockToken(block.getBlockToken())
            .setVerifyChecksum(false)
            .setStartOffset(offset)
            .setLength(bytes);
    try (BlockReader reader = request.build()) {
      for (MemorySegment each : into) {
        ByteBuffer buffer = each.asByteBuffer();
        while (buffer.hasRemaining()) {
          if (reader.read(buffer) < 0) {
            return false;
          }
        }
      }
      return true;
    }
  }
}

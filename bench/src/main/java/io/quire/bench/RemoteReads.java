package io.quire.bench;

import io.quire.datasets.Datasets;
import io.quire.datasets.ExtentSink;
import io.quire.datasets.LoadFunction;
import io.quire.node.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A dataset of one part, which therefore one node has, and its reading on another. Each extent has
 * its number in front, the rest is random.
 */
final class RemoteReads {
  private static final String FUNCTION = "bench-numbered";
  private static final String NAME = "/bench-remote";
  private static final Duration EACH = Duration.ofSeconds(30);

  private final Node node;
  private final Datasets datasets;

  RemoteReads(Node node) {
    this.node = node;
    datasets = node.datasets();
  }

  /** On every node, before it takes part. */
  static void register(Datasets datasets) {
    datasets.register(FUNCTION, (LoadFunction) RemoteReads::make);
  }

  private static void make(byte[] arguments, int part, int parts, ExtentSink sink) {
    ByteBuffer in = ByteBuffer.wrap(arguments);
    int extents = in.getInt();
    int bytes = in.getInt();
    for (int i = 0; i < extents; i++) {
      int number = i;
      sink.extent(i, 0, 1, bytes, segment -> fill(segment, number));
    }
  }

  private static void fill(MemorySegment segment, int number) {
    SplittableRandom random = new SplittableRandom(number);
    segment.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, number);
    for (long at = Long.BYTES; at + Long.BYTES <= segment.byteSize(); at += Long.BYTES) {
      segment.set(ValueLayout.JAVA_LONG_UNALIGNED, at, random.nextLong());
    }
  }

  Map<String, Double> load(Job job) {
    byte[] arguments =
        ByteBuffer.allocate(2 * Integer.BYTES).putInt(job.objects()).putInt(job.bytes()).array();
    datasets.load(
        NsHandle.ROOT,
        NAME,
        Lifetime.SESSION,
        new byte[0],
        FUNCTION,
        arguments,
        1,
        (_, _, _) -> {});
    return Map.of();
  }

  /** Nothing if the extents are here. */
  Map<String, Double> read(Job job) throws Exception {
    NsObject dataset = node.namespaces().lookup(NsHandle.ROOT, NAME).orElseThrow();
    if (datasets.descriptor(dataset).extents().getFirst().owner().equals(node.self().node())) {
      return Map.of();
    }
    long pulled = datasets.stats().bytesPulled();
    long allocated = allocatedBytes();
    double rate = Timed.rate(job, () -> once(dataset, job));
    double perByte =
        (double) (allocatedBytes() - allocated) / (datasets.stats().bytesPulled() - pulled);
    return Map.of(job.row(), rate, job.row() + "-heap", perByte);
  }

  private Timed.Achieved once(NsObject dataset, Job job) {
    long pulled = datasets.stats().bytesPulled();
    long begun = System.nanoTime();
    long[] seen = {0};
    datasets.read(
        dataset,
        bytes -> {
          long found = bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
          if (found != seen[0]) {
            throw new IllegalStateException("extent: found=" + found + " wanted=" + seen[0]);
          }
          seen[0]++;
        },
        EACH);
    Timed.Achieved achieved = Timed.Achieved.since(begun, job.totalBytes());
    pulled = datasets.stats().bytesPulled() - pulled;
    if (seen[0] != job.objects() || pulled != job.totalBytes()) {
      throw new IllegalStateException(
          "not all of it came from another node: extents=%d bytesPulled=%d"
              .formatted(seen[0], pulled));
    }
    return achieved;
  }

  private static long allocatedBytes() {
    return ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean threads
        ? threads.getTotalThreadAllocatedBytes()
        : 0;
  }
}

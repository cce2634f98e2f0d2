package io.quire.datasets;

import static io.quire.datasets.TestNodes.PATIENCE;
import static io.quire.datasets.TestNodes.until;
import static org.assertj.core.api.Assertions.assertThat;

import io.quire.datasets.TestNodes.Node;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * That the ager is told what will be read, and in which order: over twice as much as memory holds
 * it has to read less than without being told.
 */
@Timeout(120)
class DeclaredStreamsTest {
  private static final byte[] NOTHING = new byte[0];
  private static final int EXTENT_BYTES = 64 << 10;

  /** Two make an answer. */
  private static final int BATCH_BYTES = 2 << 10;

  private static final int EXTENTS = (int) (2 * TestNodes.MEMORY_BYTES / EXTENT_BYTES);

  private static TestNodes cluster;
  private static Node node;
  private static NsObject dataset;

  @BeforeAll
  static void load(@TempDir Path root) {
    cluster = new TestNodes(root, TestNodes.CONFIG.withSliceBytes(4 << 10), "a");
    node =
        cluster
            .start(
                datasets -> {
                  datasets.register("numbered", DeclaredStreamsTest::numbered);
                  datasets.register("number", new Number());
                })
            .getFirst();
    dataset =
        node.datasets.load(
            NsHandle.ROOT,
            "numbers",
            Lifetime.SESSION,
            NOTHING,
            "numbered",
            NOTHING,
            1,
            Progress.NONE);
  }

  @AfterAll
  static void close() {
    cluster.close();
  }

  private static void numbered(byte[] arguments, int part, int parts, ExtentSink sink) {
    for (int group = 0; group < EXTENTS; group++) {
      long number = group;
      sink.extent(
          group, 0, 1, EXTENT_BYTES, segment -> segment.setAtIndex(SumFunctions.LONG, 0, number));
    }
  }

  /** Gives the number of a group. */
  private static final class Number implements StreamFunction {
    @Override
    public int[] columns(byte[] arguments) {
      return new int[] {0};
    }

    @Override
    public Batch pick(
        byte[] arguments, long rows, MemorySegment[] columns, long from, int bytesMax) {
      long number = columns[0].getAtIndex(SumFunctions.LONG, 0);
      return new Batch(ByteBuffer.allocate(BATCH_BYTES).putLong(number).array(), 0);
    }
  }

  private static ScanStream stream(ScanOrder order) {
    return node.datasets.stream(dataset, "number", NOTHING, order, PATIENCE);
  }

  /** Reads up to as many batches, and notes the numbers. */
  private static boolean read(ScanStream stream, int batches, Set<Long> groups) {
    for (int i = 0; i < batches; i++) {
      var batch = stream.next();
      if (batch.isEmpty()) {
        return false;
      }
      assertThat(groups.add(ByteBuffer.wrap(batch.get().bytes()).getLong()))
          .as("each once")
          .isTrue();
    }
    return true;
  }

  /** What is read meanwhile, of all extents, where nothing else is read. */
  private static double readBy(Runnable task) {
    until("all is quiet", () -> node.ager.stats().pinnedBytes() == 0);
    long before = node.ager.stats().pageIns();
    task.run();
    return (double) (node.ager.stats().pageIns() - before) / EXTENTS;
  }

  @Test
  void ordered_againAndAgain_readsLittleMoreThanWhatMemoryDoesNotHold() {
    Runnable round =
        () -> {
          Set<Long> groups = new HashSet<>();
          try (ScanStream stream = stream(ScanOrder.ORDERED)) {
            assertThat(read(stream, EXTENTS, groups)).isTrue();
            assertThat(read(stream, 1, groups)).isFalse();
          }
        };
    round.run();
    // Whoever evicts what was used least recently reads all of it in each round.
    assertThat(readBy(() -> List.of(round, round, round).forEach(Runnable::run)) / 3)
        .isLessThan(0.7);
  }

  @Test
  void unordered_twoHalfWayApart_shareWhatIsRead() {
    double read =
        readBy(
            () -> {
              Set<Long> first = new HashSet<>();
              Set<Long> second = new HashSet<>();
              try (ScanStream one = stream(ScanOrder.UNORDERED)) {
                assertThat(read(one, EXTENTS / 2, first)).isTrue();
                try (ScanStream other = stream(ScanOrder.UNORDERED)) {
                  while (read(one, 1, first) | read(other, 1, second)) {
                    assertThat(first.size()).isLessThanOrEqualTo(EXTENTS);
                  }
                }
              }
              assertThat(first).hasSize(EXTENTS);
              assertThat(second).hasSize(EXTENTS);
            });
    // Both in order would read a little more than everything, as nothing is left for the second.
    assertThat(read).isLessThan(0.9);
  }
}

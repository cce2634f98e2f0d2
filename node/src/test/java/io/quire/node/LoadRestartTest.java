package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.datasets.Progress;
import io.quire.formats.Format;
import io.quire.formats.InputFile;
import io.quire.formats.ReadOptions;
import io.quire.formats.Sampling;
import io.quire.ns.Lifetime;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Reservation;
import io.quire.tables.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A table whose node ends while it is loaded. */
@Timeout(400)
class LoadRestartTest {
  private static final int ROWS = 150_000;
  private static final long SPLIT_BYTES = 4_000;

  /** Of a reservation of which finished parts were noted. */
  private static final int NOTED_BYTES = 1_000;

  /** Longer than from the beginning to the first note. */
  private static final long NOTED_WITHIN_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500);

  @TempDir private Path directory;

  private final AtomicLong kept = new AtomicLong();

  private Node open() {
    return Node.open(
        NodeConfig.load(null, List.of("memory=16MiB", "data=" + directory.resolve("data"))));
  }

  private NsObject load(Node node) {
    return load(node, () -> {});
  }

  /** Something is done after each part. */
  private NsObject load(Node node, Runnable afterEach) {
    List<InputFile> files = node.tables().inputs().find(List.of(directory + "/points.csv"));
    Schema schema = node.tables().inputs().infer(files, Format.Csv.DEFAULT, Sampling.DEFAULTS);
    kept.set(0);
    return node.tables()
        .load(
            NsHandle.ROOT,
            "/points",
            Lifetime.DURABLE,
            new Source.Files(files, Format.Csv.DEFAULT, SPLIT_BYTES),
            schema,
            ReadOptions.DEFAULTS,
            new Progress() {
              @Override
              public void made(long done, long total, long bytes) {
                assertThat(done).isLessThanOrEqualTo(total);
                if (done > total / 2) {
                  afterEach.run();
                }
              }

              @Override
              public void kept(long parts, long total, long bytes) {
                kept.set(parts);
              }
            });
  }

  private void endAmidALoad() {
    CountDownLatch ended = new CountDownLatch(1);
    try (Node node = open()) {
      long slow = System.nanoTime() + NOTED_WITHIN_NANOS;
      // What is finished is noted behind this, once in a second; then it hangs.
      Runnable hanging =
          () -> {
            while (noted(node) < NOTED_BYTES && System.nanoTime() - slow < 0) {
              LockSupport.parkNanos(2_000_000);
            }
            if (noted(node) >= NOTED_BYTES) {
              await(ended);
            }
          };
      CompletableFuture<NsObject> load =
          CompletableFuture.supplyAsync(() -> load(node, hanging), Thread::startVirtualThread);
      long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
      while (noted(node) < NOTED_BYTES) {
        assertThat(load).as("the load").isNotDone();
        assertThat(System.nanoTime() - deadline).as("in time: finished parts").isNegative();
        LockSupport.parkNanos(2_000_000);
      }
    } finally {
      ended.countDown();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static int noted(Node node) {
    return node.namespaces().reservations().stream()
        .map(Reservation::note)
        .mapToInt(note -> note.length)
        .max()
        .orElse(0);
  }

  @Test
  void load_thatBrokeOffWithItsNode_goesOn_unlessAFileChanged() throws IOException {
    StringBuilder text = new StringBuilder("id,points\n");
    for (int row = 0; row < ROWS; row++) {
      text.append(row).append(',').append(row % 100).append('\n');
    }
    Path file = Files.writeString(directory.resolve("points.csv"), text);
    endAmidALoad();
    try (Node node = open()) {
      assertThat(node.datasets().brokenLoads()).isEqualTo(1);
      NsObject table = load(node);
      assertThat(kept.get()).isPositive();
      assertThat(node.datasets().descriptor(table).rows()).isEqualTo(ROWS);
      assertThat(node.datasets().brokenLoads()).isZero();
      node.namespaces().delete(table);
    }
    endAmidALoad();
    Files.setLastModifiedTime(
        file,
        FileTime.from(Files.getLastModifiedTime(file).toInstant().plus(Duration.ofSeconds(5))));
    try (Node node = open()) {
      NsObject table = load(node);
      assertThat(kept.get()).as("the file is another one").isZero();
      assertThat(node.datasets().descriptor(table).rows()).isEqualTo(ROWS);
      assertThat(node.namespaces().reservations()).isEmpty();
    }
  }
}

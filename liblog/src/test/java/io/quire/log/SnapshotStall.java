package io.quire.log;

import io.quire.base.Log;
import io.quire.base.Log.Applied;
import io.quire.base.Log.Entry;
import io.quire.base.Log.Fence;
import io.quire.base.Log.Stream;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.log.TestCluster.Node;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Measures how long appends take while snapshots are written, and while not: one node on a real
 * disk, 16 appends of 100 bytes under way, a state of so many objects of 96 bytes. Phases of two
 * seconds take turns, so that a busy machine harms both alike. Not a test: run it by itself, with
 * the number of objects and of rounds as arguments.
 */
final class SnapshotStall {
  private static final long PHASE_NANOS = 2_000_000_000L;
  private static final long ASK_NANOS = 1_000_000L;
  private static final int UNDER_WAY = 16;

  private final List<Double> idle = new ArrayList<>();
  private final List<Double> busy = new ArrayList<>();

  private SnapshotStall() {}

  /** Objects that never change, captured as cells are: by reference. */
  private record Objects(byte[][] values) implements Log.Projection {
    static Objects of(int count) {
      byte[][] values = new byte[count][];
      Arrays.setAll(values, i -> new byte[96]);
      return new Objects(values);
    }

    @Override
    public Stream stream() {
      return Stream.LOCKS;
    }

    @Override
    public byte[] apply(long position, byte[] payload) {
      return payload;
    }

    @Override
    public void save(WireWriter out) {
      for (byte[] value : values) {
        out.bytes(value);
      }
    }

    @Override
    public Log.Capture capture() {
      return Log.Capture.later(this::save);
    }

    @Override
    public void restore(long position, WireReader in) {
      throw new UnsupportedOperationException("nothing is restored here");
    }
  }

  /** Prints one line. */
  public static void main(String[] arguments) throws Exception {
    int objects = Integer.parseInt(arguments[0]);
    int rounds = Integer.parseInt(arguments[1]);
    Path root = Files.createTempDirectory(Path.of("."), "snapshot-stall-");
    try (TestCluster cluster =
        new TestCluster(root, config -> config.withSnapshotEntries(Integer.MAX_VALUE / 2), "n1")) {
      Node node = cluster.open("n1");
      node.log.register(Objects.of(objects));
      node.start();
      cluster.leader();
      SnapshotStall stall = new SnapshotStall();
      stall.phase(node, false);
      for (int round = 0; round < rounds; round++) {
        stall.idle.add(stall.phase(node, false));
        stall.busy.add(stall.phase(node, true));
      }
      System.out.printf(
          "objects=%d rounds=%d appendP99Millis median without=%.2f with snapshots=%.2f%n",
          objects, rounds, median(stall.idle), median(stall.busy));
    } finally {
      TestCluster.wipe(root);
    }
  }

  private static double median(List<Double> of) {
    List<Double> sorted = new ArrayList<>(of);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }

  /** The 99th percentile of what appends took, in milliseconds. */
  private double phase(Node node, boolean snapshots) throws Exception {
    Entry entry = new Entry(Stream.of(Stream.USERS_FROM), Fence.NONE, new byte[100]);
    List<Long> took = new ArrayList<>();
    ArrayDeque<CompletableFuture<Long>> underWay = new ArrayDeque<>();
    while (!snapshots && writes(node)) {
      TestCluster.get(node.append(List.of(entry)).getFirst());
    }
    long end = System.nanoTime() + PHASE_NANOS;
    long ask = snapshots ? System.nanoTime() : Long.MAX_VALUE;
    while (System.nanoTime() < end) {
      if (System.nanoTime() > ask) {
        // Nothing happens while one is being written; so there always is one.
        node.loop.execute(node.log::saveAnew);
        ask = System.nanoTime() + ASK_NANOS;
      }
      while (underWay.size() < UNDER_WAY) {
        long begun = System.nanoTime();
        CompletableFuture<Applied> append = node.append(List.of(entry)).getFirst();
        underWay.add(append.thenApply(_ -> System.nanoTime() - begun));
      }
      took.add(TestCluster.get(underWay.remove()));
    }
    for (CompletableFuture<Long> last : underWay) {
      TestCluster.get(last);
    }
    Collections.sort(took);
    return took.get(took.size() * 99 / 100) / 1e6;
  }

  private static boolean writes(Node node) throws IOException {
    Path snapshots = node.directory().resolve("snapshots");
    if (!Files.exists(snapshots)) {
      return false;
    }
    try (DirectoryStream<Path> underWay = Files.newDirectoryStream(snapshots, "*.tmp")) {
      return underWay.iterator().hasNext();
    }
  }
}

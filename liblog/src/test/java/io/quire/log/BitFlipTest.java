package io.quire.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.log.TestCluster.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One bit of one byte of one file of a small log, in turn: it is found, or it is in what nobody
 * reads, and then nothing is different. {@code -Dquire.flip.step=1} takes every byte.
 */
@Timeout(1200)
class BitFlipTest {
  private static final int STEP = Integer.getInteger("quire.flip.step", 11);
  private static final long SEED = Long.getLong("quire.flip.seed", System.nanoTime());
  private static final List<String> NODES = List.of("n1");

  @TempDir Path root;

  @Test
  void anyBitOfAnyFile_isFoundOrChangesNothing() throws Exception {
    try (TestCluster cluster =
        new TestCluster(root, config -> config.withSnapshotEntries(3), "n1")) {
      Node node = cluster.start("n1").getFirst();
      for (int i = 0; i < 8; i++) {
        node.put("entry " + i);
      }
    }
    Path directory = root.resolve("n1");
    CrashedNode whole = CrashedNode.open(directory, "n1", NODES);
    assertThat(whole.texts()).hasSize(8);
    Random random = new Random(SEED);
    int flips = 0;
    int found = 0;
    for (Path file : files(directory)) {
      byte[] good = Files.readAllBytes(file);
      for (int at = random.nextInt(STEP); at < good.length; at += STEP) {
        Path copy = copy(directory);
        byte[] bad = good.clone();
        bad[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(copy.resolve(directory.relativize(file)), bad);
        flips++;
        String where = "replay: -Dquire.flip.seed=%d -Dquire.flip.step=%d file=%s at=%d";
        if (refused(copy, whole, where.formatted(SEED, STEP, file, at))) {
          found++;
          assertThat(file.getFileName().toString()).startsWith("log_");
        } else if (file.getFileName().toString().startsWith("log_")) {
          throw new AssertionError("not found: " + where.formatted(SEED, STEP, file, at));
        }
        TestCluster.wipe(copy);
      }
    }
    System.out.printf(
        "bit flips: %d, of them refused: %d, healed or read by nobody: %d%n",
        flips, found, flips - found);
    assertThat(found).isPositive();
  }

  private static boolean refused(Path directory, CrashedNode whole, String where)
      throws IOException {
    CrashedNode opened;
    try {
      opened = CrashedNode.open(directory, "n1", NODES);
    } catch (LogException e) {
      return true;
    } catch (AssertionError e) {
      assertThat(e.getMessage()).describedAs(where).startsWith("taken for damage");
      return true;
    }
    assertThat(opened.texts()).describedAs(where).isEqualTo(whole.texts());
    assertThat(opened.lastIndex()).describedAs(where).isEqualTo(whole.lastIndex());
    assertThat(opened.votedTerm()).describedAs(where).isEqualTo(whole.votedTerm());
    return false;
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private Path copy(Path directory) throws IOException {
    Path copy = root.resolve("copy");
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted().toList()) {
        Path target = copy.resolve(directory.relativize(path));
        if (Files.isDirectory(path)) {
          Files.createDirectory(target);
        } else {
          Files.copy(path, target);
        }
      }
    }
    return copy;
  }
}

package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.datasets.LoadOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More data than memory, twice, on the flash of real processes, one of which is killed. */
@Timeout(300)
final class ReplicasIT {
  private static final long MEMORY = 8 << 20;

  @Test
  void sessionDataset_afterKill9OfANode_isReadByTheOthersInFull() throws IOException {
    try (Workspace workspace = Workspace.open("replicas");
        Reaper reaper = Reaper.open()) {
      Path file = Files.write(workspace.path().resolve("lines.txt"), lines());
      byte[] wanted = Files.readAllBytes(file);
      assertThat(2L * wanted.length).isGreaterThan(3 * MEMORY);
      LocalCluster.Settings settings =
          new LocalCluster.Settings(3, MEMORY, List.of("flash"), "256m");
      try (LocalCluster cluster =
          LocalCluster.start(workspace.directory("cluster"), reaper, settings)) {
        LocalCluster.Worker first = cluster.workers().getFirst();
        first.client().loadLines(file, "/lines", "SESSION", LoadOptions.DEFAULTS.withReplicas(2));
        cluster.workers().get(1).process().kill9();
        for (LocalCluster.Worker worker : cluster.alive()) {
          try (InputStream bytes = worker.client().read("/lines")) {
            assertThat(bytes.readAllBytes()).as("read on %s", worker.name()).isEqualTo(wanted);
          }
        }
        assertThat(cluster.alive()).hasSize(2);
      }
    }
  }

  private static List<String> lines() {
    SplittableRandom random = new SplittableRandom(11);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 200_000; i++) {
      lines.add(Long.toString(random.nextLong(), 36).repeat(6));
    }
    return lines;
  }
}

package io.quire.bench;

import io.quire.harness.JavaCommand;
import io.quire.harness.LocalCluster;
import io.quire.harness.Reaper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Nodes of ours, each a JVM. Jobs go to the node that leads the log.
 *
 * @param memoryBytes that extents may take on each
 * @param more settings of each, in place of the defaults
 */
record QuireCluster(String name, int nodes, long memoryBytes, List<String> more)
    implements Contender {
  private static final long MEMORY = 16 << 20;

  /** With the defaults. */
  QuireCluster(String name, int nodes, long memoryBytes) {
    this(name, nodes, memoryBytes, List.of());
  }

  /** For what needs no extents. */
  QuireCluster(String name, int nodes) {
    this(name, nodes, MEMORY);
  }

  @Override
  public String settings() {
    return "%d nodes, %d MiB each, %s, mutual TLS 1.3; %s"
        .formatted(
            nodes,
            memoryBytes >> 20,
            more.isEmpty() ? "defaults" : String.join(" ", more),
            String.join(" ", Processes.JVM));
  }

  @Override
  public Running start(Path directory, Reaper reaper) {
    LocalCluster cluster =
        LocalCluster.start(
            directory,
            reaper,
            new LocalCluster.Settings(nodes, memoryBytes, List.of("flash"), "2g"),
            config ->
                JavaCommand.of(
                        NodeWorker.class.getName(),
                        Stream.concat(Stream.of(config.toString()), more.stream())
                            .toArray(String[]::new))
                    .withOptions(Processes.JVM.toArray(String[]::new))
                    .withClassPath(PeerClassPath.entries()));
    Group group =
        new Group(
            () -> {
              cluster.startAll();
              return cluster.workers().stream().map(LocalCluster.Worker::process).toList();
            });
    return new Running() {
      @Override
      public Map<String, Double> run(Job job) {
        return group.run(job);
      }

      @Override
      public void close() {
        group.close();
        cluster.close();
      }
    };
  }
}

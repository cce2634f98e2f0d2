package io.quire.bench;

import io.quire.base.Address;
import io.quire.harness.JavaCommand;
import io.quire.harness.LocalCluster;
import io.quire.harness.Reaper;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Nodes of ours, each a JVM. Jobs go to the node that leads the log. */
record QuireCluster(String name, int nodes) implements Contender {
  private static final Duration START = Duration.ofSeconds(120);
  private static final Duration LEADER = Duration.ofSeconds(60);
  private static final long MEMORY = 16 << 20;

  @Override
  public String settings() {
    return nodes + " nodes, defaults, mutual TLS 1.3; " + String.join(" ", Processes.JVM);
  }

  @Override
  public Running start(Path directory, Reaper reaper) {
    LocalCluster cluster =
        LocalCluster.start(
            directory,
            reaper,
            new LocalCluster.Settings(nodes, MEMORY, List.of("flash"), "2g"),
            config ->
                JavaCommand.of(NodeWorker.class.getName(), config.toString())
                    .withOptions(Processes.JVM.toArray(String[]::new))
                    .withClassPath(PeerClassPath.entries()));
    List<JobClient> clients =
        cluster.workers().stream()
            .map(worker -> worker.process().awaitLine(Worker.READY, START))
            .map(line -> new JobClient(Address.parse(line.substring(Worker.READY.length()))))
            .toList();
    return new Running() {
      @Override
      public Map<String, Double> run(Job job) {
        return Leaders.among(cluster.workers().getFirst().process(), clients, LEADER).run(job);
      }

      @Override
      public void close() {
        clients.forEach(JobClient::close);
        cluster.close();
      }
    };
  }
}

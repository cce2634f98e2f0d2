package io.quire.bench;

import io.quire.harness.HdfsProcesses;
import io.quire.harness.Reaper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One NameNode and one DataNode, and two processes that use them: our ager, and Hadoop's client
 * alone, which has the jobs whose variant begins with {@value #CLIENT}.
 */
record HdfsCluster(List<String> options) implements Contender {
  static final String CLIENT = "client";

  private static final List<String> SERVERS = List.of("-Xmx512m", "-XX:+UseSerialGC");

  @Override
  public String name() {
    return "hdfs";
  }

  @Override
  public String settings() {
    return "Hadoop 3.5.0, one NameNode, one DataNode, one copy; " + String.join(" ", SERVERS);
  }

  @Override
  public Running start(Path directory, Reaper reaper) throws Unavailable {
    HdfsProcesses hdfs = HdfsProcesses.start(directory, reaper, SERVERS);
    String store = hdfs.uri() + "/bench";
    Running ager = process("quire-ager-hdfs", Worker.System.QUIRE_AGER, store, directory, reaper);
    Running client = process("hdfs-client", Worker.System.HDFS_CLIENT, store, directory, reaper);
    return new Running() {
      @Override
      public Map<String, Double> run(Job job) {
        return (job.variant().startsWith(CLIENT) ? client : ager).run(job);
      }

      @Override
      public void close() {
        ager.close();
        client.close();
        hdfs.close();
      }
    };
  }

  private Running process(
      String name, Worker.System system, String store, Path directory, Reaper reaper)
      throws Unavailable {
    return Processes.of(name, system, 1, 1, settings())
        .withOptions(options)
        .with("store", store)
        .start(directory, reaper);
  }
}

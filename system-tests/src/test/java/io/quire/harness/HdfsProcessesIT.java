package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
class HdfsProcessesIT {
  private static final Duration LIMIT = Duration.ofSeconds(90);

  @Test
  void data_afterKillsAndRestartOfAll_isThere() throws IOException {
    byte[] bytes = new byte[3 << 20];
    new Random(7).nextBytes(bytes);
    try (Workspace workspace = Workspace.open("hdfs");
        Reaper reaper = Reaper.open()) {
      java.nio.file.Path directory = workspace.directory("hdfs");
      ChildProcess nameNode;
      ChildProcess dataNode;
      int port;
      try (HdfsProcesses hdfs = HdfsProcesses.start(directory, reaper);
          FileSystem client = client(hdfs)) {
        write(client, "/before", bytes);
        assertThat(reads(client, "/before", bytes)).isTrue();

        hdfs.killDataNode();
        hdfs.restartDataNode();
        awaitReads(client, "/before", bytes);

        hdfs.pauseDataNode();
        hdfs.resumeDataNode();
        write(client, "/after", bytes);

        hdfs.restartNameNode();
        awaitReads(client, "/after", bytes);
        nameNode = hdfs.nameNode();
        dataNode = hdfs.dataNode();
        port = hdfs.uri().getPort();
      }
      assertThat(nameNode.isAlive()).isFalse();
      assertThat(dataNode.isAlive()).isFalse();
      assertThat(Ports.isFree(port)).as("port %d is free", port).isTrue();

      try (HdfsProcesses again = HdfsProcesses.start(directory, reaper);
          FileSystem client = client(again)) {
        awaitReads(client, "/before", bytes);
        awaitReads(client, "/after", bytes);
      }
    }
  }

  @Test
  void start_withPortOfNameNodeTaken_failsWithoutWaiting() throws IOException {
    try (Workspace workspace = Workspace.open("hdfs");
        Reaper reaper = Reaper.open()) {
      java.nio.file.Path directory = workspace.path().resolve("hdfs");
      int port = HdfsSite.at(directory).rpcPort();
      try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.ofLiteral("127.0.0.1"))) {
        Deadline deadline = Deadline.in(LIMIT);

        assertThatThrownBy(() -> HdfsProcesses.start(directory, reaper))
            .isInstanceOf(ChildProcessException.class)
            .hasMessageContaining("name=namenode")
            .hasMessageContaining("BindException");

        assertThat(deadline.left()).isPositive();
        assertThat(reaper.alive()).isEmpty();
      }
    }
  }

  private static FileSystem client(HdfsProcesses hdfs) throws IOException {
    Configuration configuration = new Configuration();
    HdfsProcesses.clientSettings().forEach(configuration::set);
    configuration.set("dfs.client.block.write.locateFollowingBlock.retries", "10");
    return FileSystem.newInstance(hdfs.uri(), configuration);
  }

  private static void write(FileSystem client, String path, byte[] bytes) throws IOException {
    try (FSDataOutputStream out = client.create(new Path(path))) {
      out.write(bytes);
      out.hsync();
    }
  }

  /** The first call after a restart may meet the connection that died with the old process. */
  private static void awaitReads(FileSystem client, String path, byte[] bytes) {
    assertThat(Deadline.in(LIMIT).await(() -> reads(client, path, bytes))).as(path).isTrue();
  }

  private static boolean reads(FileSystem client, String path, byte[] bytes) {
    try (FSDataInputStream in = client.open(new Path(path))) {
      return Arrays.equals(in.readAllBytes(), bytes);
    } catch (IOException e) {
      return false;
    }
  }
}

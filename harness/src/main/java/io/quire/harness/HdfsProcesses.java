package io.quire.harness;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * HDFS with one NameNode and one DataNode, each a real process on the class path of this JVM. All
 * its files, logs included, are in one directory; opened there again after a stop or a crash, it
 * has the same data under the same address. Safe for use by many threads.
 */
public final class HdfsProcesses implements AutoCloseable {
  private static final String NAME_NODE = "org.apache.hadoop.hdfs.server.namenode.NameNode";
  private static final String DATA_NODE = "org.apache.hadoop.hdfs.server.datanode.DataNode";
  private static final Pattern OPERATIONAL = Pattern.compile("\"FSState\"\\s*:\\s*\"Operational\"");
  private static final Pattern ONE_LIVE = Pattern.compile("\"NumLiveDataNodes\"\\s*:\\s*1\\b");
  private static final List<String> LIGHT =
      List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

  /** On a machine that does much else a NameNode has taken a minute to open its web pages. */
  private static final Duration LIMIT = Duration.ofMinutes(3);

  private static final Duration GRACE = Duration.ofSeconds(5);

  private final HdfsSite site;
  private final Reaper reaper;
  private final List<String> options;
  private final Jmx nameNodeState;
  private ChildProcess nameNode;
  private ChildProcess dataNode;

  private HdfsProcesses(HdfsSite site, Reaper reaper, List<String> options) {
    this.site = site;
    this.reaper = reaper;
    this.options = List.copyOf(options);
    nameNodeState = Jmx.of(site.httpPort(), "Hadoop:service=NameNode,name=FSNamesystemState");
    nameNode = launch(NAME_NODE, "namenode");
    dataNode = launch(DATA_NODE, "datanode");
  }

  /**
   * Starts HDFS in a directory, formatting it if there is none yet, and waits at most 3 min until
   * it serves reads and writes.
   *
   * @throws ChildProcessException if it does not get there; what had started is killed
   */
  public static HdfsProcesses start(Path directory, Reaper reaper) {
    return start(directory, reaper, LIGHT);
  }

  /**
   * The same with other options of the JVMs; usually they are small and quick to start.
   *
   * @throws ChildProcessException as above
   */
  public static HdfsProcesses start(Path directory, Reaper reaper, List<String> options) {
    HdfsSite site = HdfsSite.at(directory);
    if (!site.formatted()) {
      format(site, reaper, options);
    }
    HdfsProcesses hdfs = new HdfsProcesses(site, reaper, options);
    try {
      hdfs.awaitReady();
      return hdfs;
    } catch (ChildProcessException e) {
      hdfs.nameNode.kill9();
      hdfs.dataNode.kill9();
      throw e;
    }
  }

  /** {@code hdfs://127.0.0.1:<port>}. */
  public URI uri() {
    return site.uri();
  }

  /** What a client should set: one copy of each block, and no wait of 400 ms when a file closes. */
  public static Map<String, String> clientSettings() {
    return Map.of(
        "dfs.replication",
        "1",
        "dfs.client.block.write.locateFollowingBlock.initial.delay.ms",
        "1");
  }

  /** The process that holds the names. */
  public synchronized ChildProcess nameNode() {
    return nameNode;
  }

  /** The process that holds the blocks. */
  public synchronized ChildProcess dataNode() {
    return dataNode;
  }

  /** Kills the DataNode with SIGKILL: data can be neither read nor written. */
  public void killDataNode() {
    dataNode().kill9();
  }

  /** Stops the DataNode in its tracks until {@link #resumeDataNode}: its clients wait. */
  public void pauseDataNode() {
    dataNode().pause();
  }

  /** Makes the DataNode slower by a hundred times until {@link #resumeDataNode}. */
  public void slowDataNode() {
    dataNode().slow();
  }

  /** Lets the DataNode run on. */
  public void resumeDataNode() {
    dataNode().resume();
  }

  /**
   * Kills the DataNode if it runs, starts it again on its data, and waits at most 3 min until it
   * serves them.
   */
  public void restartDataNode() {
    synchronized (this) {
      dataNode.kill9();
      dataNode = launch(DATA_NODE, "datanode");
    }
    awaitReady();
  }

  /** The same with the NameNode. */
  public void restartNameNode() {
    synchronized (this) {
      nameNode.kill9();
      nameNode = launch(NAME_NODE, "namenode");
    }
    awaitReady();
  }

  /** Kills both: nobody answers. */
  public void kill() {
    dataNode().kill9();
    nameNode().kill9();
  }

  /** Kills both if they run, starts them again on their data, and waits as {@link #start} does. */
  public void restart() {
    synchronized (this) {
      dataNode.kill9();
      nameNode.kill9();
      nameNode = launch(NAME_NODE, "namenode");
      dataNode = launch(DATA_NODE, "datanode");
    }
    awaitReady();
  }

  /** Ends both processes within some 10 s; the data stay. */
  @Override
  public void close() {
    dataNode().stop(GRACE);
    nameNode().stop(GRACE);
  }

  private void awaitReady() {
    ChildProcess names = nameNode();
    ChildProcess blocks = dataNode();
    Deadline deadline = Deadline.in(LIMIT);
    names.await(
        "a DataNode and the end of safe mode",
        () -> !blocks.isAlive() || nameNodeState.shows(OPERATIONAL, ONE_LIVE),
        deadline.left());
    // The NameNode believes in a DataNode it knew for 20 s: only its own word tells of a new one.
    blocks.awaitLine("Successfully sent block report", deadline.left());
  }

  private static void format(HdfsSite site, Reaper reaper, List<String> options) {
    JavaCommand format = command(site, options, NAME_NODE, "-format", "-force", "-nonInteractive");
    ChildProcess child = reaper.start(format.launch("namenode-format", site.root()));
    if (child.awaitExit(LIMIT) != 0) {
      throw new ChildProcessException(
          "HDFS not formatted: exitCode=%d log=%s"
              .formatted(child.exitCode().orElseThrow(), child.log()));
    }
  }

  private ChildProcess launch(String mainClass, String name) {
    return reaper.start(command(site, options, mainClass).launch(name, site.root()));
  }

  private static JavaCommand command(
      HdfsSite site, List<String> options, String mainClass, String... arguments) {
    Path configuration = site.configuration();
    return JavaCommand.of(mainClass, arguments)
        .withClassPath(configuration)
        .deafToInterrupts()
        .withOptions(options.toArray(String[]::new))
        .withOptions(
            "-Djava.io.tmpdir=" + site.temporary(),
            "-Dhadoop.log.dir=" + site.root(),
            "-Dlogback.configurationFile=" + configuration.resolve("logback.xml").toUri());
  }
}

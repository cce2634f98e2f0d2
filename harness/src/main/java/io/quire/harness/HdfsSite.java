package io.quire.harness;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * Where an HDFS lives: its directory with the configuration that its processes read, and its ports.
 * The ports are chosen once and kept beside the data, because the addresses of files carry them.
 */
record HdfsSite(Path root, int rpcPort, int httpPort, int dataPort, int dataHttpPort, int ipcPort) {
  private static final String HOST = "127.0.0.1:";

  // The one logs a thousand lines per start, the other misses a Log4j that we do not bring.
  private static final String LOGGING =
      """
      <configuration>
        <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
          <encoder><pattern>%d{ISO8601} %-5level %logger{0} %msg%n</pattern></encoder>
        </appender>
        <logger name="org.apache.hadoop.hdfs.server.datanode.fsdataset.impl" level="warn"/>
        <logger name="org.apache.hadoop.util.ShutdownHookManager" level="error"/>
        <root level="info"><appender-ref ref="out"/></root>
      </configuration>
      """;

  /** The site in that directory; a new one if there is none. */
  static HdfsSite at(Path root) {
    Path file = root.resolve("ports.properties");
    try {
      Files.createDirectories(root);
      Properties ports = new Properties();
      if (Files.exists(file)) {
        try (Reader reader = Files.newBufferedReader(file)) {
          ports.load(reader);
        }
      }
      HdfsSite site =
          new HdfsSite(
              root,
              port(ports, "rpc"),
              port(ports, "http"),
              port(ports, "data"),
              port(ports, "dataHttp"),
              port(ports, "ipc"));
      try (Writer writer = Files.newBufferedWriter(file)) {
        ports.store(writer, null);
      }
      site.writeConfiguration();
      return site;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot prepare HDFS: path=" + root, e);
    }
  }

  private static int port(Properties ports, String name) {
    return Integer.parseInt(
        (String) ports.computeIfAbsent(name, _ -> Integer.toString(Ports.take())));
  }

  URI uri() {
    return URI.create("hdfs://" + HOST + rpcPort);
  }

  Path configuration() {
    return root.resolve("conf");
  }

  Path temporary() {
    return root.resolve("tmp");
  }

  boolean formatted() {
    return Files.exists(root.resolve("name/current/VERSION"));
  }

  private void writeConfiguration() throws IOException {
    // The web applications in Hadoop's jar would be unpacked at each start, which takes up to 1 s.
    Files.createDirectories(configuration().resolve("webapps/hdfs"));
    Files.createDirectories(configuration().resolve("webapps/datanode"));
    Files.createDirectories(temporary());
    Map<String, String> core = new TreeMap<>();
    core.put("fs.defaultFS", uri().toString());
    core.put("hadoop.tmp.dir", temporary().toString());
    // The DataNode starts before its NameNode listens: it should not find out a second late.
    core.put("ipc.client.connect.retry.interval", "100");
    core.put("ipc.client.connect.max.retries", "100");
    writeXml("core-site.xml", core);
    Map<String, String> hdfs = new TreeMap<>();
    hdfs.put("dfs.replication", "1");
    hdfs.put("dfs.namenode.name.dir", root.resolve("name").toUri().toString());
    hdfs.put("dfs.datanode.data.dir", root.resolve("data").toUri().toString());
    hdfs.put("dfs.namenode.rpc-address", HOST + rpcPort);
    hdfs.put("dfs.namenode.http-address", HOST + httpPort);
    hdfs.put("dfs.datanode.address", HOST + dataPort);
    hdfs.put("dfs.datanode.http.address", HOST + dataHttpPort);
    hdfs.put("dfs.datanode.ipc.address", HOST + ipcPort);
    hdfs.put("dfs.namenode.datanode.registration.ip-hostname-check", "false");
    hdfs.put("dfs.namenode.safemode.extension", "0");
    // A dead DataNode is declared so after 2 rechecks and 10 heartbeats: 20 s, not 10 minutes.
    hdfs.put("dfs.heartbeat.interval", "1");
    hdfs.put("dfs.namenode.heartbeat.recheck-interval", "5000");
    writeXml("hdfs-site.xml", hdfs);
    Files.writeString(configuration().resolve("logback.xml"), LOGGING);
  }

  private void writeXml(String name, Map<String, String> settings) throws IOException {
    StringBuilder xml = new StringBuilder("<configuration>\n");
    settings.forEach(
        (key, value) ->
            xml.append("  <property><name>")
                .append(key)
                .append("</name><value>")
                .append(value.replace("&", "&amp;").replace("<", "&lt;"))
                .append("</value></property>\n"));
    Files.writeString(configuration().resolve(name), xml.append("</configuration>\n"));
  }
}

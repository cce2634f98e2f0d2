package io.quire.harness;

import java.net.URI;
import java.util.concurrent.CountDownLatch;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A process that writes to a file of HDFS, says so, and keeps it open until it is killed. */
final class LeftFile {
  static final String WRITTEN = "written";

  private LeftFile() {}

  /** The argument is the URI of the file. */
  public static void main(String[] args) throws Exception {
    Configuration configuration = new Configuration();
    configuration.set("dfs.replication", "1");
    URI uri = URI.create(args[0]);
    try (FileSystem files = FileSystem.newInstance(uri, configuration);
        FSDataOutputStream out = files.create(new Path(uri.getPath()))) {
      out.write(new byte[4096]);
      out.hflush();
      System.out.println(WRITTEN);
      new CountDownLatch(1).await();
    }
  }
}

package io.quire.ager;

import static org.assertj.core.api.Assertions.assertThat;

import io.quire.ager.ContainerMedium.AppendFile;
import io.quire.ager.ContainerMedium.ReadFile;
import io.quire.harness.HdfsProcesses;
import io.quire.harness.Reaper;
import io.quire.harness.Workspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests to a real DataNode, and when it is left to the client's own stream. */
@Timeout(300)
class HdfsScatterIT {
  private static final int BLOCK_BYTES = 1 << 20;
  private static final int BYTES = 5 * BLOCK_BYTES / 2;

  private static Workspace workspace;
  private static Reaper reaper;
  private static HdfsProcesses hdfs;
  private static byte[] content;

  @BeforeAll
  static void start() {
    workspace = Workspace.open("hdfs-scatter");
    reaper = Reaper.open();
    hdfs = HdfsProcesses.start(workspace.directory("hdfs"), reaper);
    content = new byte[BYTES];
    new SplittableRandom(3).nextBytes(content);
  }

  @AfterAll
  static void stop() {
    try (Workspace _ = workspace;
        Reaper _ = reaper;
        HdfsProcesses _ = hdfs) {
      // To close them is all there is to do.
    }
  }

  /** Of files with blocks of 1 MiB. */
  private static FileSystem connect(String... more) throws IOException {
    Map<String, String> settings = new HashMap<>(HdfsProcesses.clientSettings());
    settings.put("dfs.blocksize", Integer.toString(BLOCK_BYTES));
    settings.put("dfs.client.socket-timeout", "1000");
    for (int i = 0; i < more.length; i += 2) {
      settings.put(more[i], more[i + 1]);
    }
    return HadoopStore.connect(new StoreConfig(root(), 1L << 30, false, settings));
  }

  private static URI root() {
    return URI.create(hdfs.uri() + "/scatter");
  }

  private static HadoopMedium medium(FileSystem files) {
    return new HadoopMedium(files, new Path(root()), false);
  }

  private static AppendFile append(HadoopMedium medium, String file, int from, int to)
      throws IOException {
    AppendFile out = medium.create(file);
    out.append(MemorySegment.ofArray(content).asSlice(from, to - from));
    out.sync();
    return out;
  }

  /** Whether it was read so; if it was, it is compared with what was written. */
  private static boolean scatter(ReadFile in, int position, int... lengths) {
    try (Arena arena = Arena.ofConfined()) {
      List<MemorySegment> into = new ArrayList<>();
      for (int i = 0; i < lengths.length; i++) {
        into.add(
            i % 2 == 0 ? MemorySegment.ofArray(new byte[lengths[i]]) : arena.allocate(lengths[i]));
      }
      if (!in.scatter(position, into)) {
        return false;
      }
      long at = position;
      for (MemorySegment each : into) {
        MemorySegment written = MemorySegment.ofArray(content).asSlice(at, each.byteSize());
        assertThat(each.mismatch(written)).isEqualTo(-1);
        at += each.byteSize();
      }
      return true;
    }
  }

  @Test
  void placesApart_areFilledFromOneBlock() throws IOException {
    try (FileSystem files = connect()) {
      HadoopMedium medium = medium(files);
      append(medium, "whole", 0, BYTES).close();
      try (ReadFile in = medium.openUnchecked("whole")) {
        for (int i = 0; i < 20; i++) {
          assertThat(scatter(in, 4096 * i, 4096, 100_000 + i, 4096, 200_000)).isTrue();
        }
        assertThat(scatter(in, BLOCK_BYTES, 4096, BLOCK_BYTES - 4096)).isTrue();
        assertThat(scatter(in, BYTES - 5000, 904, 4096)).isTrue();
        assertThat(scatter(in, BLOCK_BYTES - 4096, 4096, 1)).as("over two blocks").isFalse();
        assertThat(scatter(in, BYTES - 4096, 4096, 1)).as("over the end").isFalse();
      }
    }
  }

  @Test
  void fileThatIsStillWritten_isReadAsFarAsItWasThenAndNoFurther() throws IOException {
    try (FileSystem files = connect()) {
      HadoopMedium medium = medium(files);
      try (AppendFile out = append(medium, "growing", 0, 300 * 4096);
          ReadFile in = medium.openUnchecked("growing")) {
        assertThat(scatter(in, BLOCK_BYTES, 4096, 4096)).isTrue();
        out.append(MemorySegment.ofArray(content).asSlice(300 * 4096, 4096));
        out.sync();
        assertThat(scatter(in, 299 * 4096, 4096, 4096)).as("has grown since").isFalse();
        try (ReadFile again = medium.openUnchecked("growing")) {
          assertThat(scatter(again, 299 * 4096, 4096, 4096)).isTrue();
        }
      }
    }
  }

  @Test
  void readsThatAreToBeHedged_areLeftToTheClient() throws IOException {
    try (FileSystem files = connect("dfs.client.hedged.read.threadpool.size", "2")) {
      HadoopMedium medium = medium(files);
      append(medium, "hedged", 0, 8192).close();
      try (ReadFile in = medium.openUnchecked("hedged")) {
        assertThat(scatter(in, 0, 4096, 4096)).isFalse();
      }
    }
  }

  @Test
  void dataNodeThatStandsStill_isAskedOnceAndThenLeftToTheClient() throws IOException {
    try (FileSystem files = connect()) {
      HadoopMedium medium = medium(files);
      append(medium, "still", 0, 8192).close();
      try (ReadFile in = medium.openUnchecked("still")) {
        assertThat(scatter(in, 0, 4096, 4096)).isTrue();
        hdfs.pauseDataNode();
        try {
          assertThat(scatter(in, 0, 4096, 4096)).isFalse();
        } finally {
          hdfs.resumeDataNode();
        }
        assertThat(scatter(in, 0, 4096, 4096)).as("soon after a failure").isFalse();
        byte[] all = new byte[8192];
        in.read(0, MemorySegment.ofArray(all));
        assertThat(all).isEqualTo(Arrays.copyOf(content, all.length));
      }
    }
  }
}

package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The main job with real processes, real HDFS and kill -9, small; every check of the demo counts.
 */
@Timeout(600)
final class DemoIT {
  @TempDir private Path directory;

  @Test
  void demo_withTpchOnFlashAndHdfs_holdsEveryCheck() throws Exception {
    var report = run(new DemoOptions(0.1, 3, 0, List.of("flash", "hdfs"), null, false));
    assertThat((Double) report.get("times_memory")).isGreaterThan(2.5);
    assertThat((Long) report.get("paged_out_flash")).isPositive();
    assertThat((Long) report.get("paged_in_hdfs")).isPositive();
  }

  @Test
  void demo_withFileOnFlashAlone_holdsEveryCheck() throws Exception {
    Path file = directory.resolve("lines.txt");
    SplittableRandom random = new SplittableRandom(7);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 400_000; i++) {
      lines.add(Long.toString(random.nextLong(), 36).repeat(random.nextInt(1, 9)));
    }
    Files.write(file, lines);
    var report = run(new DemoOptions(0.1, 3, 0, List.of("flash"), file, false));
    assertThat((Long) report.get("data_bytes")).isEqualTo(Files.size(file));
  }

  private static Map<String, Object> run(DemoOptions options) throws Exception {
    ByteArrayOutputStream shown = new ByteArrayOutputStream();
    Screen screen = new Screen(new PrintStream(shown, true, StandardCharsets.UTF_8), false);
    try (Demo demo = new Demo(options, screen)) {
      try {
        demo.run().close();
      } catch (CheckFailed | ChildProcessException e) {
        demo.keepFiles("a check failed");
        throw new AssertionError(shown.toString(StandardCharsets.UTF_8), e);
      }
      return demo.report().json(null);
    } finally {
      assertThat(shown.toString(StandardCharsets.UTF_8)).contains("kill -9");
    }
  }
}
